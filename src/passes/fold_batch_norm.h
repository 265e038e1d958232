#pragma once
#include "graph/graph.h"

namespace broach {

// Puts factors and terms per output channel into the weights and bias of the convolution (or the weights of the matrix product) that they
// follow: batch_norm, mul, div, add, sub with constants. A batch_norm that follows none becomes a mul and an add. New constants
// are formed in double.
bool fold_batch_norm(Graph& graph);

}  // namespace broach
