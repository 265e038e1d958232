#pragma once
#include "graph/graph.h"

namespace broach {

// A pad of spatial axes with what the window that reads it takes for padding becomes the window's own: zeros before convolutions and average
// pools, minus infinity (or zeros, where the input is never negative) before maximum pools.
bool merge_pads(Graph& graph);

}  // namespace broach
