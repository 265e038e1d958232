#pragma once
#include "graph/op_def.h"

namespace broach {

// Computes one node by the loop interpreter: exact in the operator's own types, slow. For small constants: shapes, axes, indices.
// Throws Error for an operator without tensor expressions.
std::vector<Constant> evaluate_node(const Node& node, const std::vector<Constant>& inputs);

}  // namespace broach
