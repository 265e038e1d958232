#pragma once
// Conversions between dtypes, for values as kernel_state.h describes them.
#include "codegen/llvm/kernel_state.h"

namespace broach {

// f16 and bf16 bits to f32; exact.
llvm::Value* widen_half(KernelState& state, llvm::Value* bits, DType dtype);
// f32 to f16 or bf16 bits, to nearest even.
llvm::Value* narrow_half(KernelState& state, llvm::Value* value, DType dtype);
// Op::cast.
llvm::Value* emit_cast(KernelState& state, llvm::Value* value, DType from, DType to);

}  // namespace broach
