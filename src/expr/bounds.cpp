#include "expr/bounds.h"

#include <algorithm>
#include <initializer_list>

namespace broach {
namespace {

constexpr int64_t inf = Range::infinity, minus_inf = Range::minus_infinity;

// Ends that overflow are no bounds.
int64_t end_sum(int64_t a, int64_t b, int64_t unbounded) {
  int64_t sum;
  bool lost = a == unbounded || b == unbounded || __builtin_add_overflow(a, b, &sum);
  return lost || sum == minus_inf || sum == inf ? unbounded : sum;
}

int64_t end_product(int64_t end, int64_t factor, int64_t unbounded) {
  int64_t product;
  bool lost = end == inf || end == minus_inf || __builtin_mul_overflow(end, factor, &product);
  return lost || product == minus_inf || product == inf ? unbounded : product;
}

Range negate(const Range& a) { return multiply(a, -1); }

Range hull(const Range& a, const Range& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

Range multiply(const Range& a, const Range& b) {
  if (a.is_point()) return multiply(b, a.low);
  if (b.is_point()) return multiply(a, b.low);
  if (!a.finite() || !b.finite()) {
    if (a.low >= 0 && b.low >= 0) return {end_product(a.low, b.low, minus_inf), inf};
    return {};
  }
  return hull(multiply(b, a.low), multiply(b, a.high));
}

int64_t largest_magnitude(const Range& a) { return a.finite() ? std::max(a.low < 0 ? -a.low : a.low, a.high < 0 ? -a.high : a.high) : inf; }

Range divide(const Range& a, int64_t divisor) {  // divisor > 0
  return {a.has_low() ? floor_div(a.low, divisor) : minus_inf, a.has_high() ? floor_div(a.high, divisor) : inf};
}

Range divide(const Range& a, const Range& b) {
  if (b.low < 0 && b.high < 0) return divide(negate(a), negate(b));
  if (b.low > 0) {
    Range result = divide(a, b.low);  // the smallest divisor takes both ends farthest out ...
    if (a.low > 0) result.low = b.has_high() ? floor_div(a.low, b.high) : 0;  // ... unless they lie on one side of zero
    if (a.high < 0) result.high = b.has_high() ? floor_div(a.high, b.high) : -1;
    return result;
  }
  int64_t m = largest_magnitude(a);
  return m == inf ? Range{} : Range{-m, m};
}

Range modulo(const Range& a, const Range& b) {
  int64_t quotient;
  if (b.is_point() && b.low > 0 && same_quotient(a, b.low, &quotient)) {
    int64_t base = wrap_mul(quotient, b.low);
    return {a.low - base, a.high - base};
  }
  if (a.low >= 0 && b.low > 0) return {a.high < b.low ? a.low : 0, std::min(a.high, b.has_high() ? b.high - 1 : inf)};
  return {b.has_low() ? std::min<int64_t>(b.low + 1, 0) : minus_inf, b.has_high() ? std::max<int64_t>(b.high - 1, 0) : inf};
}

Range remainder(const Range& a, const Range& b) {
  int64_t m = largest_magnitude(b);
  int64_t most = m == inf ? inf : std::max<int64_t>(m - 1, 0);
  return {a.low >= 0 ? 0 : std::max(a.low, most == inf ? minus_inf : -most), a.high <= 0 ? 0 : std::min(a.high, most)};
}

Range absolute(const Range& a) {
  if (a.low >= 0) return a;
  if (a.high <= 0) return negate(a);
  return {0, largest_magnitude(a)};
}

// The result of arithmetic that wraps: exact where it fits the type.
Range fit(const Range& a, DType dtype) {
  Range type = range_of(dtype);
  return a.within(type) ? a : type;
}

bool is_bit_mask(int64_t v) { return v >= 0 && (v & (v + 1)) == 0; }

}  // namespace

Range range_of(DType dtype) {
  if (dtype == DType::boolean) return {0, 1};
  int bits = info(dtype).bits;
  if (!is_int(dtype) || bits == 64) return {};
  if (is_signed_int(dtype)) return {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
  return {0, (int64_t(1) << bits) - 1};
}

Range add(const Range& a, const Range& b) { return {end_sum(a.low, b.low, minus_inf), end_sum(a.high, b.high, inf)}; }

Range multiply(const Range& a, int64_t factor) {
  if (factor == 0) return {0, 0};
  int64_t low = factor > 0 ? a.low : a.high, high = factor > 0 ? a.high : a.low;
  return {end_product(low, factor, minus_inf), end_product(high, factor, inf)};
}

Range intersect(const Range& a, const Range& b) { return {std::max(a.low, b.low), std::min(a.high, b.high)}; }

bool same_quotient(const Range& a, int64_t divisor, int64_t* quotient) {
  if (!a.finite()) return false;
  *quotient = floor_div(a.low, divisor);
  return *quotient == floor_div(a.high, divisor);
}

Range Ranges::of_var(const Var& var) const {
  const Interval* known = own_.find(var);
  if (!known) known = bounds_.find(var);
  return known ? Range{known->low, known->high} : range_of(var->dtype);
}

Range Ranges::of(const Expr& e) {
  if (e.is(Op::int_imm)) return {e->int_value, e->int_value};
  if (e.is(Op::var)) return of_var(e->var);
  if (is_float(e.dtype())) return {};
  if (auto it = memo_.find(e.get()); it != memo_.end()) return it->second.second;
  Range result = compute(e);
  memo_.emplace(e.get(), std::pair(e, result));
  return result;
}

Range Ranges::of(const Linear& sum) {
  Range result{sum.constant, sum.constant};
  for (const Term& term : sum.terms) result = add(result, multiply(of(term.atom), term.coef));
  return sum.terms.size() > 1 ? sharpen(sum, result) : result;
}

// q/c is correlated with q: c*(q/c) lies in [q - c + 1, q]. Where the sum has terms of q too, they may cancel; the sum
// must shrink, so that this ends.
Range Ranges::sharpen(const Linear& sum, Range range) {
  for (const Term& term : sum.terms) {
    int64_t c;
    if (!term.atom.is(Op::div) || !as_int(term.atom.arg(1), &c) || c <= 0 || term.coef % c != 0) continue;
    int64_t factor = term.coef / c;
    Linear other = sum;
    other.add(term.atom, wrap_sub(0, term.coef));
    other.add(to_linear(term.atom.arg(0)), factor);
    if (other.terms.size() >= sum.terms.size()) continue;
    range = intersect(range, add(of(other), multiply(Range{1 - c, 0}, factor)));
  }
  return range;
}

Range Ranges::compute(const Expr& e) {
  if (e.dtype() == DType::u64) return {};  // its values do not all fit
  switch (e->op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::mod:
    case Op::rem:
    case Op::min:
    case Op::max:
    case Op::shift_left:
    case Op::shift_right:
    case Op::bit_and: return fit(of_binary(e), e.dtype());
    case Op::neg: return fit(negate(of(e.arg(0))), e.dtype());
    case Op::abs: return fit(absolute(of(e.arg(0))), e.dtype());
    case Op::sign: return {-1, 1};
    case Op::select: return hull(of(e.arg(1)), of(e.arg(2)));
    case Op::cast: return is_float(e.arg(0).dtype()) ? range_of(e.dtype()) : fit(of(e.arg(0)), e.dtype());
    case Op::broadcast:
    case Op::reduce_max:
    case Op::reduce_min: return of(e.arg(0));
    case Op::reduce_add: return fit(multiply(of(e.arg(0)), e.arg(0).lanes()), e.dtype());
    case Op::ramp: {
      Range first = of(e.arg(0)), last = add(first, multiply(of(e.arg(1)), e.lanes() - 1));
      return fit(hull(first, last), e.dtype());
    }
    default: return range_of(e.dtype());
  }
}

Range Ranges::of_binary(const Expr& e) {
  bool is_sum = e.is(Op::add) || e.is(Op::sub);
  if (is_sum && e.dtype() == DType::i64 && e.lanes() == 1) return of(to_linear(e));
  Range a = of(e.arg(0)), b = of(e.arg(1));
  switch (e->op) {
    case Op::add: return add(a, b);
    case Op::sub: return add(a, negate(b));
    case Op::mul: return multiply(a, b);
    case Op::div: return divide(a, b);
    case Op::mod: return modulo(a, b);
    case Op::rem: return remainder(a, b);
    case Op::min: return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case Op::max: return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case Op::shift_left: return b.is_point() && b.low >= 0 && b.low < 62 ? multiply(a, int64_t(1) << b.low) : Range{};
    case Op::shift_right: return b.is_point() && b.low >= 0 && b.low < 62 ? divide(a, int64_t(1) << b.low) : Range{};
    default: return b.is_point() && is_bit_mask(b.low) ? Range{0, b.low} : Range{};
  }
}

const Interval* Bounds::find(const Var& var) const {
  auto it = intervals_.find(var);
  return it == intervals_.end() ? nullptr : &it->second;
}

}  // namespace broach
