#include "expr/linear.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace broach {

int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return a % b < 0 ? q - 1 : q;
}

int64_t floor_mod(int64_t a, int64_t b) {
  int64_t r = a % b;
  return r < 0 ? r + b : r;
}

void Linear::add(const Expr& atom, int64_t coef) {
  if (coef == 0) return;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!equal(terms[i].atom, atom)) continue;
    terms[i].coef = wrap_add(terms[i].coef, coef);
    if (terms[i].coef == 0) terms.erase(terms.begin() + ptrdiff_t(i));
    return;
  }
  terms.push_back({atom, coef});
}

void Linear::add(const Linear& other, int64_t factor) {
  for (const Term& term : other.terms) add(term.atom, wrap_mul(term.coef, factor));
  constant = wrap_add(constant, wrap_mul(other.constant, factor));
}

namespace {

void collect(const Expr& e, int64_t factor, Linear& out) {
  switch (e->op) {
    case Op::int_imm: out.constant = wrap_add(out.constant, wrap_mul(factor, e->int_value)); return;
    case Op::add:
    case Op::sub:
      collect(e.arg(0), factor, out);
      collect(e.arg(1), e.is(Op::add) ? factor : wrap_sub(0, factor), out);
      return;
    case Op::neg: collect(e.arg(0), wrap_sub(0, factor), out); return;
    case Op::mul:
      if (e.arg(1).is(Op::int_imm)) return collect(e.arg(0), wrap_mul(factor, e.arg(1)->int_value), out);
      if (e.arg(0).is(Op::int_imm)) return collect(e.arg(1), wrap_mul(factor, e.arg(0)->int_value), out);
      break;
    default: break;
  }
  out.add(e, factor);
}

template <class T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

uint64_t magnitude(int64_t v) { return v < 0 ? 0 - uint64_t(v) : uint64_t(v); }

}  // namespace

Linear to_linear(const Expr& e) {
  Linear result;
  collect(e, 1, result);
  return result;
}

size_t Order::number(const void* identity) const {
  auto it = numbers_.find(identity);
  return it == numbers_.end() ? numbers_.size() : it->second;
}

int Order::compare_leaf(const ExprNode& a, const ExprNode& b) const {
  if (int c = three_way(a.int_value, b.int_value)) return c;
  if (int c = three_way(std::bit_cast<uint64_t>(a.float_value), std::bit_cast<uint64_t>(b.float_value))) return c;
  if (a.var != b.var) {
    if (int c = a.var->name.compare(b.var->name)) return c;
    if (int c = three_way(number(a.var.get()), number(b.var.get()))) return c;
  }
  if (a.buffer != b.buffer) return three_way(number(a.buffer.get()), number(b.buffer.get()));
  if (a.tensor != b.tensor) return three_way(number(a.tensor.get()), number(b.tensor.get()));
  return 0;
}

int Order::compare(const Expr& a, const Expr& b) const {
  if (a.same_as(b)) return 0;
  if (int c = three_way(a->op, b->op)) return c;
  if (int c = three_way(a->type.dtype, b->type.dtype)) return c;
  if (int c = three_way(a->type.lanes, b->type.lanes)) return c;
  if (int c = compare_leaf(*a, *b)) return c;
  if (int c = three_way(a->args.size(), b->args.size())) return c;
  for (size_t i = 0; i < a->args.size(); ++i)
    if (int c = compare(a->args[i], b->args[i])) return c;
  return 0;
}

Expr Order::to_expr(Linear sum) const {
  std::sort(sum.terms.begin(), sum.terms.end(), [this](const Term& a, const Term& b) {
    if ((a.coef < 0) != (b.coef < 0)) return b.coef < 0;
    if (a.coef != b.coef) return magnitude(a.coef) > magnitude(b.coef);
    return compare(a.atom, b.atom) < 0;
  });
  Expr result;
  int64_t constant = sum.constant;
  if (sum.terms.empty() || sum.terms[0].coef < 0) {
    result = make_int(constant);
    constant = 0;
  }
  for (const Term& term : sum.terms) {
    auto factor = int64_t(magnitude(term.coef));
    Expr multiple = factor == 1 ? term.atom : term.atom * make_int(factor);
    result = !result ? multiple : term.coef < 0 ? result - multiple : result + multiple;
  }
  if (constant == 0) return result;
  bool subtract = constant < 0 && constant != std::numeric_limits<int64_t>::min();
  return subtract ? result - make_int(-constant) : result + make_int(constant);
}

}  // namespace broach
