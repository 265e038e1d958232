#pragma once
// Ranges of integer expressions: intervals whose ends may be infinite.
#include <limits>
#include <unordered_map>

#include "expr/linear.h"
#include "expr/simplify.h"

namespace broach {

// Both ends included; the extreme values of int64_t stand for no bound.
struct Range {
  static constexpr int64_t minus_infinity = std::numeric_limits<int64_t>::min();
  static constexpr int64_t infinity = std::numeric_limits<int64_t>::max();
  int64_t low = minus_infinity, high = infinity;

  bool has_low() const { return low != minus_infinity; }
  bool has_high() const { return high != infinity; }
  bool finite() const { return has_low() && has_high(); }
  bool is_point() const { return low == high; }
  bool within(const Range& other) const { return low >= other.low && high <= other.high; }
};

Range range_of(DType dtype);  // of an int or boolean type
Range add(const Range& a, const Range& b);
Range multiply(const Range& a, int64_t factor);
Range intersect(const Range& a, const Range& b);
bool same_quotient(const Range& a, int64_t divisor, int64_t* quotient);  // every value has this floor quotient; divisor > 0

// Finds ranges in canonical expressions and remembers them. A vector has the range of all its lanes.
class Ranges {
 public:
  explicit Ranges(const Bounds& bounds) : bounds_(bounds) {}
  void bind(const Var& var, Interval interval) { own_.set(var, interval); }  // in addition to the bounds
  Range of(const Expr& e);
  Range of(const Linear& sum);

 private:
  Range compute(const Expr& e);
  Range of_var(const Var& var) const;
  Range of_binary(const Expr& e);
  Range sharpen(const Linear& sum, Range range);

  const Bounds& bounds_;
  Bounds own_;
  std::unordered_map<const ExprNode*, std::pair<Expr, Range>> memo_;  // the Expr keeps the key alive
};

}  // namespace broach
