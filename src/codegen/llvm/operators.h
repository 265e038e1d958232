#pragma once
// Operators on LLVM values, by the semantics of expr.h.
#include "codegen/llvm/kernel_state.h"

namespace broach {

// One operator that works lane by lane, but cast, bitcast and select. `operand` is the dtype of the operands. wraps: false promises
// that signed integers do not overflow (index arithmetic).
llvm::Value* emit_operator(KernelState& state, Op op, DType operand, llvm::ArrayRef<llvm::Value*> args, bool wraps);

// reduce_*: the upper half of the lanes (the smaller one of an odd number) is folded onto the lower until one is left.
llvm::Value* emit_reduction(KernelState& state, Op op, DType dtype, llvm::Value* vector);

}  // namespace broach
