// A vector loop over v becomes one copy of its body in which v is a ramp. Where a statement cannot be written so, a
// serial loop over v is left around that statement alone: iterations are independent, so statements may be
// distributed.
#include <optional>
#include <unordered_map>

#include "expr/linear.h"
#include "loop/passes/expressions.h"
#include "loop/passes/passes.h"

namespace broach {
namespace {

constexpr int64_t max_lanes = 256;  // beyond it, types of LLVM become slow to compile

Expr sum(const Linear& linear) { return Order().to_expr(linear); }

class Widener {
 public:
  Widener(Var var, Expr begin, int lanes) : var_(std::move(var)), begin_(std::move(begin)), lanes_(lanes) {}

  Stmt widen(const Stmt& s) {
    switch (s->op) {
      case StmtOp::block: return widen_block(s);
      case StmtOp::for_loop: return widen_for(s);
      case StmtOp::let: return widen_let(s);
      case StmtOp::if_then_else: return widen_if(s);
      case StmtOp::store: return widen_store(s);
      case StmtOp::allocate: return widen_allocate(s);
      case StmtOp::prefetch: return substitute(s, {{var_, begin_}});  // a hint for the vector's first element
    }
    return scalarise(s);
  }

 private:
  Stmt scalarise(const Stmt& s) const { return make_for(var_, begin_, lanes_, s, ForKind::serial); }

  Stmt widen_block(const Stmt& s) {
    std::vector<Stmt> body;
    for (const Stmt& child : s->body) body.push_back(widen(child));
    return make_block(std::move(body));
  }

  Stmt widen_for(const Stmt& s) {
    if (depends(s->exprs[0]) || depends(s->exprs[1])) return scalarise(s);
    return with_children(s, s->exprs, {widen(s.body())});
  }

  Stmt widen_if(const Stmt& s) {
    if (depends(s->exprs[0])) return scalarise(s);
    std::vector<Stmt> body;
    for (const Stmt& child : s->body) body.push_back(widen(child));
    return with_children(s, s->exprs, std::move(body));
  }

  // A variable is a scalar. One that differs between the lanes is put into its uses, or, where that would repeat work
  // or move a load, into registers.
  Stmt widen_let(const Stmt& s) {
    const Expr& value = s->exprs[0];
    if (!depends(value)) return with_children(s, s->exprs, {widen(s.body())});
    if (value.dtype() == DType::i64 && !has_load(value)) return widen(substitute(s.body(), {{s->var, value}}));
    Buffer lanes = make_buffer(s->var->name, value.dtype(), lanes_, Storage::registers);
    Stmt body = substitute(s.body(), {{s->var, load(lanes, lane())}});
    return make_allocate(lanes, make_block({widen(make_store(lanes, lane(), value)), widen(body)}));
  }

  // Memory of one iteration becomes memory of all lanes, the lane innermost.
  Stmt widen_allocate(const Stmt& s) {
    const Buffer& one = s->buffer;
    Buffer all = make_buffer(one->name, one->dtype, one->elements * lanes_, one->storage);
    auto index = [&](const Expr& i) {
      return is_index(i) ? sum(to_linear(i * lanes_ + lane())) : i * broadcast(lanes_, i.lanes()) + broadcast(lane(), i.lanes());
    };
    auto replace_loads = [&](const Expr& e) {
      return rewrite(e, [&](const Expr& node) { return node.is(Op::load) && node->buffer == one ? load(all, index(node.arg(0))) : node; });
    };
    auto replace_stores = [&](const Stmt& child) {
      if (child->buffer != one || !child.is(StmtOp::store)) return child;
      return make_store(all, index(child->exprs[0]), child->exprs[1]);
    };
    return make_allocate(all, widen(rewrite(s.body(), replace_stores, replace_loads)));
  }

  Stmt widen_store(const Stmt& s) {
    std::optional<Expr> index = widen(s->exprs[0]), value = widen(s->exprs[1]);
    // Scattering is no faster than a loop; one element for all lanes is no vector at all.
    if (!index || !value || !index->is(Op::ramp)) return scalarise(s);
    return make_store(s->buffer, *index, *value);
  }

  // v - begin
  Expr lane() const { return is_const(begin_, 0) ? Expr(var_) : Expr(var_) - begin_; }

  bool depends(const Expr& e) {
    if (e.is(Op::var)) return e->var == var_;
    if (e->args.empty()) return false;
    auto it = depends_.find(e.get());
    if (it != depends_.end()) return it->second.second;
    bool result = false;
    for (const Expr& arg : e->args) result |= depends(arg);
    depends_.emplace(e.get(), std::pair(e, result));
    return result;
  }

  // e for all lanes; e itself where the lanes do not differ; nothing where e holds vectors already.
  std::optional<Expr> widen(const Expr& e) {
    if (!depends(e)) return e.lanes() == 1 ? std::optional(e) : std::nullopt;
    if (e.lanes() > 1) return std::nullopt;
    if (e.is(Op::var)) return ramp(begin_, 1, lanes_);
    auto it = widened_.find(e.get());
    if (it != widened_.end()) return it->second.second;
    std::optional<Expr> result = is_index(e) ? widen_affine(e) : std::nullopt;
    if (!result) result = widen_args(e);
    widened_.emplace(e.get(), std::pair(e, result));
    return result;
  }

  std::optional<Expr> widen_args(const Expr& e) {
    std::vector<Expr> args;
    for (const Expr& arg : e->args) {
      std::optional<Expr> wide = widen(arg);
      if (!wide) return std::nullopt;
      args.push_back(*wide);
    }
    return with_args(e, std::move(args));
  }

  // base + stride * v is a ramp if neither depends on v.
  std::optional<Expr> widen_affine(const Expr& e) {
    Linear linear = to_linear(e), base, stride;
    base.constant = linear.constant;
    for (const Term& t : linear.terms) {
      if (!depends(t.atom))
        base.add(t.atom, t.coef);
      else if (std::optional<Expr> factor = factor_of_var(t.atom))
        stride.add(to_linear(*factor), t.coef);
      else
        return std::nullopt;
    }
    Expr step = sum(stride);
    if (!is_const(begin_, 0)) base.add(to_linear(step * begin_));
    return is_const(step, 0) ? sum(base) : ramp(sum(base), step, lanes_);
  }

  std::optional<Expr> factor_of_var(const Expr& atom) {
    if (atom.is(Op::var)) return Expr(1);
    if (!atom.is(Op::mul)) return std::nullopt;
    for (int i : {0, 1})
      if (atom.arg(i).is(Op::var) && depends(atom.arg(i)) && !depends(atom.arg(1 - i))) return atom.arg(1 - i);
    return std::nullopt;
  }

  Var var_;
  Expr begin_;
  int lanes_;
  // By node; the expression is kept so that its address stays its own.
  std::unordered_map<const ExprNode*, std::pair<Expr, bool>> depends_;
  std::unordered_map<const ExprNode*, std::pair<Expr, std::optional<Expr>>> widened_;
};

Stmt vectorize_loop(const Stmt& s) {
  if (!s.is(StmtOp::for_loop) || s->for_kind != ForKind::vector) return s;
  int64_t lanes = 0;
  BROACH_CHECK(as_int(s->exprs[1], &lanes), "the vector loop over {} has no constant extent", s->var->name);
  if (lanes <= 1 || lanes > max_lanes) return make_for(s->var, s->exprs[0], s->exprs[1], s.body(), ForKind::serial);
  return Widener(s->var, s->exprs[0], int(lanes)).widen(s.body());
}

}  // namespace

Stmt vectorize_loops(const Stmt& s) { return rewrite(s, vectorize_loop); }

}  // namespace broach
