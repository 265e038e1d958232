// Comparisons and minima. Of i64, every inequality becomes sum <= limit; it is decided by its range or reduced to a smaller one.
#include <algorithm>
#include <numeric>

#include "expr/simplifier.h"

namespace broach {
namespace {

int64_t common_factor(const Linear& a) {
  int64_t factor = 0;
  for (const Term& term : a.terms) factor = std::gcd(factor, term.coef);
  return factor;
}

// Where both are known not to be NaN and the ranges tell.
std::optional<bool> decide(Op op, const Range& a, const Range& b) {
  switch (op) {
    case Op::lt: return a.high < b.low ? std::optional(true) : a.low >= b.high ? std::optional(false) : std::nullopt;
    case Op::le: return a.high <= b.low ? std::optional(true) : a.low > b.high ? std::optional(false) : std::nullopt;
    default:
      if (a.high < b.low || b.high < a.low) return op == Op::ne;
      return std::nullopt;
  }
}

}  // namespace

std::optional<Inequality> to_inequality(const Expr& e) {
  bool orders = e.is(Op::lt) || e.is(Op::le);
  if (!orders || e.arg(0).dtype() != DType::i64) return std::nullopt;
  Inequality i{to_linear(e.arg(0)), e.is(Op::lt) ? -1 : 0};
  i.sum.add(to_linear(e.arg(1)), -1);
  i.limit = wrap_sub(i.limit, i.sum.constant);
  i.sum.constant = 0;
  return i;
}

Expr Simplifier::comparison(Op op, const Expr& a, const Expr& b) {
  if (op == Op::gt) return comparison(Op::lt, b, a);
  if (op == Op::ge) return comparison(Op::le, b, a);
  if (a.dtype() == DType::i64) {
    Linear sum = to_linear(a);
    sum.add(to_linear(b), -1);
    recombine(sum);
    int64_t limit = wrap_sub(op == Op::lt ? -1 : 0, sum.constant);
    sum.constant = 0;
    if (op == Op::lt || op == Op::le) return inequality(std::move(sum), limit);
    Expr same = equality(std::move(sum), limit);
    return op == Op::eq ? same : negation(same);
  }
  if (!is_float(a.dtype()) && a.dtype() != DType::u64) {
    if (equal(a, b)) return make_bool(op == Op::eq || op == Op::le);
    if (std::optional<bool> known = decide(op, ranges_.of(a), ranges_.of(b))) return make_bool(*known);
  }
  return make_binary(op, a, b);
}

// One reduction of sum <= limit, if there is one: by a common factor, by low terms that make no difference, from a quotient
// to its dividend.
bool Simplifier::reduce_step(Inequality& i) {
  if (i.sum.is_constant()) return false;
  if (int64_t factor = common_factor(i.sum); factor > 1) {
    for (Term& term : i.sum.terms) term.coef /= factor;
    i.limit = floor_div(i.limit, factor);
    return true;
  }
  for (int64_t unit : units_of(i.sum, 0)) {
    Linear high, low;
    split_by_unit(i.sum, unit, &high, &low);
    Range rest = add(broach::multiply(ranges_.of(low), -1), {i.limit, i.limit});
    int64_t limit;
    if (!same_quotient(rest, unit, &limit)) continue;
    i = {std::move(high), limit};
    return true;
  }
  const Term& term = i.sum.terms[0];
  int64_t c, limit;
  bool quotient = i.sum.terms.size() == 1 && term.atom.is(Op::div) && as_int(term.atom.arg(1), &c) && c > 0;
  if (!quotient || __builtin_mul_overflow(i.limit, c, &limit)) return false;
  if (term.coef == 1 && __builtin_add_overflow(limit, c - 1, &limit)) return false;  // q/c <= k is q <= k*c + c-1
  i.sum = scaled(to_linear(term.atom.arg(0)), term.coef);
  i.limit = wrap_sub(limit, i.sum.constant);
  i.sum.constant = 0;
  return true;
}

Inequality Simplifier::reduced(Linear sum, int64_t limit) {
  Inequality i{std::move(sum), limit};
  while (reduce_step(i)) {
  }
  return i;
}

Expr Simplifier::inequality(Linear sum, int64_t limit) {
  for (bool again = true; again;) {
    Range range = ranges_.of(sum);
    if (range.high <= limit) return make_bool(true);
    if (range.low > limit) return make_bool(false);
    Inequality i = reduced(sum, limit);
    again = i.limit != limit || i.sum.terms.size() != sum.terms.size();
    sum = std::move(i.sum);
    limit = i.limit;
  }
  return two_sided(Op::le, sum, limit);
}

Expr Simplifier::equality(Linear sum, int64_t value) {
  Range range = ranges_.of(sum);
  if (range.is_point() && range.low == value) return make_bool(true);
  if (value < range.low || value > range.high) return make_bool(false);
  if (int64_t factor = common_factor(sum); factor > 1) {
    if (value % factor != 0) return make_bool(false);
    for (Term& term : sum.terms) term.coef /= factor;
    value /= factor;
  }
  // The sign is free: the leading term of the side where terms are larger goes left.
  Linear flipped = scaled(sum, -1);
  Expr plain = two_sided(Op::eq, sum, value), other = two_sided(Op::eq, flipped, wrap_sub(0, value));
  if (plain.arg(0).is(Op::int_imm)) return other;
  if (other.arg(0).is(Op::int_imm)) return plain;
  return order_.compare(plain, other) <= 0 ? plain : other;
}

// Positive terms on the left, negative ones on the right, the constant where it is positive.
Expr Simplifier::two_sided(Op op, const Linear& sum, int64_t limit) {
  Linear left, right;
  for (const Term& term : sum.terms) {
    if (term.coef > 0)
      left.terms.push_back(term);
    else
      right.terms.push_back({term.atom, wrap_sub(0, term.coef)});
  }
  bool strict = op == Op::le && !left.is_constant() && (limit != 0 || right.is_constant()) && limit != Range::infinity;
  if (strict) {
    op = Op::lt;
    ++limit;
  }
  bool to_left = left.is_constant() || (limit < 0 && !right.is_constant() && limit != Range::minus_infinity);
  (to_left ? left : right).constant = to_left ? wrap_sub(0, limit) : limit;
  return make_binary(op, order_.to_expr(std::move(left)), order_.to_expr(std::move(right)));
}

}  // namespace broach
