#pragma once
// Expressions to LLVM values.
#include <unordered_map>

#include "codegen/llvm/kernel_state.h"

namespace broach {

class ExprEmitter {
 public:
  explicit ExprEmitter(KernelState& state) : state_(state), b_(state.builder) { seen_.emplace_back(); }

  // Nodes shared within one statement are emitted once; begin_statement forgets them, since a store may change what loads give.
  void begin_statement() { seen_.assign(1, {}); }
  llvm::Value* emit(const Expr& e);
  // An index or a loop bound: signed arithmetic that does not overflow.
  llvm::Value* emit_index(const Expr& e);
  void emit_store(const Buffer& buffer, const Expr& index, const Expr& value);
  llvm::Value* address(const Buffer& buffer, const Expr& index);  // index is a scalar
  void annotate(llvm::Instruction* access, const Buffer& buffer, bool load);

 private:
  llvm::Value* compute(const Expr& e);
  llvm::Value* float_constant(const Expr& e);
  llvm::Value* emit_scalar(const Expr& e);  // for a scalar below a vector: guarded when lanes are masked
  llvm::Value* emit_ramp(const Expr& e);
  llvm::Value* emit_load(const Expr& e);
  llvm::Value* load_vector(const Expr& e, llvm::Type* memory);
  llvm::Value* emit_bitcast(const Expr& e);
  llvm::Value* emit_select(const Expr& e);
  llvm::Value* emit_masked_select(const Expr& e);
  llvm::Value* emit_branches(llvm::Value* condition, const Expr& then_value, const Expr* else_value);
  llvm::Value* emit_arm(const Expr& e);  // what it emits is not seen outside the arm
  bool may_fail(const Expr& e);          // a load in it may lie outside its buffer
  bool is_inside(const Expr& load);
  llvm::Value* element_pointers(const Buffer& buffer, const Expr& index);

  KernelState& state_;
  llvm::IRBuilder<>& b_;
  std::vector<std::unordered_map<const ExprNode*, llvm::Value*>> seen_;
  llvm::Value* mask_ = nullptr;  // lanes whose loads are performed; null: all
  bool in_index_ = false;
};

// index = rest + constant.
struct SplitIndex {
  Expr rest;  // null: zero
  int64_t constant = 0;
};
SplitIndex split_constant(const Expr& index);

}  // namespace broach
