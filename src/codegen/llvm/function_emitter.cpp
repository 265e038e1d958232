#include "codegen/llvm/function_emitter.h"

#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "broach/abi.h"

namespace broach {

using llvm::Value;

namespace {

bool uses_vectors(const Stmt& s) {
  bool found = false;
  visit_exprs(s, [&found](const Expr& e) { found |= e.lanes() > 1; });
  return found;
}

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

TaskNest task_nest(const PrimFunc& f) {
  TaskNest nest{{}, {}, f.body};
  std::vector<Stmt> lets;
  for (Stmt s = f.body;; s = s.body()) {
    if (s.is(StmtOp::let)) {
      lets.push_back(s);
    } else if (s.is(StmtOp::for_loop) && s->for_kind == ForKind::parallel) {
      nest.loops.push_back(s);
      nest.lets = lets;
      nest.body = s.body();
    } else {
      return nest;
    }
  }
}

int64_t TaskNest::count() const {
  int64_t count = 1, extent = 0;
  for (const Stmt& loop : loops) {
    BROACH_CHECK(as_int(loop->exprs[1], &extent) && extent > 0, "the parallel loop over {} has no constant, positive extent", loop->var->name);
    count *= extent;
  }
  return count;
}

FunctionEmitter::FunctionEmitter(llvm::Module& module, const PrimFunc& f, const Target& target, const CodeTarget& code)
    : module_(module), f_(f), code_(code),
      state_(module.getContext(), target, target.arch == Arch::aarch64 || (code.feature_bits & BROACH_X86_F16C) != 0), b_(state_.builder),
      exprs_(state_) {}

llvm::Function* FunctionEmitter::emit(const std::string& symbol) {
  llvm::Type *i64 = b_.getInt64Ty(), *pointer = b_.getPtrTy();
  auto* type = llvm::FunctionType::get(b_.getInt32Ty(), {pointer, i64, i64}, false);
  function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module_);
  function_->setVisibility(llvm::GlobalValue::HiddenVisibility);
  set_attributes();
  entry_ = llvm::BasicBlock::Create(module_.getContext(), "entry", function_);
  b_.SetInsertPoint(entry_);
  llvm::FastMathFlags contract;
  contract.setAllowContract(true);
  b_.setFastMathFlags(contract);
  place_params();
  place_scratch();
  add_alias_scopes();
  emit_tasks();
  b_.CreateRet(b_.getInt32(0));
  return function_;
}

void FunctionEmitter::set_attributes() {
  function_->setDoesNotThrow();
  function_->addFnAttr("target-cpu", code_.base_cpu);
  function_->addFnAttr("tune-cpu", code_.tune_cpu);
  function_->addFnAttr("target-features", code_.features);
  function_->addFnAttr("frame-pointer", "none");
  std::string width = std::to_string(state_.target.vector_bits);
  function_->addFnAttr("prefer-vector-width", width);
  function_->addFnAttr("min-legal-vector-width", width);
  for (unsigned i = 0; i < 3; ++i) function_->addParamAttr(i, llvm::Attribute::NoUndef);
  function_->addParamAttr(0, llvm::Attribute::NoAlias);
  function_->addParamAttr(0, llvm::Attribute::ReadOnly);
}

// Fields of broach_call are constant while a kernel runs.
Value* FunctionEmitter::call_field(unsigned index, const char* name) {
  llvm::Type *pointer = b_.getPtrTy(), *i32 = b_.getInt32Ty();
  auto* call = llvm::StructType::get(b_.getContext(), {i32, pointer, pointer, pointer, pointer});
  auto* field = b_.CreateLoad(pointer, b_.CreateStructGEP(call, function_->getArg(0), index), name);
  field->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b_.getContext(), {}));
  return field;
}

// Arguments may be views at any multiple of the element's size, so no more is promised of their alignment.
void FunctionEmitter::place_params() {
  if (f_.params.empty()) return;
  llvm::LLVMContext& context = b_.getContext();
  auto number = [&](uint64_t value) { return llvm::MDNode::get(context, llvm::ConstantAsMetadata::get(b_.getInt64(value))); };
  Value* buffers = call_field(1, "buffers");
  for (size_t i = 0; i < f_.params.size(); ++i) {
    const Buffer& param = f_.params[i];
    auto* base = b_.CreateLoad(b_.getPtrTy(), b_.CreateConstInBoundsGEP1_64(b_.getPtrTy(), buffers, i), param->name);
    uint64_t element = uint64_t(byte_size(param->dtype)), bytes = element * uint64_t(param->elements);
    base->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(context, {}));
    base->setMetadata(llvm::LLVMContext::MD_align, number(element));
    if (bytes) base->setMetadata(llvm::LLVMContext::MD_dereferenceable, number(bytes));
    if (bytes) base->setMetadata(llvm::LLVMContext::MD_nonnull, llvm::MDNode::get(context, {}));
    base->setMetadata(llvm::LLVMContext::MD_noundef, llvm::MDNode::get(context, {}));
    state_.buffers[param] = {base, nullptr, nullptr, !param->written, element};
  }
}

// Allocations of worker_scratch follow each other; the order and alignment are those that scratch_bytes() counts.
void FunctionEmitter::place_scratch() {
  int64_t offset = 0;
  Value* scratch = nullptr;
  visit(f_.body, [&](const Stmt& s) {
    if (!s.is(StmtOp::allocate) || s->buffer->storage != Storage::worker_scratch) return;
    if (!scratch) scratch = call_field(3, "scratch");
    state_.buffers[s->buffer] = {b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), scratch, uint64_t(offset)), nullptr, nullptr, false, BROACH_ALIGNMENT};
    offset += round_up(s->buffer->elements * byte_size(s->buffer->dtype), BROACH_ALIGNMENT);
  });
}

// The plan never lets a written argument overlap another one.
void FunctionEmitter::add_alias_scopes() {
  llvm::MDBuilder metadata(b_.getContext());
  llvm::MDNode* domain = metadata.createAnonymousAliasScopeDomain(f_.name);
  std::vector<llvm::Metadata*> scopes;
  std::vector<BufferPlace*> places;
  auto add = [&](const Buffer& buffer) {
    auto it = state_.buffers.find(buffer);
    if (it == state_.buffers.end() || std::ranges::count(places, &it->second)) return;
    places.push_back(&it->second);
    scopes.push_back(metadata.createAnonymousAliasScope(domain, buffer->name));
  };
  for (const Buffer& param : f_.params) add(param);
  visit(f_.body, [&](const Stmt& s) {
    if (s.is(StmtOp::allocate)) add(s->buffer);
  });
  for (size_t i = 0; i < places.size(); ++i) {
    std::vector<llvm::Metadata*> others = scopes;
    others.erase(others.begin() + std::ptrdiff_t(i));
    places[i]->scope = llvm::MDNode::get(b_.getContext(), scopes[i]);
    if (!others.empty()) places[i]->noalias = llvm::MDNode::get(b_.getContext(), others);
  }
}

void FunctionEmitter::emit_tasks() {
  TaskNest nest = task_nest(f_);
  Value *begin = function_->getArg(1), *end = function_->getArg(2);
  if (nest.loops.empty()) {
    llvm::BasicBlock *body = state_.new_block("body"), *done = state_.new_block("done");
    b_.CreateCondBr(b_.CreateICmpSLT(begin, end), body, done);
    b_.SetInsertPoint(body);
    emit(f_.body);
    b_.CreateBr(done);
    b_.SetInsertPoint(done);
    return;
  }
  llvm::BranchInst* latch = emit_counted_loop(begin, end, false, "task", [&](Value* task) {
    bind_task(nest, task);
    emit(nest.body);
  });
  keep_as_written(latch, true);
}

void FunctionEmitter::bind_task(const TaskNest& nest, Value* task) {
  for (size_t i = nest.loops.size(); i-- > 0;) {
    const StmtNode& loop = *nest.loops[i];
    int64_t begin = 0, extent = 0;
    BROACH_CHECK(as_int(loop.exprs[0], &begin) && as_int(loop.exprs[1], &extent) && extent > 0,
                 "the parallel loop over {} of {} has no constant bounds", loop.var->name, f_.name);
    Value* index = i == 0 ? task : b_.CreateURem(task, b_.getInt64(uint64_t(extent)));
    if (i > 0) task = b_.CreateUDiv(task, b_.getInt64(uint64_t(extent)));
    state_.vars[loop.var] = begin == 0 ? index : b_.CreateNSWAdd(index, b_.getInt64(uint64_t(begin)), loop.var->name);
    state_.bounds.set(loop.var, {begin, begin + extent - 1});
  }
  for (const Stmt& let : nest.lets) bind_let(let);
}

void FunctionEmitter::emit(const Stmt& s) {
  exprs_.begin_statement();
  switch (s->op) {
    case StmtOp::for_loop: return emit_for(s);
    case StmtOp::block:
      for (const Stmt& child : s->body) emit(child);
      return;
    case StmtOp::let: bind_let(s); return emit(s.body());
    case StmtOp::if_then_else: return emit_if(s);
    case StmtOp::store: return exprs_.emit_store(s->buffer, s->exprs[0], s->exprs[1]);
    case StmtOp::allocate: return emit_allocate(s);
    case StmtOp::prefetch: return emit_prefetch(s);
  }
}

// One alloca for a buffer, in the entry block: SROA then gives every vector of a register buffer a register of its own.
void FunctionEmitter::emit_allocate(const Stmt& s) {
  const Buffer& buffer = s->buffer;
  if (buffer->storage != Storage::worker_scratch) {
    llvm::IRBuilder<> at_entry(entry_, entry_->begin());
    auto* type = llvm::ArrayType::get(memory_type(b_.getContext(), {buffer->dtype, 1}), uint64_t(buffer->elements));
    llvm::AllocaInst* memory = at_entry.CreateAlloca(type, nullptr, buffer->name);
    memory->setAlignment(llvm::Align(uint64_t(std::min(BROACH_ALIGNMENT, state_.target.vector_bits / 8))));
    state_.buffers[buffer] = {memory, nullptr, nullptr, false, memory->getAlign().value()};
  }
  emit(s.body());
}

void FunctionEmitter::bind_let(const Stmt& s) {
  exprs_.begin_statement();
  const Expr& value = s->exprs[0];
  state_.vars[s->var] = value.dtype() == DType::i64 ? exprs_.emit_index(value) : exprs_.emit(value);
  if (value.dtype() == DType::i64 && value.lanes() == 1)
    if (std::optional<Interval> interval = bounds_of(value, state_.bounds)) state_.bounds.set(s->var, *interval);
}

void FunctionEmitter::emit_if(const Stmt& s) {
  Value* condition = exprs_.emit(s->exprs[0]);
  bool has_else = s->body.size() > 1;
  llvm::BasicBlock *then_block = state_.new_block("then"), *done = state_.new_block("endif");
  llvm::BasicBlock* else_block = has_else ? state_.new_block("else") : done;
  b_.CreateCondBr(condition, then_block, else_block);
  b_.SetInsertPoint(then_block);
  emit(s->body[0]);
  b_.CreateBr(done);
  if (has_else) {
    b_.SetInsertPoint(else_block);
    emit(s->body[1]);
    b_.CreateBr(done);
  }
  b_.SetInsertPoint(done);
}

void FunctionEmitter::emit_for(const Stmt& s) {
  int64_t extent = 0;
  bool constant = as_int(s->exprs[1], &extent);
  if (constant && extent <= 0) return;
  Value* first = exprs_.emit_index(s->exprs[0]);
  Value* end = b_.CreateNSWAdd(first, exprs_.emit_index(s->exprs[1]));
  std::optional<Interval> from = bounds_of(s->exprs[0], state_.bounds), count = bounds_of(s->exprs[1], state_.bounds);
  if (from && count && count->high > 0) state_.bounds.set(s->var, {from->low, from->high + count->high - 1});
  llvm::BranchInst* latch = emit_counted_loop(first, end, constant, s->var->name.c_str(), [&](Value* i) {
    state_.vars[s->var] = i;
    emit(s.body());
  });
  keep_as_written(latch, uses_vectors(s.body()));
}

// Into the second-level cache: what is read next must not drive out of the first what is read now.
void FunctionEmitter::emit_prefetch(const Stmt& s) {
  Value* pointer = exprs_.address(s->buffer, s->exprs[0]);
  b_.CreateIntrinsic(llvm::Intrinsic::prefetch, {b_.getPtrTy()}, llvm::ArrayRef<Value*>{pointer, b_.getInt32(0), b_.getInt32(2), b_.getInt32(1)});
}

llvm::BranchInst* FunctionEmitter::emit_counted_loop(Value* begin, Value* end, bool known_nonempty, const char* name,
                                                     const std::function<void(Value*)>& body) {
  llvm::BasicBlock* before = b_.GetInsertBlock();
  llvm::BasicBlock *loop = state_.new_block(name), *after = state_.new_block("after");
  if (known_nonempty)
    b_.CreateBr(loop);
  else
    b_.CreateCondBr(b_.CreateICmpSLT(begin, end), loop, after);
  b_.SetInsertPoint(loop);
  llvm::PHINode* i = b_.CreatePHI(b_.getInt64Ty(), 2, name);
  i->addIncoming(begin, before);
  body(i);
  Value* next = b_.CreateNSWAdd(i, b_.getInt64(1));
  i->addIncoming(next, b_.GetInsertBlock());
  llvm::BranchInst* latch = b_.CreateCondBr(b_.CreateICmpSLT(next, end), loop, after);
  b_.SetInsertPoint(after);
  return latch;
}

// The schedule has chosen what is unrolled and what is a vector; only plain scalar loops are left for LLVM to vectorise.
void FunctionEmitter::keep_as_written(llvm::BranchInst* latch, bool has_vectors) {
  llvm::LLVMContext& context = b_.getContext();
  auto text = [&](const char* s) { return llvm::MDString::get(context, s); };
  std::vector<llvm::Metadata*> items = {nullptr, llvm::MDNode::get(context, text("llvm.loop.unroll.disable"))};
  if (has_vectors) items.push_back(llvm::MDNode::get(context, {text("llvm.loop.vectorize.enable"), llvm::ConstantAsMetadata::get(b_.getFalse())}));
  llvm::MDNode* id = llvm::MDNode::getDistinct(context, items);
  id->replaceOperandWith(0, id);
  latch->setMetadata(llvm::LLVMContext::MD_loop, id);
}

}  // namespace broach
