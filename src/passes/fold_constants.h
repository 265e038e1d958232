#pragma once
#include "graph/op_def.h"

namespace broach {

// Computes nodes whose inputs are all constant. What would be larger than 1 GiB, or than 8 GiB together, is left to be computed at
// run time.
bool fold_constants(Graph& graph, const ConstantEvaluator& evaluate);

}  // namespace broach
