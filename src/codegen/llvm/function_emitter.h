#pragma once
// A PrimFunc to an LLVM function with the signature broach_kernel (abi.h).
#include <llvm/IR/Module.h>

#include "codegen/llvm/code_target.h"
#include "codegen/llvm/expr_emitter.h"

namespace broach {

struct TaskNest;

class FunctionEmitter {
 public:
  FunctionEmitter(llvm::Module& module, const PrimFunc& f, const Target& target, const CodeTarget& code);
  llvm::Function* emit(const std::string& symbol);

 private:
  void set_attributes();
  void place_params();
  void place_scratch();
  void add_alias_scopes();
  void emit_tasks();
  void bind_task(const TaskNest& nest, llvm::Value* task);
  void bind_let(const Stmt& s);
  void emit(const Stmt& s);
  void emit_allocate(const Stmt& s);
  void emit_if(const Stmt& s);
  void emit_for(const Stmt& s);
  void emit_prefetch(const Stmt& s);
  // body(i) for i in [begin, end); the loop is skipped if empty, unless known not to be.
  llvm::Value* call_field(unsigned index, const char* name);
  llvm::BranchInst* emit_counted_loop(llvm::Value* begin, llvm::Value* end, bool known_nonempty, const char* name,
                                      const std::function<void(llvm::Value*)>& body);
  void keep_as_written(llvm::BranchInst* latch, bool has_vectors);

  llvm::Module& module_;
  const PrimFunc& f_;
  const CodeTarget& code_;
  KernelState state_;
  llvm::IRBuilder<>& b_;
  ExprEmitter exprs_;
  llvm::Function* function_ = nullptr;
  llvm::BasicBlock* entry_ = nullptr;
};

// The parallel loops that nest from the outermost statement on, with nothing but Lets between them: together they are the tasks,
// row-major. Without any, the whole function is one task.
struct TaskNest {
  std::vector<Stmt> loops, lets;  // a Let may use the loops outside it only, so all can stand inside
  Stmt body;
  int64_t count() const;
};
TaskNest task_nest(const PrimFunc& f);

}  // namespace broach
