#include "codegen/llvm/convert.h"

namespace broach {
namespace {

using llvm::Value;

// Integer and float views of f32 values, with constants splatted to the lanes at hand.
struct Bits {
  llvm::IRBuilder<>& b;
  Value* like;

  llvm::Type* i32() const { return with_lanes_of(b.getInt32Ty(), like); }
  llvm::Type* f32() const { return with_lanes_of(b.getFloatTy(), like); }
  Value* constant(uint32_t value) const { return llvm::ConstantInt::get(i32(), value); }
  Value* to_int(Value* value) const { return b.CreateBitCast(value, i32()); }
  Value* to_float(Value* value) const { return b.CreateBitCast(value, f32()); }
  Value* to_i16(Value* value) const { return b.CreateTrunc(value, with_lanes_of(b.getInt16Ty(), like)); }
};

// The exponent's bias is changed by a multiplication, which also makes subnormals normal.
Value* widen_f16(KernelState& state, Value* bits) {
  llvm::IRBuilder<>& b = state.builder;
  if (state.half_hardware) return b.CreateFPExt(b.CreateBitCast(bits, with_lanes_of(b.getHalfTy(), bits)), with_lanes_of(b.getFloatTy(), bits));
  Bits x{b, bits};
  Value* wide = b.CreateZExt(bits, x.i32());
  Value* magnitude = b.CreateAnd(wide, x.constant(0x7fff));
  Value* shifted = b.CreateShl(magnitude, x.constant(13));
  Value* finite = x.to_int(b.CreateFMul(x.to_float(shifted), llvm::ConstantFP::get(x.f32(), 0x1p112)));
  Value* special = b.CreateOr(shifted, x.constant(0x7f800000));
  Value* result = b.CreateSelect(b.CreateICmpUGT(magnitude, x.constant(0x7bff)), special, finite);
  return x.to_float(b.CreateOr(result, b.CreateShl(b.CreateAnd(wide, x.constant(0x8000)), x.constant(16))));
}

// Subnormals: adding 0.5 puts the rounded significand into the low bits. Normals: half an ulp less one, plus the last kept bit, is added.
Value* narrow_f16(KernelState& state, Value* value) {
  llvm::IRBuilder<>& b = state.builder;
  if (state.half_hardware) return b.CreateBitCast(b.CreateFPTrunc(value, with_lanes_of(b.getHalfTy(), value)), with_lanes_of(b.getInt16Ty(), value));
  Bits x{b, value};
  Value* bits = x.to_int(value);
  Value* magnitude = b.CreateAnd(bits, x.constant(0x7fffffff));
  Value* is_nan = b.CreateICmpUGT(magnitude, x.constant(0x7f800000));
  Value* special = b.CreateSelect(is_nan, x.constant(0x7e00), x.constant(0x7c00));
  Value* half = llvm::ConstantFP::get(x.f32(), 0.5);
  Value* subnormal = b.CreateSub(x.to_int(b.CreateFAdd(x.to_float(magnitude), half)), x.constant(126u << 23));
  Value* odd = b.CreateAnd(b.CreateLShr(magnitude, x.constant(13)), x.constant(1));
  Value* rounded = b.CreateAdd(b.CreateAdd(magnitude, x.constant(0xc8000fffu)), odd);
  Value* normal = b.CreateLShr(rounded, x.constant(13));
  Value* result = b.CreateSelect(b.CreateICmpULT(magnitude, x.constant(0x38800000)), subnormal, normal);
  result = b.CreateSelect(b.CreateICmpUGE(magnitude, x.constant(0x47800000)), special, result);
  return x.to_i16(b.CreateOr(result, b.CreateAnd(b.CreateLShr(bits, x.constant(16)), x.constant(0x8000))));
}

Value* widen_bf16(KernelState& state, Value* bits) {
  Bits x{state.builder, bits};
  return x.to_float(state.builder.CreateShl(state.builder.CreateZExt(bits, x.i32()), x.constant(16)));
}

Value* narrow_bf16(KernelState& state, Value* value) {
  llvm::IRBuilder<>& b = state.builder;
  Bits x{b, value};
  Value* bits = x.to_int(value);
  Value* top = b.CreateLShr(bits, x.constant(16));
  Value* odd = b.CreateAnd(top, x.constant(1));
  Value* rounded = b.CreateLShr(b.CreateAdd(b.CreateAdd(bits, x.constant(0x7fff)), odd), x.constant(16));
  Value* quiet = b.CreateOr(top, x.constant(0x40));
  return x.to_i16(b.CreateSelect(b.CreateFCmpUNO(value, value), quiet, rounded));
}

// f64 to f32 rounded to odd (towards zero, the last bit set where inexact): rounding that to fewer bits rounds the f64 once.
Value* narrow_to_odd(KernelState& state, Value* value) {
  llvm::IRBuilder<>& b = state.builder;
  Bits x{b, value};
  Value* nearest = b.CreateFPTrunc(value, x.f32());
  Value* back = b.CreateFPExt(nearest, value->getType());
  Value* inexact = b.CreateFCmpONE(back, value);
  Value* beyond = b.CreateFCmpOGT(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, back), b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value));
  Value* bits = x.to_int(nearest);
  Value* towards_zero = b.CreateSub(bits, b.CreateZExt(beyond, x.i32()));
  return x.to_float(b.CreateSelect(inexact, b.CreateOr(towards_zero, x.constant(1)), bits));
}

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

Value* float_to_int(KernelState& state, Value* value, DType to) {
  llvm::IRBuilder<>& b = state.builder;
  if (to == DType::boolean) return b.CreateFCmpUNE(value, llvm::ConstantFP::get(value->getType(), 0));
  llvm::Type* type = with_lanes_of(b.getIntNTy(info(to).bits), value);
  auto intrinsic = is_signed_int(to) ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  return b.CreateIntrinsic(intrinsic, {type, value->getType()}, llvm::ArrayRef<Value*>{value});
}

Value* int_to_float(KernelState& state, Value* value, DType from, llvm::Type* scalar) {
  llvm::Type* type = with_lanes_of(scalar, value);
  return is_signed_int(from) ? state.builder.CreateSIToFP(value, type) : state.builder.CreateUIToFP(value, type);
}

Value* int_to_int(KernelState& state, Value* value, DType from, DType to) {
  llvm::IRBuilder<>& b = state.builder;
  if (to == DType::boolean) return b.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
  llvm::Type* type = with_lanes_of(b.getIntNTy(info(to).bits), value);
  return is_signed_int(from) ? b.CreateSExtOrTrunc(value, type) : b.CreateZExtOrTrunc(value, type);
}

Value* to_half(KernelState& state, Value* value, DType from, DType to) {
  if (is_half(from)) return narrow_half(state, widen_half(state, value, from), to);
  if (from == DType::f32) return narrow_half(state, value, to);
  // f64 holds every int of up to 53 bits.
  Value* wide = from == DType::f64 ? value : int_to_float(state, value, from, state.builder.getDoubleTy());
  return narrow_half(state, narrow_to_odd(state, wide), to);
}

}  // namespace

Value* widen_half(KernelState& state, Value* bits, DType dtype) { return dtype == DType::f16 ? widen_f16(state, bits) : widen_bf16(state, bits); }

Value* narrow_half(KernelState& state, Value* value, DType dtype) {
  return dtype == DType::f16 ? narrow_f16(state, value) : narrow_bf16(state, value);
}

Value* emit_cast(KernelState& state, Value* value, DType from, DType to) {
  if (from == to) return value;
  if (is_half(to)) return to_half(state, value, from, to);
  if (is_half(from)) return emit_cast(state, widen_half(state, value, from), DType::f32, to);
  if (!is_float(from) && !is_float(to)) return int_to_int(state, value, from, to);
  if (!is_float(to)) return float_to_int(state, value, to);
  llvm::Type* scalar = to == DType::f64 ? state.builder.getDoubleTy() : state.builder.getFloatTy();
  if (!is_float(from)) return int_to_float(state, value, from, scalar);
  llvm::Type* type = with_lanes_of(scalar, value);
  return to == DType::f64 ? state.builder.CreateFPExt(value, type) : state.builder.CreateFPTrunc(value, type);
}

}  // namespace broach
