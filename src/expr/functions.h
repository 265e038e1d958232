#pragma once
// Elementary functions as compositions of basic operations, so that vector code needs no library. f32 only; f64 goes to
// libm (double results are wanted exactly there), f16 and bf16 are computed in f32.
//
// Largest error in ULP against double precision, measured over all 2^32 floats: exp 0.90, log 0.94, erf 1.11, cosh 1.35,
// tanh 1.41, sinh 1.62, sigmoid 2.41. NaN, infinities, signed zeros, overflow to infinity and underflow to zero come out right;
// subnormal arguments and results are held to the same bounds (where the processor flushes subnormals, they are zero). Results near the
// overflow limit are finite exactly as long as the rounded true value is. The numbers hold whether mul followed by add is contracted or not.
#include "expr/expr.h"

namespace broach {

bool has_expansion(Op op, DType dtype);  // exp, log, tanh, sigmoid, erf, sinh, cosh of f32; sin, cos and others have none

// The expansion of one elementary function of f32 (any lanes). The argument occurs many times in it, as one shared node: bind
// it to a variable before printing or walking the result as a tree.
Expr expand_function(const Expr& call);

}  // namespace broach
