#include <unordered_map>

#include "expr/functions.h"
#include "loop/passes/passes.h"
#include "loop/passes/share_values.h"

namespace broach {
namespace {

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

Expr expand_call(const Expr& e) {
  if (e->args.empty()) return e;
  DType dtype = e.arg(0).dtype();
  if (has_expansion(e->op, dtype)) return expand_function(e);
  if (!is_half(dtype) || !has_expansion(e->op, DType::f32)) return e;
  std::vector<Expr> args;
  for (const Expr& arg : e->args) args.push_back(cast(DType::f32, arg));
  return cast(e.dtype(), expand_function(with_args(e, std::move(args))));
}

// Once per node: expressions are graphs.
class Expander {
 public:
  Expr run(const Expr& e) {
    if (e->args.empty()) return e;
    auto it = done_.find(e.get());
    if (it != done_.end()) return it->second;
    std::vector<Expr> args;
    bool changed = false;
    for (const Expr& arg : e->args) {
      args.push_back(run(arg));
      changed |= !args.back().same_as(arg);
    }
    return done_[e.get()] = expand_call(changed ? with_args(e, std::move(args)) : e);
  }

 private:
  std::unordered_map<const ExprNode*, Expr> done_;  // of nodes of one statement, which outlive it
};

Stmt expand(const Stmt& s) {
  Expander expander;
  std::vector<Expr> exprs;
  bool changed = false;
  for (const Expr& e : s->exprs) {
    exprs.push_back(expander.run(e));
    changed |= !exprs.back().same_as(e);
  }
  if (!changed) return s;
  Stmt result = with_children(s, std::move(exprs), s->body);
  return s.is(StmtOp::store) || s.is(StmtOp::let) ? share_values_of(result) : result;
}

}  // namespace

Stmt expand_functions(const Stmt& s) { return rewrite(s, expand); }

}  // namespace broach
