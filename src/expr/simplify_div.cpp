// Floor division and modulo of i64. A dividend is split into what the divisor divides and a rest; the rest is then decided by
// its range, reduced by a common factor, or relieved of low terms that never carry.
#include <algorithm>
#include <numeric>

#include "expr/simplifier.h"

namespace broach {
namespace {

Linear exact_quotient(const Linear& a, int64_t factor) {  // of the terms; the constant rounds down
  Linear result = a;
  for (Term& term : result.terms) term.coef /= factor;
  result.constant = floor_div(a.constant, factor);
  return result;
}

int64_t common_factor(const Linear& a, int64_t with) {
  for (const Term& term : a.terms) with = std::gcd(with, term.coef);
  return with;
}

// x % m with constant m > 0.
bool is_modulo(const Expr& e, int64_t* m) { return e.is(Op::mod) && as_int(e.arg(1), m) && *m > 0; }

void collect_rest(const Linear& a, int64_t factor, int64_t c, Linear& rest) {
  for (const Term& term : a.terms) {
    int64_t m, span, coef = wrap_mul(term.coef, factor);
    bool redundant = is_modulo(term.atom, &m) && !__builtin_mul_overflow(m, coef, &span) && span % c == 0;
    if (redundant)
      collect_rest(to_linear(term.atom.arg(0)), coef, c, rest);
    else
      rest.add(term.atom, coef);
  }
  rest.constant = wrap_add(rest.constant, wrap_mul(a.constant, factor));
}

// What matters of a modulo c: multiples of c don't, and (x % m)*k is as good as x*k where c divides m*k.
Linear rest_of(const Linear& a, int64_t c) {
  Linear rest;
  collect_rest(a, 1, c, rest);
  std::erase_if(rest.terms, [c](const Term& term) { return term.coef % c == 0; });
  rest.constant = floor_mod(rest.constant, c);
  return rest;
}

}  // namespace

std::vector<int64_t> units_of(const Linear& a, int64_t divisor) {
  std::vector<int64_t> units;
  for (const Term& term : a.terms) units.push_back(std::gcd(divisor, term.coef));
  std::sort(units.rbegin(), units.rend());
  int64_t common = units.empty() ? 1 : units[0];
  for (size_t i = 1, n = units.size(); i < n; ++i) units.push_back(common = std::gcd(common, units[i]));
  std::sort(units.rbegin(), units.rend());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  std::erase_if(units, [](int64_t unit) { return unit <= 1; });
  return units;
}

void split_by_unit(const Linear& a, int64_t unit, Linear* high, Linear* low) {
  *high = *low = {};
  for (const Term& term : a.terms) {
    if (term.coef % unit == 0)
      high->terms.push_back({term.atom, term.coef / unit});
    else
      low->terms.push_back(term);
  }
}

// p = unit*high + low with 0 <= low < unit and unit dividing the divisor.
bool Simplifier::split_carry_free(const Linear& p, int64_t divisor, Linear* high, Linear* low, int64_t* unit) {
  if (p.terms.size() < 2 && p.constant == 0) return false;
  for (int64_t candidate : units_of(p, divisor)) {
    int64_t carry;
    split_by_unit(p, candidate, high, low);
    low->constant = p.constant;
    if (!same_quotient(ranges_.of(*low), candidate, &carry)) continue;
    high->constant = carry;
    low->constant = wrap_sub(low->constant, wrap_mul(carry, candidate));
    *unit = candidate;
    return true;
  }
  return false;
}

Linear Simplifier::divide(const Linear& p, int64_t divisor) {
  if (divisor == 1) return p;
  Linear result, rest;
  if (same_quotient(ranges_.of(p), divisor, &result.constant)) return result;
  for (const Term& term : p.terms) {
    if (term.coef % divisor == 0)
      result.terms.push_back({term.atom, term.coef / divisor});
    else
      rest.terms.push_back(term);
  }
  result.constant = floor_div(p.constant, divisor);
  rest.constant = floor_mod(p.constant, divisor);
  result.add(divide_rest(rest, divisor));
  return result;
}

Linear Simplifier::divide_rest(const Linear& rest, int64_t divisor) {
  Linear result, high, low;
  int64_t unit, m;
  if (same_quotient(ranges_.of(rest), divisor, &result.constant)) return result;
  if (int64_t factor = common_factor(rest, divisor); factor > 1) return divide(exact_quotient(rest, factor), divisor / factor);
  if (split_carry_free(rest, divisor, &high, &low, &unit)) return divide(high, divisor / unit);
  Linear merged = rest;
  if (merge_quotient(&merged, &divisor)) return divide(merged, divisor);
  bool of_modulo = rest.is_atom() && is_modulo(rest.terms[0].atom, &m) && m % divisor == 0;
  if (of_modulo) return modulo(divide(to_linear(rest.terms[0].atom.arg(0)), divisor), m / divisor);
  result.constant = 0;
  result.add(order_.to_expr(rest) / divisor, 1);
  return result;
}

// (x/a + y) / b = (x + y*a) / (a*b); done where x/a is the only quotient, so that there is one way to do it.
bool Simplifier::merge_quotient(Linear* p, int64_t* divisor) {
  const Term* found = nullptr;
  int64_t a, product;
  for (const Term& term : p->terms) {
    if (term.coef != 1 || !term.atom.is(Op::div) || !term.atom.arg(1).is(Op::int_imm)) continue;
    if (found) return false;
    found = &term;
  }
  if (!found || !as_int(found->atom.arg(1), &a) || a <= 0 || __builtin_mul_overflow(a, *divisor, &product)) return false;
  Linear merged = to_linear(found->atom.arg(0));
  merged.add(*p, a);
  merged.add(found->atom, wrap_sub(0, a));
  recombine(merged);
  *p = std::move(merged);
  *divisor = product;
  return true;
}

Linear Simplifier::modulo(const Linear& p, int64_t divisor) {
  int64_t quotient;
  if (divisor == 1) return {};
  Linear rest = p;
  if (!same_quotient(ranges_.of(p), divisor, &quotient)) return modulo_rest(rest_of(p, divisor), divisor);
  rest.constant = wrap_sub(rest.constant, wrap_mul(quotient, divisor));
  return rest;
}

Linear Simplifier::modulo_rest(Linear rest, int64_t divisor) {
  Linear result, high, low;
  int64_t unit, quotient;
  if (same_quotient(ranges_.of(rest), divisor, &quotient)) {
    rest.constant = wrap_sub(rest.constant, wrap_mul(quotient, divisor));
    return rest;
  }
  if (int64_t factor = common_factor(rest, divisor); factor > 1) {
    result.constant = floor_mod(rest.constant, factor);
    result.add(modulo(exact_quotient(rest, factor), divisor / factor), factor);
    return result;
  }
  if (split_carry_free(rest, divisor, &high, &low, &unit)) {
    low.add(modulo(high, divisor / unit), unit);
    return low;
  }
  result.add(order_.to_expr(rest) % divisor, 1);
  return result;
}

Expr Simplifier::divide(const Expr& a, const Expr& b) {
  int64_t c;
  if (as_int(b, &c) && c != Range::minus_infinity) {
    if (c == 0) return make_int(0);
    return to_expr(c > 0 ? divide(to_linear(a), c) : divide(scaled(to_linear(a), -1), -c));
  }
  Range x = ranges_.of(a), y = ranges_.of(b);
  if (x.low >= 0 && x.has_high() && x.high < y.low) return make_int(0);
  if (y.low > 0 && equal(a, b)) return make_int(1);
  return is_const(a, 0) ? a : a / b;
}

Expr Simplifier::modulo(const Expr& a, const Expr& b) {
  int64_t c;
  if (as_int(b, &c) && c != Range::minus_infinity) {
    if (c == 0) return make_int(0);
    return to_expr(c > 0 ? modulo(to_linear(a), c) : scaled(modulo(scaled(to_linear(a), -1), -c), -1));
  }
  Range x = ranges_.of(a), y = ranges_.of(b);
  if (x.low >= 0 && x.has_high() && x.high < y.low) return a;
  if (equal(a, b)) return make_int(0);
  return is_const(a, 0) ? a : a % b;
}

Expr Simplifier::remainder(const Expr& a, const Expr& b) {
  int64_t c;
  Range x = ranges_.of(a);
  if (as_int(b, &c) && c != Range::minus_infinity) {
    if (c == 0) return make_int(0);
    c = c < 0 ? -c : c;
    if (x.low >= 0) return to_expr(modulo(to_linear(a), c));
    if (x.high <= 0) return to_expr(scaled(modulo(scaled(to_linear(a), -1), c), -1));
    return x.low > -c && x.high < c ? a : make_binary(Op::rem, a, make_int(c));
  }
  return equal(a, b) || is_const(a, 0) ? make_int(0) : Expr();
}

}  // namespace broach
