// Vectors to elements and back.
#include "expr/simplifier.h"

namespace broach {

Var Simplifier::lane(int lanes) {
  for (const auto& [count, var] : lanes_)
    if (count == lanes) return var;
  Var var = make_var("lane");
  order_.note(var.get());
  ranges_.bind(var, {0, lanes - 1});
  lanes_.emplace_back(lanes, var);
  vectors_.emplace_back();
  return lanes_.back().second;
}

Expr Simplifier::element_of_ramp(const Expr& e) {
  Expr base = element(e.arg(0)), stride = element(e.arg(1));
  if (e.dtype() != DType::i64) {  // a ramp of one lane stands for its element
    ExprNode node = *e;
    node.type.lanes = 1;
    node.args = {base, stride};
    return Expr(std::move(node));
  }
  Linear sum = multiply(to_linear(stride), to_linear(Expr(lane(e.lanes()))));
  sum.add(to_linear(base));
  return to_expr(std::move(sum));
}

Expr Simplifier::reduction(const Expr& e) {
  Expr vector = run(e.arg(0));
  bool same = vector.lanes() == 1 || vector.is(Op::broadcast);
  if (same && e.is(Op::reduce_add) && e.dtype() == DType::i64) return to_expr(scaled(to_linear(element(e.arg(0))), e.arg(0).lanes()));
  if (same && (e.is(Op::reduce_max) || e.is(Op::reduce_min))) return element(e.arg(0));
  return vector.same_as(e.arg(0)) ? e : make_unary(e->op, vector);
}

Simplifier::Vector Simplifier::vectorize(const Expr& e, int lanes) {
  if (e.is(Op::var)) {
    bool varies = e->var == lane(lanes);
    return {varies ? ramp(0, 1, lanes) : e, varies};
  }
  if (e->args.empty() || (e->op >= Op::reduce_add && e->op <= Op::reduce_mul)) return {e, false};
  if (e.is(Op::ramp)) return {ramp(e.arg(0), e.arg(1), lanes), true};
  size_t index = 0;
  lane(lanes);
  while (lanes_[index].first != lanes) ++index;
  if (auto it = vectors_[index].find(e.get()); it != vectors_[index].end()) return it->second.second;
  Vector result = compute_vector(e, lanes);
  vectors_[index].emplace(e.get(), std::pair(e, result));
  return result;
}

Simplifier::Vector Simplifier::compute_vector(const Expr& e, int lanes) {
  std::vector<Vector> vectors;
  bool varies = false;
  for (const Expr& arg : e->args) {
    vectors.push_back(vectorize(arg, lanes));
    varies |= vectors.back().varies;
  }
  if (!varies) return {e, false};
  if (e.dtype() == DType::i64 && (e.is(Op::add) || e.is(Op::sub) || e.is(Op::mul))) return {vector_sum(to_linear(e), lanes), true};
  std::vector<Expr> args;
  for (Vector& v : vectors) args.push_back(v.varies ? v.value : broadcast(v.value, lanes));
  return {with_args(e, std::move(args)), true};
}

// base + stride*lane + terms that vary in other ways.
Expr Simplifier::vector_sum(const Linear& sum, int lanes) {
  Linear base, stride;
  Expr others;
  base.constant = sum.constant;
  for (const Term& term : sum.terms) {
    Expr factor = without_factor(term.atom, lane(lanes));
    bool is_stride = factor ? !vectorize(factor, lanes).varies : false;
    if (is_stride) {
      stride.add(to_linear(factor), term.coef);
      continue;
    }
    Vector vector = vectorize_product(term.atom, lanes);
    if (!vector.varies) {
      base.add(term.atom, term.coef);
      continue;
    }
    Expr multiple = term.coef == 1 ? vector.value : vector.value * broadcast(make_int(term.coef), lanes);
    others = others ? others + multiple : multiple;
  }
  Expr start = order_.to_expr(base);
  bool zero = stride.is_constant() && stride.constant == 0;
  if (bool(others) && zero && is_const(start, 0)) return others;
  Expr line = zero ? broadcast(start, lanes) : ramp(start, order_.to_expr(stride), lanes);
  return others ? others + line : line;
}

// As vectorize, for an atom of a sum: a product is taken operand by operand.
Simplifier::Vector Simplifier::vectorize_product(const Expr& atom, int lanes) {
  if (!atom.is(Op::mul)) return vectorize(atom, lanes);
  Vector a = vectorize_product(atom.arg(0), lanes), b = vectorize_product(atom.arg(1), lanes);
  if (!a.varies && !b.varies) return {atom, false};
  for (Vector* v : {&a, &b})
    if (!v->varies) v->value = broadcast(v->value, lanes);
  return {a.value * b.value, true};
}

}  // namespace broach
