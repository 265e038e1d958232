#include "loop/passes/share_values.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "loop/passes/expressions.h"
#include "loop/passes/passes.h"

namespace broach {
namespace {

// Numbers the distinct values of an expression, operands first.
class Values {
 public:
  struct Value {
    Expr expr;                 // as it stands in the input
    std::vector<size_t> args;  // numbers; none for a leaf
    int uses = 0;
    bool always = false;  // evaluated in any case, not only in a select's arm
    bool loads = false;
  };

  explicit Values(const Expr& root) {
    size_t number = add(root);
    all_[number].uses = 1;
    mark(number);
  }

  std::vector<Value>& all() { return all_; }

 private:
  // Indices stay whole: passes want to see them as sums.
  static bool is_leaf(const Expr& e) { return e->args.empty() || e.is(Op::load) || e.dtype() == DType::i64; }

  size_t add(const Expr& e) {
    auto seen = by_node_.find(e.get());
    if (seen != by_node_.end()) return seen->second;
    size_t number = is_leaf(e) ? add_leaf(e) : add_operation(e);
    by_node_.emplace(e.get(), number);
    return number;
  }

  size_t add_leaf(const Expr& e) {
    auto [it, fresh] = leaves_.try_emplace(e, all_.size());
    if (fresh) all_.push_back({e, {}, 0, false, has_load(e)});
    return it->second;
  }

  size_t add_operation(const Expr& e) {
    std::vector<size_t> args;
    for (const Expr& arg : e->args) args.push_back(add(arg));
    auto [it, fresh] = operations_.try_emplace({e->op, e.dtype(), e.lanes(), args}, all_.size());
    if (fresh) {
      for (size_t arg : args) ++all_[arg].uses;
      all_.push_back({e, std::move(args)});
    }
    return it->second;
  }

  void mark(size_t number) {
    if (all_[number].always) return;
    all_[number].always = true;
    bool select = all_[number].expr.is(Op::select);
    const std::vector<size_t>& args = all_[number].args;
    for (size_t i = 0; i < args.size() && !(select && i > 0); ++i) mark(args[i]);
  }

  std::vector<Value> all_;
  std::unordered_map<const ExprNode*, size_t> by_node_;
  ExprMap<size_t> leaves_;
  std::map<std::tuple<Op, DType, int, std::vector<size_t>>, size_t> operations_;
};

// A value that got a name: how it is computed and the statement that holds it.
struct Named {
  Var var;        // scalar
  Buffer buffer;  // vector
  Expr value;
};

bool deserves_name(const Values::Value& v) {
  if (v.uses < 2 || v.args.empty() || v.expr.dtype() == DType::boolean) return false;
  if (v.expr.is(Op::broadcast) && !v.expr.arg(0).is(Op::load) && v.expr.arg(0)->args.empty()) return false;
  return v.always || !v.loads;  // a load in an arm must not be performed where the arm is not taken
}

Expr name(const Expr& value, std::vector<Named>& named) {
  Named n{{}, {}, value};
  int lanes = value.lanes();
  if (lanes == 1)
    n.var = make_var("t", value.dtype());
  else
    n.buffer = make_buffer("t", value.dtype(), lanes, Storage::registers);
  Expr use = n.var ? Expr(n.var) : load(n.buffer, ramp(0, 1, lanes));
  named.push_back(std::move(n));
  return use;
}

// root with the names put in.
Expr name_values(const Expr& root, std::vector<Named>& named) {
  Values values(root);
  std::vector<Values::Value>& all = values.all();
  std::vector<Expr> result;
  for (Values::Value& v : all) {
    std::vector<Expr> args;
    bool changed = false;
    for (size_t i = 0; i < v.args.size(); ++i) {
      args.push_back(result[v.args[i]]);
      changed |= !args.back().same_as(v.expr->args[i]);
      v.loads |= all[v.args[i]].loads;
    }
    result.push_back(changed ? with_args(v.expr, std::move(args)) : v.expr);
    if (!deserves_name(v)) continue;
    result.back() = name(result.back(), named);
    v.loads = false;
  }
  return result.back();
}

}  // namespace

Stmt share_values_of(const Stmt& s) {
  std::vector<Named> named;
  std::vector<Expr> exprs = s->exprs;
  exprs.back() = name_values(exprs.back(), named);
  if (named.empty()) return s;
  Stmt result = with_children(s, std::move(exprs), s->body);
  for (auto n = named.rbegin(); n != named.rend(); ++n) {
    if (n->var)
      result = make_let(n->var, n->value, result);
    else
      result = make_allocate(n->buffer, make_block({make_store(n->buffer, ramp(0, 1, n->value.lanes()), n->value), result}));
  }
  return result;
}

Stmt share_values(const Stmt& s) {
  return rewrite(s, [](const Stmt& child) { return child.is(StmtOp::store) || child.is(StmtOp::let) ? share_values_of(child) : child; });
}

}  // namespace broach
