#pragma once
// Simplification and integer bounds.
#include <map>
#include <optional>

#include "expr/expr.h"

namespace broach {

struct Interval {
  int64_t low, high;  // both included
};
// What is known of the variables in scope.
class Bounds {
 public:
  void set(const Var& var, Interval interval) { intervals_[var] = interval; }
  void erase(const Var& var) { intervals_.erase(var); }
  const Interval* find(const Var& var) const;

 private:
  std::map<Var, Interval> intervals_;
};
// The values that an i64 expression can take, if finite bounds follow from those of its variables.
std::optional<Interval> bounds_of(const Expr& e, const Bounds& bounds);

// An equal expression in a canonical form: sums of products with constant factors collected, constants folded,
// (a*c + b)/c -> a and (a*c + b)%c -> b where 0 <= b < c, (x/c)*c + x%c -> x (also with a common factor: (x/c)*(c*k) + (x%c)*k -> x*k),
// (x/a)/b -> x/(a*b), min/max/comparisons decided by bounds. Equal and idempotent; floats: only rules exact in IEEE arithmetic.
Expr simplify(const Expr& e, const Bounds& bounds = {});

// True if it follows from the bounds.
bool proves(const Expr& condition, const Bounds& bounds);

// Value of a constant expression without variables, by the semantics of expr.h. Throws InternalError otherwise.
double evaluate_float(const Expr& e);
int64_t evaluate_int(const Expr& e);

}  // namespace broach
