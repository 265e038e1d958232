#pragma once
#include "graph/graph.h"

namespace broach {

// Gives equal computations one form, without changing any result: constants on the right of commutative operators, subtraction of a
// constant as addition, division by a power of two as multiplication, clips and relus joined, pools over everything as
// reductions, operands without their expand.
bool canonicalize(Graph& graph);

}  // namespace broach
