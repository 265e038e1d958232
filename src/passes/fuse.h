#pragma once
#include "graph/graph.h"

namespace broach {

// Nodes that become one kernel: an anchor and the elementwise nodes that follow it. Convex: no path leaves the group and comes back.
struct FusionGroup {
  std::vector<Node*> nodes;     // in topological order
  std::vector<Value*> inputs;   // distinct values from outside, in order of first use
  std::vector<Value*> outputs;  // values used outside
  Origin origin() const;
};

// Covers the graph's nodes except views (reshape of a row-major value), groups in an order in which they can run, each of at most
// `most_nodes` nodes. Deterministic.
std::vector<FusionGroup> fuse(const Graph& graph, size_t most_nodes = SIZE_MAX);

// True if the node's output is the same memory as its first input: a reshape of row-major data, a change of layout that changes nothing.
bool is_alias(const Node& node);
// True if the operator gives every element from the elements at the same place of its inputs (broadcast apart).
bool is_elementwise(const Node& node);

}  // namespace broach
