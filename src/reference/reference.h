#pragma once
// Every operator once more, as plain loops in double written from its description: what compiled code is compared with. Nothing here
// shares code with the compiler's own lowering.
//
// Float tensors are doubles between operators, and results are never rounded to the model's types; integers wrap as theirs do.
#include "graph/graph.h"

namespace broach {

// Results of one node: f64 for all float types, else the node's own type. Inputs may be of either; absent ones are empty Constants.
std::vector<Constant> reference(const Node& node, const std::vector<Constant>& inputs);

// Outputs of a whole graph for its inputs, in order. `observer`, if given, sees the results of every node as they are made.
// Values are dropped after their last use.
std::vector<Constant> reference_graph(const Graph& graph, const std::vector<Constant>& inputs,
                                      const std::function<void(const Node&, const std::vector<Constant>& results)>& observer = {});

}  // namespace broach
