#pragma once
#include "graph/graph.h"

namespace broach {

// Removes nodes that give their input back, and joins pairs that move elements twice: reshapes, transposes, casts that lose nothing.
bool remove_identities(Graph& graph);

}  // namespace broach
