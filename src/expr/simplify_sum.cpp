// Sums and products of i64.
#include <algorithm>

#include "expr/simplifier.h"

namespace broach {
namespace {

constexpr size_t most_factors = 8;  // of a flattened product; beyond it products nest

bool is_sum(const Expr& e) { return e.is(Op::add) || e.is(Op::sub) || e.is(Op::int_imm) || (e.is(Op::mul) && e.arg(1).is(Op::int_imm)); }

// A product of sums is not multiplied out and counts as one factor.
bool is_flat_product(const Expr& e) { return e.is(Op::mul) && !is_sum(e.arg(0)) && !is_sum(e.arg(1)); }

void collect_factors(const Expr& e, std::vector<Expr>& factors) {
  if (!is_flat_product(e) || factors.size() > most_factors) return factors.push_back(e);
  collect_factors(e.arg(0), factors);
  collect_factors(e.arg(1), factors);
}

Expr product_of(const std::vector<Expr>& factors) {
  Expr result = factors[0];
  for (size_t i = 1; i < factors.size(); ++i) result = result * factors[i];
  return result;
}

bool is_monomial(const Linear& a) { return a.terms.size() == 1 && a.constant == 0; }

}  // namespace

Linear scaled(const Linear& a, int64_t factor) {
  Linear result;
  result.add(a, factor);
  return result;
}

Expr Simplifier::to_expr(Linear sum) {
  recombine(sum);
  return order_.to_expr(std::move(sum));
}

Expr Simplifier::sum_of(const Expr& e) {
  Linear sum;
  accumulate_operator(e, 1, sum);
  return to_expr(std::move(sum));
}

// Adds factor * e to the sum. Nodes that only this sum uses are taken apart where they are; shared ones go through the memo.
void Simplifier::accumulate(const Expr& e, int64_t factor, Linear& sum) {
  bool is_operator = e.is(Op::add) || e.is(Op::sub) || e.is(Op::neg) || e.is(Op::mul);
  if (is_operator && e.use_count() == 1)
    accumulate_operator(e, factor, sum);
  else
    sum.add(to_linear(element(e)), factor);
}

void Simplifier::accumulate_operator(const Expr& e, int64_t factor, Linear& sum) {
  int64_t c;
  switch (e->op) {
    case Op::add:
    case Op::sub:
      accumulate(e.arg(0), factor, sum);
      accumulate(e.arg(1), e.is(Op::add) ? factor : wrap_sub(0, factor), sum);
      break;
    case Op::neg: accumulate(e.arg(0), wrap_sub(0, factor), sum); break;
    default:
      if (as_int(e.arg(1), &c))
        accumulate(e.arg(0), wrap_mul(factor, c), sum);
      else if (as_int(e.arg(0), &c))
        accumulate(e.arg(1), wrap_mul(factor, c), sum);
      else
        sum.add(multiply(to_linear(element(e.arg(0))), to_linear(element(e.arg(1)))), factor);
  }
}

Linear Simplifier::multiply(const Linear& a, const Linear& b) {
  if (a.is_constant()) return scaled(b, a.constant);
  if (b.is_constant()) return scaled(a, b.constant);
  Linear result;
  if (is_monomial(a) || is_monomial(b)) {
    const Linear& one = is_monomial(a) ? a : b;
    const Linear& many = is_monomial(a) ? b : a;
    const Term& factor = one.terms[0];
    for (const Term& term : many.terms) result.add(product(factor.atom, term.atom), wrap_mul(factor.coef, term.coef));
    result.add(factor.atom, wrap_mul(factor.coef, many.constant));
  } else {
    Expr x = order_.to_expr(a), y = order_.to_expr(b);
    result.add(order_.compare(x, y) <= 0 ? x * y : y * x, 1);
  }
  return result;
}

Expr Simplifier::product(const Expr& a, const Expr& b) {
  std::vector<Expr> factors;
  collect_factors(a, factors);
  collect_factors(b, factors);
  if (factors.size() > most_factors) return order_.compare(a, b) <= 0 ? a * b : b * a;
  std::sort(factors.begin(), factors.end(), [this](const Expr& x, const Expr& y) { return order_.compare(x, y) < 0; });
  return product_of(factors);
}

Expr without_factor(const Expr& atom, const Var& var) {
  std::vector<Expr> factors;
  collect_factors(atom, factors);
  auto is_var = [&](const Expr& e) { return e.is(Op::var) && e->var == var; };
  auto it = std::find_if(factors.begin(), factors.end(), is_var);
  if (it == factors.end()) return {};
  factors.erase(it);
  return factors.empty() ? make_int(1) : product_of(factors);
}

// Floor arithmetic taken apart and put together again: c*(q/c) + q%c = q and c*((q/c)%n) + q%c = q%(c*n).
void Simplifier::recombine(Linear& sum) {
  for (size_t i = 0; i < sum.terms.size();) i = recombine_term(sum, i) ? 0 : i + 1;
}

bool Simplifier::recombine_term(Linear& sum, size_t index) {
  Term low = sum.terms[index];
  int64_t c, unit, n;
  if (!low.atom.is(Op::mod) || !as_int(low.atom.arg(1), &c) || c <= 0 || __builtin_mul_overflow(low.coef, c, &unit)) return false;
  Expr quotient;
  for (size_t i = 0; i < sum.terms.size(); ++i) {
    Term high = sum.terms[i];
    if (high.coef != unit || !(high.atom.is(Op::div) || high.atom.is(Op::mod))) continue;
    Linear dividend = to_linear(low.atom.arg(0));
    if (!quotient) quotient = order_.to_expr(divide(dividend, c));
    bool whole = equal(high.atom, quotient);
    bool partial = !whole && high.atom.is(Op::mod) && equal(high.atom.arg(0), quotient) && as_int(high.atom.arg(1), &n) && n > 0 &&
                   !__builtin_mul_overflow(c, n, &n);
    if (!whole && !partial) continue;
    sum.add(high.atom, wrap_sub(0, high.coef));
    sum.add(low.atom, wrap_sub(0, low.coef));
    sum.add(whole ? dividend : modulo(dividend, n), low.coef);
    return true;
  }
  return false;
}

}  // namespace broach
