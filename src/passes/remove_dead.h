#pragma once
#include "graph/graph.h"

namespace broach {

// Removes nodes and constants that no output needs; inputs stay.
bool remove_dead(Graph& graph);

}  // namespace broach
