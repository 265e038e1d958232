#pragma once
#include "graph/op_def.h"

namespace broach {

// Computes nodes whose inputs are all constant. A result larger than 1 GiB, or than its inputs by more than 64 MiB (but for the
// filling of a shape, as models without weights have it), is left to be computed at run time, and so is what makes constants grow by
// more than 2 GiB together.
bool fold_constants(Graph& graph, const ConstantEvaluator& evaluate);

}  // namespace broach
