#pragma once
#include "graph/graph.h"

namespace broach {

// Channel shuffles (reshape, transpose, reshape) and slices of channels become gather_channels: readers that take channels one by one
// (dense convolutions) follow its table, so nothing moves. True: the graph changed.
bool route_channels(Graph& graph);

// gather_channels of gather_channels is one, from the first input. True: the node's inputs changed.
bool compose_gathers(Graph& graph, Node& node);

// A concatenation of blocked values whose parts do not end with full blocks, or are gathered themselves, written as gather_channels of
// join_channels of what the parts are gathered from. Null: not of that form. The node stays, unused.
Value* join_concat(Graph& graph, Node& node);

}  // namespace broach
