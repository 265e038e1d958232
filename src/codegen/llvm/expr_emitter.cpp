#include "codegen/llvm/expr_emitter.h"

#include "codegen/llvm/convert.h"
#include "codegen/llvm/operators.h"

namespace broach {

using llvm::Value;

llvm::Type* value_type(llvm::LLVMContext& context, Type type) {
  llvm::Type* scalar = type.dtype == DType::f32       ? llvm::Type::getFloatTy(context)
                       : type.dtype == DType::f64     ? llvm::Type::getDoubleTy(context)
                       : type.dtype == DType::boolean ? llvm::Type::getInt1Ty(context)
                                                      : llvm::Type::getIntNTy(context, info(type.dtype).bits);
  return type.lanes == 1 ? scalar : llvm::FixedVectorType::get(scalar, type.lanes);
}

llvm::Type* memory_type(llvm::LLVMContext& context, Type type) {
  return value_type(context, type.dtype == DType::boolean ? Type{DType::u8, type.lanes} : type);
}

SplitIndex split_constant(const Expr& index) {
  if (index.is(Op::int_imm)) return {{}, index->int_value};
  if (!index.is(Op::add)) return {index, 0};
  SplitIndex a = split_constant(index.arg(0)), b = split_constant(index.arg(1));
  if (a.constant == 0 && b.constant == 0) return {index, 0};
  Expr rest = !a.rest ? b.rest : !b.rest ? a.rest : a.rest + b.rest;
  return {rest, a.constant + b.constant};
}

Value* ExprEmitter::emit(const Expr& e) {
  for (auto scope = seen_.rbegin(); scope != seen_.rend(); ++scope)
    if (auto it = scope->find(e.get()); it != scope->end()) return it->second;
  Value* value = compute(e);
  seen_.back()[e.get()] = value;
  return value;
}

Value* ExprEmitter::emit_index(const Expr& e) {
  bool outer = std::exchange(in_index_, true);
  Value* value = emit(e);
  in_index_ = outer;
  return value;
}

Value* ExprEmitter::compute(const Expr& e) {
  switch (e->op) {
    case Op::int_imm: return llvm::ConstantInt::get(value_type(b_.getContext(), e.type()), uint64_t(e->int_value), true, true);
    case Op::float_imm: return float_constant(e);
    case Op::var: {
      auto it = state_.vars.find(e->var);
      BROACH_CHECK(it != state_.vars.end(), "variable {} is not in scope", e->var->name);
      return it->second;
    }
    case Op::load: return emit_load(e);
    case Op::read:
    case Op::read_or: BROACH_CHECK(false, "a tensor read is left in a loop");
    case Op::select: return emit_select(e);
    case Op::cast: return emit_cast(state_, emit(e.arg(0)), e.arg(0).dtype(), e.dtype());
    case Op::bitcast: return emit_bitcast(e);
    case Op::broadcast: return b_.CreateVectorSplat(unsigned(e.lanes()), emit_scalar(e.arg(0)));
    case Op::ramp: return emit_ramp(e);
    case Op::reduce_add:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::reduce_mul: return emit_reduction(state_, e->op, e.dtype(), emit(e.arg(0)));
    default: break;
  }
  llvm::SmallVector<Value*, 3> args;
  for (const Expr& arg : e->args) args.push_back(emit(arg));
  return emit_operator(state_, e->op, e.arg(0).dtype(), args, !(in_index_ && e.dtype() == DType::i64));
}

Value* ExprEmitter::float_constant(const Expr& e) {
  if (e.dtype() == DType::f32 || e.dtype() == DType::f64) return llvm::ConstantFP::get(value_type(b_.getContext(), e.type()), e->float_value);
  uint16_t bits = 0;
  store_double(e.dtype(), &bits, 0, e->float_value);
  return b_.getInt16(bits);
}

Value* ExprEmitter::emit_scalar(const Expr& e) {
  if (!mask_ || !may_fail(e)) return emit(e);
  Value* any = b_.CreateOrReduce(mask_);
  Value* outer = std::exchange(mask_, nullptr);
  Value* value = emit_branches(any, e, nullptr);
  mask_ = outer;
  return value;
}

Value* ExprEmitter::emit_ramp(const Expr& e) {
  Value *base = emit_scalar(e.arg(0)), *stride = emit_scalar(e.arg(1));
  unsigned lanes = unsigned(e.lanes());
  std::vector<llvm::Constant*> steps;
  for (unsigned lane = 0; lane < lanes; ++lane) steps.push_back(llvm::ConstantInt::get(base->getType(), lane));
  bool nsw = in_index_ && e.dtype() == DType::i64;
  Value* offsets = b_.CreateMul(b_.CreateVectorSplat(lanes, stride), llvm::ConstantVector::get(steps), "", false, nsw);
  return b_.CreateAdd(b_.CreateVectorSplat(lanes, base), offsets, "", false, nsw);
}

Value* ExprEmitter::emit_bitcast(const Expr& e) {
  Value* value = emit(e.arg(0));
  if (e.arg(0).dtype() == DType::boolean) value = emit_cast(state_, value, DType::boolean, DType::u8);
  if (e.dtype() == DType::boolean) return emit_cast(state_, value, DType::u8, DType::boolean);
  return b_.CreateBitCast(value, value_type(b_.getContext(), e.type()));
}

// --- memory ---

void ExprEmitter::annotate(llvm::Instruction* access, const Buffer& buffer, bool load) {
  const BufferPlace& place = state_.buffers.at(buffer);
  if (place.scope) access->setMetadata(llvm::LLVMContext::MD_alias_scope, place.scope);
  if (place.noalias) access->setMetadata(llvm::LLVMContext::MD_noalias, place.noalias);
  if (load && place.constant) access->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b_.getContext(), {}));
}

// The constant part is added last, so that addresses of one tile share their variable part. A part of an index may lie outside the
// buffer where the whole does not, so only a whole one is inbounds.
Value* ExprEmitter::address(const Buffer& buffer, const Expr& index) {
  auto it = state_.buffers.find(buffer);
  BROACH_CHECK(it != state_.buffers.end(), "buffer {} is not in scope", buffer->name);
  llvm::Type* element = memory_type(b_.getContext(), {buffer->dtype, 1});
  SplitIndex split = split_constant(index);
  Value* pointer = it->second.base;
  if (!split.rest) return b_.CreateConstInBoundsGEP1_64(element, pointer, uint64_t(split.constant));
  bool outer = std::exchange(in_index_, true);
  Value* rest = emit_scalar(split.rest);
  in_index_ = outer;
  if (split.constant == 0) return b_.CreateInBoundsGEP(element, pointer, rest);
  return b_.CreateConstGEP1_64(element, b_.CreateGEP(element, pointer, rest), uint64_t(split.constant));
}

Value* ExprEmitter::element_pointers(const Buffer& buffer, const Expr& index) {
  auto it = state_.buffers.find(buffer);
  BROACH_CHECK(it != state_.buffers.end(), "buffer {} is not in scope", buffer->name);
  return b_.CreateGEP(memory_type(b_.getContext(), {buffer->dtype, 1}), it->second.base, emit_index(index));
}

Value* ExprEmitter::load_vector(const Expr& e, llvm::Type* memory) {
  const Buffer& buffer = e->buffer;
  const Expr& index = e.arg(0);
  llvm::Align align(uint64_t(byte_size(buffer->dtype)));
  int64_t stride = 0;
  if (index.is(Op::broadcast)) {
    llvm::Type* element = memory_type(b_.getContext(), {buffer->dtype, 1});
    if (mask_ && !is_inside(e)) {
      Value* guarded = emit_scalar(load(buffer, index.arg(0)));
      if (buffer->dtype == DType::boolean) guarded = emit_cast(state_, guarded, DType::boolean, DType::u8);
      return b_.CreateVectorSplat(unsigned(e.lanes()), guarded);
    }
    auto* single = b_.CreateAlignedLoad(element, address(buffer, index.arg(0)), align);
    annotate(single, buffer, true);
    return b_.CreateVectorSplat(unsigned(e.lanes()), single);
  }
  if (index.is(Op::ramp) && as_int(index.arg(1), &stride) && stride == 1) {
    Value* pointer = address(buffer, index.arg(0));
    llvm::Instruction* access = mask_ && !is_inside(e) ? static_cast<llvm::Instruction*>(b_.CreateMaskedLoad(memory, pointer, align, mask_))
                                                       : b_.CreateAlignedLoad(memory, pointer, align);
    annotate(access, buffer, true);
    return access;
  }
  Value* mask = mask_ && !is_inside(e) ? mask_ : b_.CreateVectorSplat(unsigned(e.lanes()), b_.getTrue());
  auto* gather = b_.CreateMaskedGather(memory, element_pointers(buffer, index), align, mask);
  annotate(gather, buffer, true);
  return gather;
}

Value* ExprEmitter::emit_load(const Expr& e) {
  const Buffer& buffer = e->buffer;
  llvm::Type* memory = memory_type(b_.getContext(), e.type());
  Value* value;
  if (e.lanes() > 1) {
    value = load_vector(e, memory);
  } else {
    auto* access = b_.CreateAlignedLoad(memory, address(buffer, e.arg(0)), llvm::Align(uint64_t(byte_size(buffer->dtype))));
    annotate(access, buffer, true);
    value = access;
  }
  return buffer->dtype == DType::boolean ? emit_cast(state_, value, DType::u8, DType::boolean) : value;
}

void ExprEmitter::emit_store(const Buffer& buffer, const Expr& index, const Expr& value) {
  Value* stored = emit(value);
  if (buffer->dtype == DType::boolean) stored = emit_cast(state_, stored, DType::boolean, DType::u8);
  llvm::Align align(uint64_t(byte_size(buffer->dtype)));
  int64_t stride = 0;
  bool contiguous = index.lanes() == 1 || (index.is(Op::ramp) && as_int(index.arg(1), &stride) && stride == 1);
  llvm::Instruction* access;
  if (contiguous) {
    access = b_.CreateAlignedStore(stored, address(buffer, index.lanes() == 1 ? index : index.arg(0)), align);
  } else {
    Value* mask = b_.CreateVectorSplat(unsigned(index.lanes()), b_.getTrue());
    access = b_.CreateMaskedScatter(stored, element_pointers(buffer, index), align, mask);
  }
  annotate(access, buffer, false);
}

// --- select: a load in an arm that is not taken is not performed ---

bool ExprEmitter::is_inside(const Expr& load) {
  const Expr& index = load.arg(0);
  auto within = [&](const Expr& i) {
    std::optional<Interval> interval = bounds_of(i, state_.bounds);
    return interval && interval->low >= 0 && interval->high < load->buffer->elements;
  };
  if (index.lanes() == 1) return within(index);
  if (index.is(Op::broadcast)) return within(index.arg(0));
  if (!index.is(Op::ramp)) return false;
  return within(index.arg(0)) && within(index.arg(0) + index.arg(1) * Expr(index.lanes() - 1));
}

bool ExprEmitter::may_fail(const Expr& e) {
  if (e.is(Op::load) && !is_inside(e)) return true;
  for (const Expr& arg : e->args)
    if (may_fail(arg)) return true;
  return false;
}

Value* ExprEmitter::emit_arm(const Expr& e) {
  seen_.emplace_back();
  Value* value = emit(e);
  seen_.pop_back();
  return value;
}

Value* ExprEmitter::emit_branches(Value* condition, const Expr& then_value, const Expr* else_value) {
  llvm::BasicBlock *then_block = state_.new_block("taken"), *else_block = state_.new_block("other"), *join = state_.new_block("join");
  b_.CreateCondBr(condition, then_block, else_block);
  b_.SetInsertPoint(then_block);
  Value* a = emit_arm(then_value);
  llvm::BasicBlock* then_end = b_.GetInsertBlock();
  b_.CreateBr(join);
  b_.SetInsertPoint(else_block);
  Value* b = else_value ? emit_arm(*else_value) : llvm::Constant::getNullValue(a->getType());
  llvm::BasicBlock* else_end = b_.GetInsertBlock();
  b_.CreateBr(join);
  b_.SetInsertPoint(join);
  llvm::PHINode* phi = b_.CreatePHI(a->getType(), 2);
  phi->addIncoming(a, then_end);
  phi->addIncoming(b, else_end);
  return phi;
}

Value* ExprEmitter::emit_masked_select(const Expr& e) {
  Value* condition = emit(e.arg(0));
  Value* outer = mask_;
  mask_ = outer ? b_.CreateAnd(outer, condition) : condition;
  Value* a = emit_arm(e.arg(1));
  Value* inverse = b_.CreateNot(condition);
  mask_ = outer ? b_.CreateAnd(outer, inverse) : inverse;
  Value* b = emit_arm(e.arg(2));
  mask_ = outer;
  return b_.CreateSelect(condition, a, b);
}

Value* ExprEmitter::emit_select(const Expr& e) {
  const Expr& condition = e.arg(0);
  if (!may_fail(e.arg(1)) && !may_fail(e.arg(2)))
    return b_.CreateSelect(condition.is(Op::broadcast) ? emit_scalar(condition.arg(0)) : emit(condition), emit(e.arg(1)), emit(e.arg(2)));
  if (condition.lanes() == 1) return emit_branches(emit(condition), e.arg(1), &e.arg(2));
  if (condition.is(Op::broadcast)) return emit_branches(emit_scalar(condition.arg(0)), e.arg(1), &e.arg(2));
  return emit_masked_select(e);
}

}  // namespace broach
