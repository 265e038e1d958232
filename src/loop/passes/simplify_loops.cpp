// One descent with the bounds of the variables in scope. Loops that run once, Lets of constants and variables are put
// into their uses on the way.
#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

#include "expr/linear.h"
#include "expr/simplify.h"
#include "loop/passes/expressions.h"
#include "loop/passes/passes.h"

namespace broach {
namespace {

bool is_nothing(const Stmt& s) { return s.is(StmtOp::block) && s->body.empty(); }
bool is_literal(const Expr& e) { return e.is(Op::int_imm) || e.is(Op::float_imm) || (e.is(Op::broadcast) && is_literal(e.arg(0))); }

// Narrows the bounds of variables by what a condition says of them.
class Refiner {
 public:
  explicit Refiner(Bounds& bounds) : bounds_(bounds) {}

  void assume(const Expr& condition, bool truth) {
    switch (condition->op) {
      case Op::logical_not: return assume(condition.arg(0), !truth);
      case Op::logical_and:
      case Op::logical_or:
        if ((condition->op == Op::logical_and) != truth) return;  // one of two: neither is known
        assume(condition.arg(0), truth);
        return assume(condition.arg(1), truth);
      case Op::lt: return truth ? at_most(condition, 0, 1, -1) : at_most(condition, 1, 0, 0);
      case Op::le: return truth ? at_most(condition, 0, 1, 0) : at_most(condition, 1, 0, -1);
      case Op::gt: return truth ? at_most(condition, 1, 0, -1) : at_most(condition, 0, 1, 0);
      case Op::ge: return truth ? at_most(condition, 1, 0, 0) : at_most(condition, 0, 1, -1);
      case Op::eq:
      case Op::ne:
        if ((condition->op == Op::eq) != truth) return;
        at_most(condition, 0, 1, 0);
        return at_most(condition, 1, 0, 0);
      default: return;
    }
  }

 private:
  // arg(smaller) <= arg(larger) + slack
  void at_most(const Expr& comparison, int smaller, int larger, int64_t slack) {
    if (!is_index(comparison.arg(0))) return;
    Linear difference = to_linear(comparison.arg(smaller));
    difference.add(to_linear(comparison.arg(larger)), -1);
    difference.constant = wrap_sub(difference.constant, slack);
    for (const Term& t : difference.terms)  // the rest of the sum bounds each variable
      if (t.atom.is(Op::var)) narrow(t, difference);
  }

  // coef * var <= -rest
  void narrow(const Term& term, Linear rest) {
    rest.add(term.atom, -term.coef);
    Linear negative;
    negative.add(rest, -1);
    std::optional<Interval> limit = bounds_of(Order().to_expr(negative), bounds_);
    const Interval* known = bounds_.find(term.atom->var);
    if (!limit || !known) return;
    Interval narrowed = *known;
    if (term.coef > 0)
      narrowed.high = std::min(narrowed.high, floor_div(limit->high, term.coef));
    else if (term.coef > std::numeric_limits<int64_t>::min())
      narrowed.low = std::max(narrowed.low, -floor_div(limit->high, -term.coef));
    if (narrowed.low <= narrowed.high) bounds_.set(term.atom->var, narrowed);
  }

  Bounds& bounds_;
};

class LoopSimplifier {
 public:
  Stmt run(const Stmt& s) {
    switch (s->op) {
      case StmtOp::for_loop: return run_for(s);
      case StmtOp::let: return run_let(s);
      case StmtOp::if_then_else: return run_if(s);
      default: break;
    }
    std::vector<Expr> exprs;
    std::vector<Stmt> body;
    for (const Expr& e : s->exprs) exprs.push_back(expr(e));
    for (const Stmt& child : s->body) body.push_back(run(child));
    if (s.is(StmtOp::allocate) && is_nothing(body[0])) return body[0];
    return rebuilt(s, std::move(exprs), std::move(body));
  }

 private:
  static Stmt rebuilt(const Stmt& s, std::vector<Expr> exprs, std::vector<Stmt> body) {
    bool changed = false;
    for (size_t i = 0; i < exprs.size(); ++i) changed |= !exprs[i].same_as(s->exprs[i]);
    for (size_t i = 0; i < body.size(); ++i) changed |= !body[i].same_as(s->body[i]);
    return changed ? with_children(s, std::move(exprs), std::move(body)) : s;
  }

  Stmt run_for(const Stmt& s) {
    Expr begin = expr(s->exprs[0]), extent = expr(s->exprs[1]);
    std::optional<Interval> first = bounds_of(begin, bounds_), count = bounds_of(extent, bounds_);
    if (count && count->high <= 0) return make_block({});
    if (is_const(extent, 1)) return has_load(begin) ? run_let(make_let(s->var, begin, s.body())) : run_with(s->var, begin, s.body());
    Stmt body;
    {
      Scope scope(*this);
      if (first && count) bounds_.set(s->var, {first->low, wrap_add(first->high, count->high - 1)});
      body = run(s.body());
    }
    return is_nothing(body) ? body : rebuilt(s, {begin, extent}, {body});
  }

  Stmt run_let(const Stmt& s) {
    Expr value = expr(s->exprs[0]);
    if (is_literal(value) || value.is(Op::var)) return run_with(s->var, value, s.body());
    Stmt body;
    {
      Scope scope(*this);
      if (is_index(value))
        if (std::optional<Interval> interval = bounds_of(value, bounds_)) bounds_.set(s->var, *interval);
      body = run(s.body());
    }
    return is_nothing(body) ? body : rebuilt(s, {value}, {body});
  }

  Stmt run_with(const Var& var, const Expr& value, const Stmt& body) {
    Scope scope(*this);  // remembered results may hold the variable's former value
    values_[var.get()] = value;
    Stmt result = run(body);
    values_.erase(var.get());
    return result;
  }

  Stmt run_if(const Stmt& s) {
    Expr condition = expr(s->exprs[0]);
    if (condition.is(Op::int_imm)) {
      if (condition->int_value) return run(s.body());
      return s->body.size() > 1 ? run(s->body[1]) : make_block({});
    }
    Stmt then_body = run_assuming(condition, true, s.body());
    Stmt else_body = s->body.size() > 1 ? run_assuming(condition, false, s->body[1]) : make_block({});
    if (is_nothing(else_body)) {
      if (is_nothing(then_body)) return then_body;
      return rebuilt(s->body.size() > 1 ? make_if(condition, then_body) : s, {condition}, {then_body});
    }
    if (is_nothing(then_body)) return make_if(expr(logical_not(condition)), else_body);
    return rebuilt(s, {condition}, {then_body, else_body});
  }

  Stmt run_assuming(const Expr& condition, bool truth, const Stmt& body) {
    Scope scope(*this);
    Refiner(bounds_).assume(condition, truth);
    return run(body);
  }

  // e with values put in and simplified. Index expressions as a whole; the operations of values one by one, for these
  // can be large and have few rules.
  Expr expr(const Expr& e) {
    if (e.is(Op::var)) {
      auto it = values_.find(e->var.get());
      return it == values_.end() ? simplify(e, bounds_) : it->second;
    }
    if (e->args.empty()) return e;
    auto it = done_.find(e.get());
    if (it != done_.end()) return it->second.second;
    Expr result = compute(e);
    done_.emplace(e.get(), std::pair(e, result));
    return result;
  }

  Expr compute(const Expr& e) {
    if (is_index(e) && !e.is(Op::load)) return index(e);
    std::vector<Expr> args;
    bool changed = false, literal = false;
    for (const Expr& arg : e->args) {
      args.push_back(expr(arg));
      changed |= !args.back().same_as(arg);
      literal |= is_literal(args.back());
    }
    Expr result = changed ? with_args(e, std::move(args)) : e;
    bool vector_of_args = e.is(Op::broadcast) || (e.is(Op::ramp) && !is_const(result.arg(1), 0));
    bool fold = (literal || !is_float(e.dtype())) && !e.is(Op::load) && !vector_of_args;
    return fold ? simplify(result, bounds_) : result;
  }

  // The unrolled copies of an index differ in the constant only.
  Expr index(const Expr& e) {
    bool offset = (e.is(Op::add) || e.is(Op::sub)) && e.arg(1).is(Op::int_imm) && e.arg(1)->int_value > 0;
    if (!offset) return simplify(values_.empty() ? e : with_values(e), bounds_);
    Expr rest = expr(e.arg(0));
    bool plain = !rest.is(Op::int_imm) && !rest.is(Op::sub) && !(rest.is(Op::add) && rest.arg(1).is(Op::int_imm));
    Expr sum = rest.same_as(e.arg(0)) ? e : with_args(e, {rest, e.arg(1)});
    return plain ? sum : simplify(sum, bounds_);
  }

  Expr with_values(const Expr& e) {
    return rewrite(e, [this](const Expr& node) {
      if (!node.is(Op::var)) return node;
      auto it = values_.find(node->var.get());
      return it == values_.end() ? node : it->second;
    });
  }

  // Bounds hold inside a statement only, and so do the results found with them.
  struct Scope {
    explicit Scope(LoopSimplifier& s) : simplifier(s), bounds(s.bounds_) { done.swap(s.done_); }
    ~Scope() {
      simplifier.bounds_ = std::move(bounds);
      done.swap(simplifier.done_);
    }
    LoopSimplifier& simplifier;
    Bounds bounds;
    std::unordered_map<const ExprNode*, std::pair<Expr, Expr>> done;
  };

  Bounds bounds_;
  std::unordered_map<const VarNode*, Expr> values_;  // of variables that vanish
  std::unordered_map<const ExprNode*, std::pair<Expr, Expr>> done_;
};

}  // namespace

Stmt simplify_loops(const Stmt& s) { return LoopSimplifier().run(s); }

}  // namespace broach
