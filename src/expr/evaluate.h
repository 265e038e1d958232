#pragma once
// The meaning of every operator on scalars: what constant folding, the loop interpreter and the tests compute with.
#include <vector>

#include "expr/expr.h"

namespace broach {

// A value of any dtype, which its user knows: ints and booleans in `i` (wrapped to their width; u64 as the same bits),
// floats in `f` (rounded to their type).
struct Scalar {
  int64_t i = 0;
  double f = 0;
};

// One operator on scalars by the semantics of expr.h. `operand` is the dtype of the operands (select: of its arms), `result`
// that of the value. Beyond expr.h: f16 and bf16 round once per operator from double; shifts by the width or more leave zero
// (or the sign); NaN casts to int 0; min and max take -0 for less than 0. Throws InternalError for leaves, loads, reads and operators that change lanes.
Scalar apply_operator(Op op, DType operand, DType result, const Scalar* operands);

// reduce_*: while more than one lane is left, the upper half (the smaller one of an odd number) is folded onto the lower.
Scalar reduce_lanes(Op op, DType dtype, std::vector<Scalar> lanes);

// Conversion of literals: value rounded or wrapped to the dtype.
Scalar make_scalar(double value, DType dtype);
Scalar make_scalar(int64_t value, DType dtype);
Expr make_const(const Scalar& value, DType dtype);

}  // namespace broach
