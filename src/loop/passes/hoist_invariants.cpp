// Splits every index into the sums that each enclosing loop fixes: base = outer part, next = base + middle part, ...
// and leaves at the access the innermost one plus a constant. So all accesses of an unrolled body share one base and
// differ in a constant, which machine addresses hold for free.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "expr/linear.h"
#include "loop/passes/expressions.h"
#include "loop/passes/passes.h"

namespace broach {
namespace {

class Hoister {
 public:
  Stmt run(const Stmt& s) {
    std::vector<Expr> exprs;
    std::vector<Stmt> body;
    bool changed = false;
    for (const Expr& e : s->exprs) {
      exprs.push_back(place(e));
      changed |= !exprs.back().same_as(e);
    }
    for (const Stmt& child : s->body) {
      body.push_back(s->var ? run_level(s->var, child) : run(child));
      changed |= !body.back().same_as(child);
    }
    return changed ? with_children(s, std::move(exprs), std::move(body)) : s;
  }

 private:
  struct Let {
    Var var;
    Expr value;
    int uses = 0;
    bool outlasts = false;  // used by inner loops
  };
  // What becomes of an index: a variable (or null) and what cannot stand outside.
  struct Placed {
    Expr self;  // keeps the node's address its own
    Expr base;
    Linear here;
  };
  // The body of one For or Let: where Lets can stand.
  struct Level {
    std::vector<Let> lets;
    ExprMap<size_t> known;
    std::unordered_map<const ExprNode*, Placed> placed;  // indices met here
  };
  struct Position {
    size_t level, index;
  };

  Stmt run_level(const Var& var, const Stmt& s) {
    levels_.emplace_back();
    level_of_[var.get()] = levels_.size();
    Stmt body = run(s);
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return wrap(level, body);
  }

  // A Let used once where it stands says less than the expression itself.
  static Stmt wrap(const Level& level, Stmt body) {
    std::vector<VarBinding> put_back;
    for (const Let& let : level.lets)
      if (let.uses == 1 && !let.outlasts) put_back.push_back({let.var, substitute(let.value, put_back)});
    if (!put_back.empty()) body = substitute(body, put_back);
    for (auto let = level.lets.rbegin(); let != level.lets.rend(); ++let)
      if (let->uses > 1 || let->outlasts) body = make_let(let->var, substitute(let->value, put_back), body);
    return body;
  }

  // e with its index expressions replaced by bases.
  Expr place(const Expr& e) {
    if (e->args.empty()) return e;
    if (is_index(e) && !e.is(Op::load)) return place_index(e);
    return place_args(e);
  }

  Expr place_args(const Expr& e) {
    std::vector<Expr> args;
    bool changed = false;
    for (const Expr& arg : e->args) {
      args.push_back(place(arg));
      changed |= !args.back().same_as(arg);
    }
    return changed ? with_args(e, std::move(args)) : e;
  }

  Expr place_index(const Expr& e) {
    bool offset = (e.is(Op::add) || e.is(Op::sub)) && e.arg(1).is(Op::int_imm);
    if (!offset) return to_expr(place_sum(e), 0);
    int64_t constant = e.arg(1)->int_value;
    return to_expr(place_sum(e.arg(0)), e.is(Op::add) ? constant : wrap_sub(0, constant));
  }

  static Expr to_expr(const Placed& placed, int64_t constant) {
    Linear sum = placed.here;
    sum.constant = wrap_add(sum.constant, constant);
    if (placed.base) sum.add(placed.base, 1);
    return Order().to_expr(std::move(sum));
  }

  Placed place_sum(const Expr& e) {
    auto& memo = levels_.empty() ? outside_ : levels_.back().placed;
    auto it = memo.find(e.get());
    if (it == memo.end()) return memo[e.get()] = split(e);
    if (it->second.base) count_use(it->second.base);
    return it->second;
  }

  Placed split(const Expr& e) {
    Placed result{e, {}, {}};
    Linear linear = to_linear(e);
    result.here.constant = linear.constant;
    std::map<size_t, Linear> by_level;
    for (const Term& t : linear.terms) {
      Expr atom = place_args(t.atom);
      (has_load(atom) ? result.here : by_level[level_of(atom)]).add(atom, t.coef);  // memory may change after a Let
    }
    for (auto& [level, part] : by_level) {
      if (result.base) part.add(result.base, 1);
      result.base = bind(level, Order().to_expr(std::move(part)));
    }
    return result;
  }

  size_t level_of(const Expr& e) const {
    if (e.is(Op::var)) return level_of_.at(e->var.get());
    size_t level = 0;
    for (const Expr& arg : e->args) level = std::max(level, level_of(arg));
    return level;
  }

  Expr bind(size_t number, const Expr& value) {
    if (value.is(Op::var) || number == 0) {
      count_use(value);
      return value;
    }
    Level& level = levels_[number - 1];
    auto [it, fresh] = level.known.try_emplace(value, level.lets.size());
    if (fresh) {
      level.lets.push_back({make_var("base"), value});
      level_of_[level.lets.back().var.get()] = number;
      positions_[level.lets.back().var.get()] = {number - 1, it->second};
    }
    const Let& let = level.lets[it->second];
    count_use(let.var);
    return let.var;
  }

  void count_use(const Expr& base) {
    auto it = base.is(Op::var) ? positions_.find(base->var.get()) : positions_.end();
    if (it == positions_.end()) return;
    Let& let = levels_[it->second.level].lets[it->second.index];
    ++let.uses;
    let.outlasts |= it->second.level + 1 < levels_.size();
  }

  std::vector<Level> levels_;  // level n is levels_[n - 1]
  std::unordered_map<const ExprNode*, Placed> outside_;
  std::unordered_map<const VarNode*, size_t> level_of_;
  std::unordered_map<const VarNode*, Position> positions_;
};

}  // namespace

Stmt hoist_invariants(const Stmt& s) { return Hoister().run(s); }

}  // namespace broach
