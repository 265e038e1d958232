#include "codegen/llvm/operators.h"

#include <llvm/IR/Module.h>

#include "codegen/llvm/convert.h"

namespace broach {
namespace {

using llvm::ArrayRef;
using llvm::Intrinsic::ID;
using llvm::Value;

Value* constant_like(Value* like, double value) { return llvm::ConstantFP::get(like->getType(), value); }
Value* int_like(Value* like, int64_t value) { return llvm::ConstantInt::get(like->getType(), uint64_t(value), true); }

// --- floats (f32 and f64) ---

ID intrinsic_of(Op op) {
  switch (op) {
#define BROACH_INTRINSIC(name, intrinsic) \
  case Op::name: return llvm::Intrinsic::intrinsic;
#define BROACH_LIBM(name, text)
#include "codegen/llvm/intrinsics.def"
    default: return llvm::Intrinsic::not_intrinsic;
  }
}

const char* libm_name(Op op) {
  switch (op) {
#define BROACH_INTRINSIC(name, intrinsic)
#define BROACH_LIBM(name, text) \
  case Op::name: return text;
#include "codegen/llvm/intrinsics.def"
    default: return nullptr;
  }
}

Value* call_libm(KernelState& state, const char* name, ArrayRef<Value*> args) {
  llvm::IRBuilder<>& b = state.builder;
  llvm::Type* scalar = args[0]->getType()->getScalarType();
  std::vector<llvm::Type*> types(args.size(), scalar);
  std::string symbol = std::string(name) + (scalar->isFloatTy() ? "f" : "");
  llvm::FunctionCallee callee = state.function()->getParent()->getOrInsertFunction(symbol, llvm::FunctionType::get(scalar, types, false));
  auto* function = llvm::cast<llvm::Function>(callee.getCallee());
  function->setDoesNotThrow();
  function->setDoesNotAccessMemory();
  if (lanes_of(args[0]) == 1) return b.CreateCall(callee, args);
  Value* result = llvm::PoisonValue::get(args[0]->getType());
  for (int lane = 0; lane < lanes_of(args[0]); ++lane) {
    std::vector<Value*> scalars;
    for (Value* arg : args) scalars.push_back(b.CreateExtractElement(arg, uint64_t(lane)));
    result = b.CreateInsertElement(result, b.CreateCall(callee, scalars), uint64_t(lane));
  }
  return result;
}

// The sign of zero is free in min and max (nsz). On x86, maximum(x, constant) is then a single vmaxps with the constant as its first
// operand: vmaxps gives its second operand where either is NaN. Two variables cost a comparison and a blend more.
Value* emit_intrinsic(KernelState& state, Op op, ArrayRef<Value*> args) {
  llvm::CallInst* call = state.builder.CreateIntrinsic(intrinsic_of(op), {args[0]->getType()}, args);
  if (op == Op::min || op == Op::max) call->setHasNoSignedZeros(true);
  return call;
}

Value* emit_fma(KernelState& state, ArrayRef<Value*> args) {
  ID id = state.target.fma ? llvm::Intrinsic::fma : llvm::Intrinsic::fmuladd;
  return state.builder.CreateIntrinsic(id, {args[0]->getType()}, args);
}

Value* emit_float_mod(KernelState& state, Value* a, Value* divisor) {
  llvm::IRBuilder<>& b = state.builder;
  Value* rem = call_libm(state, "fmod", {a, divisor});
  Value* zero = constant_like(a, 0);
  Value* differs = b.CreateXor(b.CreateFCmpOLT(rem, zero), b.CreateFCmpOLT(divisor, zero));
  return b.CreateSelect(b.CreateAnd(b.CreateFCmpONE(rem, zero), differs), b.CreateFAdd(rem, divisor), rem);
}

Value* emit_float_sign(KernelState& state, Value* a) {
  llvm::IRBuilder<>& b = state.builder;
  Value* zero = constant_like(a, 0);
  Value* negative = b.CreateSelect(b.CreateFCmpOLT(a, zero), constant_like(a, -1), a);
  return b.CreateSelect(b.CreateFCmpOGT(a, zero), constant_like(a, 1), negative);
}

Value* emit_sigmoid(KernelState& state, Value* a) {
  llvm::IRBuilder<>& b = state.builder;
  Value *one = constant_like(a, 1), *magnitude = b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a);
  Value* e = call_libm(state, "exp", {b.CreateFNeg(magnitude)});  // at most 1: nothing overflows
  return b.CreateFDiv(b.CreateSelect(b.CreateFCmpOLT(a, constant_like(a, 0)), e, one), b.CreateFAdd(one, e));
}

Value* emit_is_inf(KernelState& state, Value* a) {
  Value* magnitude = state.builder.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a);
  return state.builder.CreateFCmpOEQ(magnitude, llvm::ConstantFP::getInfinity(a->getType()));
}

Value* emit_float(KernelState& state, Op op, ArrayRef<Value*> args) {
  llvm::IRBuilder<>& b = state.builder;
  Value *x = args[0], *y = args.size() > 1 ? args[1] : nullptr;
  switch (op) {
    case Op::add: return b.CreateFAdd(x, y);
    case Op::sub: return b.CreateFSub(x, y);
    case Op::mul: return b.CreateFMul(x, y);
    case Op::div: return b.CreateFDiv(x, y);
    case Op::neg: return b.CreateFNeg(x);
    case Op::fma: return emit_fma(state, args);
    case Op::mod: return emit_float_mod(state, x, y);
    case Op::sign: return emit_float_sign(state, x);
    case Op::sigmoid: return emit_sigmoid(state, x);
    case Op::eq: return b.CreateFCmpOEQ(x, y);
    case Op::ne: return b.CreateFCmpUNE(x, y);
    case Op::lt: return b.CreateFCmpOLT(x, y);
    case Op::le: return b.CreateFCmpOLE(x, y);
    case Op::gt: return b.CreateFCmpOGT(x, y);
    case Op::ge: return b.CreateFCmpOGE(x, y);
    case Op::is_nan: return b.CreateFCmpUNO(x, x);
    case Op::is_inf: return emit_is_inf(state, x);
    default: break;
  }
  if (intrinsic_of(op) != llvm::Intrinsic::not_intrinsic) return emit_intrinsic(state, op, args);
  const char* name = libm_name(op);
  BROACH_CHECK(name, "{} has no meaning on floats", traits(op).name);
  return call_libm(state, name, args);
}

// --- integers and booleans ---

struct Division {
  Value *quotient, *remainder;  // towards zero; zero where the divisor is
};

// A divisor that would trap (zero; -1 under the smallest value) is replaced by 1, which gives the wrapped quotient in the second case.
Division divide(KernelState& state, Value* a, Value* divisor, bool is_signed) {
  llvm::IRBuilder<>& b = state.builder;
  Value *zero = int_like(a, 0), *one = int_like(a, 1);
  Value* is_zero = b.CreateICmpEQ(divisor, zero);
  Value* traps = is_zero;
  if (is_signed) traps = b.CreateOr(traps, b.CreateICmpEQ(divisor, int_like(a, -1)));
  Value* safe = b.CreateSelect(traps, one, divisor);
  Value* quotient = is_signed ? b.CreateSDiv(a, safe) : b.CreateUDiv(a, safe);
  Value* remainder = is_signed ? b.CreateSRem(a, safe) : b.CreateURem(a, safe);
  if (is_signed) quotient = b.CreateSelect(b.CreateICmpEQ(divisor, int_like(a, -1)), b.CreateNeg(a), quotient);
  return {b.CreateSelect(is_zero, zero, quotient), remainder};  // x mod 1 is zero already
}

Value* emit_floor_div(KernelState& state, Op op, Value* a, Value* divisor, bool is_signed) {
  llvm::IRBuilder<>& b = state.builder;
  Division d = divide(state, a, divisor, is_signed);
  if (op == Op::rem || !is_signed) return op == Op::div ? d.quotient : d.remainder;
  Value* zero = int_like(a, 0);
  Value* opposite = b.CreateICmpSLT(b.CreateXor(d.remainder, divisor), zero);
  Value* inexact = b.CreateAnd(b.CreateICmpNE(d.remainder, zero), opposite);
  if (op == Op::div) return b.CreateSub(d.quotient, b.CreateZExt(inexact, a->getType()));
  return b.CreateSelect(inexact, b.CreateAdd(d.remainder, divisor), d.remainder);
}

// By a constant power of two: a shift and a mask. Null for anything else.
Value* emit_power_of_two_div(KernelState& state, Op op, Value* a, Value* divisor) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(divisor);
  if (constant && divisor->getType()->isVectorTy()) constant = constant->getSplatValue();
  auto* integer = llvm::dyn_cast_or_null<llvm::ConstantInt>(constant);
  if (!integer || op == Op::rem || integer->isNegative() || !integer->getValue().isPowerOf2()) return nullptr;
  int64_t value = integer->getSExtValue();
  if (op == Op::mod) return state.builder.CreateAnd(a, int_like(a, value - 1));
  return state.builder.CreateAShr(a, int_like(a, integer->getValue().logBase2()));
}

Value* emit_shift(KernelState& state, Op op, Value* a, Value* by, bool is_signed) {
  llvm::IRBuilder<>& b = state.builder;
  int64_t bits = a->getType()->getScalarSizeInBits();
  Value* inside = b.CreateICmpULT(by, int_like(a, bits));
  if (op == Op::shift_right && is_signed) return b.CreateAShr(a, b.CreateSelect(inside, by, int_like(a, bits - 1)));
  Value* safe = b.CreateSelect(inside, by, int_like(a, 0));
  Value* shifted = op == Op::shift_left ? b.CreateShl(a, safe) : b.CreateLShr(a, safe);
  return b.CreateSelect(inside, shifted, int_like(a, 0));
}

Value* emit_int_sign(KernelState& state, Value* a, bool is_signed) {
  llvm::IRBuilder<>& b = state.builder;
  Value* zero = int_like(a, 0);
  Value* nonzero = b.CreateZExt(b.CreateICmpNE(a, zero), a->getType());
  return is_signed ? b.CreateSelect(b.CreateICmpSLT(a, zero), int_like(a, -1), nonzero) : nonzero;
}

// By repeated squaring. A negative exponent gives the reciprocal rounded towards zero: 1 for base 1, +-1 for base -1, else 0.
llvm::Function* power_function(llvm::Module& module) {
  constexpr const char* name = "broach.int_power";
  if (llvm::Function* known = module.getFunction(name)) return known;
  llvm::IRBuilder<> b(module.getContext());
  llvm::Type* i64 = b.getInt64Ty();
  auto* f = llvm::Function::Create(llvm::FunctionType::get(i64, {i64, i64}, false), llvm::GlobalValue::InternalLinkage, name, module);
  f->setDoesNotThrow();
  f->setDoesNotAccessMemory();
  Value *base = f->getArg(0), *exponent = f->getArg(1);
  auto* entry = llvm::BasicBlock::Create(b.getContext(), "entry", f);
  auto* loop = llvm::BasicBlock::Create(b.getContext(), "loop", f);
  auto* done = llvm::BasicBlock::Create(b.getContext(), "done", f);
  b.SetInsertPoint(entry);
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  llvm::PHINode *square = b.CreatePHI(i64, 2), *left = b.CreatePHI(i64, 2), *result = b.CreatePHI(i64, 2);
  Value* odd = b.CreateTrunc(left, b.getInt1Ty());
  Value* next_result = b.CreateSelect(odd, b.CreateMul(result, square), result);
  Value* next_left = b.CreateLShr(left, b.getInt64(1));
  square->addIncoming(base, entry), square->addIncoming(b.CreateMul(square, square), loop);
  left->addIncoming(exponent, entry), left->addIncoming(next_left, loop);
  result->addIncoming(b.getInt64(1), entry), result->addIncoming(next_result, loop);
  b.CreateCondBr(b.CreateICmpEQ(next_left, b.getInt64(0)), done, loop);
  b.SetInsertPoint(done);
  Value* one = b.CreateICmpULT(b.CreateAdd(base, b.getInt64(1)), b.getInt64(3));  // -1, 0, 1
  Value* unit = b.CreateAnd(one, b.CreateICmpNE(base, b.getInt64(0)));
  // Of -1 and 1 the power of the negated exponent is that of its low bit, which the loop has seen.
  Value* negative = b.CreateSelect(unit, next_result, b.getInt64(0));
  b.CreateRet(b.CreateSelect(b.CreateICmpSLT(exponent, b.getInt64(0)), negative, next_result));
  return f;
}

Value* emit_int_power(KernelState& state, DType dtype, Value* base, Value* exponent) {
  llvm::IRBuilder<>& b = state.builder;
  llvm::Function* f = power_function(*state.function()->getParent());
  Value *x = emit_cast(state, base, dtype, DType::i64), *y = emit_cast(state, exponent, dtype, DType::i64);
  if (lanes_of(x) == 1) return emit_cast(state, b.CreateCall(f, {x, y}), DType::i64, dtype);
  Value* result = llvm::PoisonValue::get(x->getType());
  for (int lane = 0; lane < lanes_of(x); ++lane) {
    Value* power = b.CreateCall(f, {b.CreateExtractElement(x, uint64_t(lane)), b.CreateExtractElement(y, uint64_t(lane))});
    result = b.CreateInsertElement(result, power, uint64_t(lane));
  }
  return emit_cast(state, result, DType::i64, dtype);
}

Value* emit_int_extreme(KernelState& state, Op op, Value* x, Value* y, bool is_signed) {
  ID id = op == Op::min ? (is_signed ? llvm::Intrinsic::smin : llvm::Intrinsic::umin) : (is_signed ? llvm::Intrinsic::smax : llvm::Intrinsic::umax);
  return state.builder.CreateBinaryIntrinsic(id, x, y);
}

Value* emit_int_compare(KernelState& state, Op op, Value* x, Value* y, bool is_signed) {
  llvm::IRBuilder<>& b = state.builder;
  switch (op) {
    case Op::eq: return b.CreateICmpEQ(x, y);
    case Op::ne: return b.CreateICmpNE(x, y);
    case Op::lt: return is_signed ? b.CreateICmpSLT(x, y) : b.CreateICmpULT(x, y);
    case Op::le: return is_signed ? b.CreateICmpSLE(x, y) : b.CreateICmpULE(x, y);
    case Op::gt: return is_signed ? b.CreateICmpSGT(x, y) : b.CreateICmpUGT(x, y);
    default: return is_signed ? b.CreateICmpSGE(x, y) : b.CreateICmpUGE(x, y);
  }
}

Value* emit_int(KernelState& state, Op op, DType dtype, ArrayRef<Value*> args, bool wraps) {
  llvm::IRBuilder<>& b = state.builder;
  Value *x = args[0], *y = args.size() > 1 ? args[1] : nullptr;
  bool is_signed = is_signed_int(dtype), nsw = is_signed && !wraps;
  switch (op) {
    case Op::add: return b.CreateAdd(x, y, "", false, nsw);
    case Op::sub: return b.CreateSub(x, y, "", false, nsw);
    case Op::mul: return b.CreateMul(x, y, "", false, nsw);
    case Op::fma: return b.CreateAdd(b.CreateMul(x, y, "", false, nsw), args[2], "", false, nsw);
    case Op::div:
    case Op::mod:
    case Op::rem:
      if (is_signed)
        if (Value* shifted = emit_power_of_two_div(state, op, x, y)) return shifted;
      return emit_floor_div(state, op, x, y, is_signed);
    case Op::min:
    case Op::max: return emit_int_extreme(state, op, x, y, is_signed);
    case Op::pow: return emit_int_power(state, dtype, x, y);
    case Op::neg: return b.CreateNeg(x);
    case Op::bit_and:
    case Op::logical_and: return b.CreateAnd(x, y);
    case Op::bit_or:
    case Op::logical_or: return b.CreateOr(x, y);
    case Op::bit_xor: return b.CreateXor(x, y);
    case Op::bit_not:
    case Op::logical_not: return b.CreateNot(x);
    case Op::shift_left:
    case Op::shift_right: return emit_shift(state, op, x, y, is_signed);
    case Op::abs: return is_signed ? b.CreateIntrinsic(llvm::Intrinsic::abs, {x->getType()}, ArrayRef<Value*>{x, b.getFalse()}) : x;
    case Op::sign: return emit_int_sign(state, x, is_signed);
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::trunc: return x;
    case Op::is_nan:
    case Op::is_inf: return llvm::Constant::getNullValue(with_lanes_of(b.getInt1Ty(), x));
    default: return emit_int_compare(state, op, x, y, is_signed);
  }
}

bool gives_boolean(Op op) { return (op >= Op::eq && op <= Op::ge) || op == Op::is_nan || op == Op::is_inf; }

}  // namespace

Value* emit_operator(KernelState& state, Op op, DType operand, ArrayRef<Value*> args, bool wraps) {
  if (!is_float(operand)) return emit_int(state, op, operand, args, wraps);
  if (operand == DType::f32 || operand == DType::f64) return emit_float(state, op, args);
  std::vector<Value*> wide;
  for (Value* arg : args) wide.push_back(widen_half(state, arg, operand));
  Value* result = emit_float(state, op, wide);
  return gives_boolean(op) ? result : narrow_half(state, result, operand);
}

Value* emit_reduction(KernelState& state, Op op, DType dtype, Value* vector) {
  llvm::IRBuilder<>& b = state.builder;
  Op step = op == Op::reduce_add ? Op::add : op == Op::reduce_max ? Op::max : op == Op::reduce_min ? Op::min : Op::mul;
  for (int n = lanes_of(vector); n > 1;) {
    int half = (n + 1) / 2, upper = n - half;
    auto lanes = [](int begin, int count) {
      llvm::SmallVector<int> mask;
      for (int i = 0; i < count; ++i) mask.push_back(begin + i);
      return mask;
    };
    auto part = [&](int begin) -> Value* {
      if (upper == 1) return b.CreateExtractElement(vector, uint64_t(begin));
      return b.CreateShuffleVector(vector, lanes(begin, upper));
    };
    Value* folded = emit_operator(state, step, dtype, {part(0), part(half)}, true);
    if (upper == half) {
      vector = folded;
    } else {  // the middle lane has no partner
      Value* middle = b.CreateExtractElement(vector, uint64_t(half - 1));
      Value* wide = upper == 1 ? b.CreateInsertElement(llvm::PoisonValue::get(with_lanes_of(folded->getType(), vector)), folded, uint64_t(0))
                               : b.CreateShuffleVector(folded, lanes(0, half));
      if (upper == 1) wide = b.CreateShuffleVector(wide, lanes(0, half));
      vector = b.CreateInsertElement(wide, middle, uint64_t(half - 1));
    }
    n = half;
  }
  return vector;
}

}  // namespace broach
