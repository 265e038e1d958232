// Copies the bodies of unrolled loops, innermost values in one descent: every statement of the result is made once,
// and index expressions of all copies share the node of what does not depend on the unrolled variables, to which each
// adds its constant.
#include <unordered_map>
#include <unordered_set>

#include "expr/linear.h"
#include "expr/simplify.h"
#include "loop/passes/expressions.h"
#include "loop/passes/passes.h"

namespace broach {
namespace {

class Unroller {
 public:
  explicit Unroller(const Stmt& s) {
    visit(s, [this](const Stmt& loop) {
      if (loop.is(StmtOp::for_loop) && loop->for_kind == ForKind::unrolled) unrolled_.insert(loop->var.get());
    });
  }

  bool any() const { return !unrolled_.empty(); }

  Stmt run(const Stmt& s) {
    if (s.is(StmtOp::for_loop) && s->for_kind == ForKind::unrolled) return unroll(s);
    std::vector<Expr> exprs;
    for (const Expr& e : s->exprs) exprs.push_back(instantiate(e));
    if (s.is(StmtOp::if_then_else) && exprs[0].is(Op::int_imm)) return branch(s, exprs[0]->int_value != 0);
    std::vector<Stmt> body;
    bool changed = false;
    for (size_t i = 0; i < exprs.size(); ++i) changed |= !exprs[i].same_as(s->exprs[i]);
    for (const Stmt& child : s->body) {
      body.push_back(run(child));
      changed |= !body.back().same_as(child);
    }
    return changed ? with_children(s, std::move(exprs), std::move(body)) : s;
  }

 private:
  // What is known of an index expression, kept per node, for it is met once per copy.
  struct Index {
    Expr self;  // keeps the node's address its own
    Expr rest;  // the part without unrolled variables and constant; null: none
    std::vector<std::pair<const VarNode*, int64_t>> unrolled;
    std::vector<Term> other;  // depends on unrolled variables, but not linearly
    int64_t constant = 0;
  };

  Stmt unroll(const Stmt& s) {
    Expr begin = instantiate(s->exprs[0]), extent = instantiate(s->exprs[1]);
    int64_t count = 0;
    if (!as_int(extent, &count)) {  // which only its body's loops may be
      unrolled_value_[s->var.get()] = s->var;
      return make_for(s->var, begin, extent, run(s.body()), ForKind::serial);
    }
    std::vector<Stmt> copies;
    for (int64_t i = 0; i < count; ++i) {
      unrolled_value_[s->var.get()] = begin.is(Op::int_imm) ? make_int(begin->int_value + i) : begin + i;
      copies.push_back(run(s.body()));
    }
    return make_block(std::move(copies));
  }

  Stmt branch(const Stmt& s, bool condition) {
    if (condition) return run(s.body());
    return s->body.size() > 1 ? run(s->body[1]) : make_block({});
  }

  bool depends(const Expr& e) {
    if (e.is(Op::var)) return unrolled_.contains(e->var.get());
    if (e->args.empty()) return false;
    auto it = depends_.find(e.get());
    if (it != depends_.end()) return it->second.second;
    bool result = false;
    for (const Expr& arg : e->args) result |= depends(arg);
    depends_.emplace(e.get(), std::pair(e, result));
    return result;
  }

  Expr instantiate(const Expr& e) {
    if (!depends(e)) return e;
    if (e.is(Op::var)) return unrolled_value_.at(e->var.get());
    if (is_index(e) && !e.is(Op::load)) return instantiate_index(e);
    return instantiate_args(e);
  }

  Expr instantiate_args(const Expr& e) {
    std::vector<Expr> args;
    bool constant = false;
    for (const Expr& arg : e->args) {
      args.push_back(instantiate(arg));
      constant |= args.back().is(Op::int_imm);
    }
    Expr result = with_args(e, std::move(args));
    bool folds = constant && e.lanes() == 1 && !e.is(Op::load);
    return folds ? simplify(result) : result;
  }

  Expr instantiate_index(const Expr& e) {
    const Index& index = analyse(e);
    Linear sum;
    sum.constant = index.constant;
    for (auto [var, coef] : index.unrolled) {
      const Expr& value = unrolled_value_.at(var);
      if (value.is(Op::int_imm))
        sum.constant = wrap_add(sum.constant, wrap_mul(value->int_value, coef));
      else
        sum.add(to_linear(value), coef);
    }
    for (const Term& t : index.other) sum.add(to_linear(instantiate_args(t.atom)), t.coef);
    return add(index.rest, std::move(sum));
  }

  static Expr add(const Expr& rest, Linear sum) {
    if (!rest) return Order().to_expr(std::move(sum));
    if (!sum.is_constant()) {
      sum.add(to_linear(rest));
      return Order().to_expr(std::move(sum));
    }
    if (sum.constant == 0) return rest;
    return sum.constant > 0 ? rest + sum.constant : rest - wrap_sub(0, sum.constant);
  }

  const Index& analyse(const Expr& e) {
    auto [it, fresh] = indices_.try_emplace(e.get());
    if (!fresh) return it->second;
    Index& index = it->second;
    index.self = e;
    Linear linear = to_linear(e), rest;
    index.constant = linear.constant;
    for (const Term& t : linear.terms) {
      if (!depends(t.atom))
        rest.add(t.atom, t.coef);
      else if (t.atom.is(Op::var))
        index.unrolled.emplace_back(t.atom->var.get(), t.coef);
      else
        index.other.push_back(t);
    }
    if (!rest.is_constant()) index.rest = Order().to_expr(std::move(rest));
    return index;
  }

  std::unordered_set<const VarNode*> unrolled_;
  std::unordered_map<const VarNode*, Expr> unrolled_value_;
  std::unordered_map<const ExprNode*, std::pair<Expr, bool>> depends_;
  std::unordered_map<const ExprNode*, Index> indices_;
};

}  // namespace

Stmt unroll_loops(const Stmt& s) {
  Unroller unroller(s);
  return unroller.any() ? unroller.run(s) : s;
}

}  // namespace broach
