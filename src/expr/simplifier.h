#pragma once
// One run of the simplifier. Vectors are simplified through their elements: element number `lane` of ramp(b, s, n) is
// b + s*lane and of broadcast(b, n) it is b, so every scalar rule holds for vectors too; afterwards the vector is put together again.
#include "expr/bounds.h"

namespace broach {

// sum <= limit or sum == limit, without a constant in the sum and with coprime coefficients: what i64 comparisons are made of.
struct Inequality {
  Linear sum;
  int64_t limit;
};

std::optional<Inequality> to_inequality(const Expr& comparison);  // of i64 lt and le
Linear scaled(const Linear& a, int64_t factor);
// Candidates for a unit in which to count: divisors of `divisor` (0: of anything) that divide some of the terms, largest first.
std::vector<int64_t> units_of(const Linear& a, int64_t divisor);
void split_by_unit(const Linear& a, int64_t unit, Linear* high, Linear* low);  // the terms of a are unit*high + low
Expr without_factor(const Expr& atom, const Var& var);  // atom / var where var is one of its factors; else null

class Simplifier {
 public:
  explicit Simplifier(const Bounds& bounds) : ranges_(bounds) {}
  Expr run(const Expr& e);      // e in canonical form
  Expr element(const Expr& e);  // the same as a scalar: of a vector, its element number lane
  Range range(const Expr& e) { return ranges_.of(element(e)); }

 private:
  // simplify.cpp: dispatch on the operator.
  Expr compute(const Expr& e);
  Expr operate(const Expr& e, std::vector<Expr> args);  // args are canonical scalars
  Expr index_operator(const Expr& e, const std::vector<Expr>& args);
  Expr select_operator(const Expr& condition, const Expr& a, const Expr& b);
  Expr cast_operator(DType dtype, const Expr& a);

  // simplify_vector.cpp
  struct Vector {
    Expr value;
    bool varies;  // between lanes; if not, value is a scalar
  };
  Var lane(int lanes);
  Expr element_of_ramp(const Expr& e);
  Expr reduction(const Expr& e);
  Vector vectorize(const Expr& element, int lanes);
  Vector compute_vector(const Expr& element, int lanes);
  Vector vectorize_product(const Expr& atom, int lanes);
  Expr vector_sum(const Linear& sum, int lanes);

  // simplify_sum.cpp: sums and products.
  Expr sum_of(const Expr& e);
  void accumulate(const Expr& e, int64_t factor, Linear& sum);
  void accumulate_operator(const Expr& e, int64_t factor, Linear& sum);
  Expr to_expr(Linear sum);
  void recombine(Linear& sum);
  bool recombine_term(Linear& sum, size_t index);
  Linear multiply(const Linear& a, const Linear& b);
  Expr product(const Expr& a, const Expr& b);

  // simplify_div.cpp: floor division and modulo by a positive constant.
  Linear divide(const Linear& p, int64_t divisor);
  Linear modulo(const Linear& p, int64_t divisor);
  Linear divide_rest(const Linear& rest, int64_t divisor);
  Linear modulo_rest(Linear rest, int64_t divisor);
  bool merge_quotient(Linear* p, int64_t* divisor);
  bool split_carry_free(const Linear& p, int64_t divisor, Linear* high, Linear* low, int64_t* unit);
  Expr divide(const Expr& a, const Expr& b);
  Expr modulo(const Expr& a, const Expr& b);
  Expr remainder(const Expr& a, const Expr& b);

  // simplify_min_max.cpp
  Expr min_max(Op op, const Expr& a, const Expr& b);
  const Expr* dominant(Op op, const Expr& a, const Expr& b);

  // simplify_compare.cpp: comparisons of i64.
  Expr comparison(Op op, const Expr& a, const Expr& b);
  Expr inequality(Linear sum, int64_t limit);
  Expr equality(Linear sum, int64_t value);
  Expr two_sided(Op op, const Linear& sum, int64_t limit);
  Inequality reduced(Linear sum, int64_t limit);
  bool reduce_step(Inequality& i);

  // simplify_logic.cpp
  Expr logical(Op op, const Expr& a, const Expr& b);
  Expr negation(const Expr& a);
  bool merge(Op op, Expr& old, const Expr& item, bool* settled);

  Ranges ranges_;
  Order order_;
  std::unordered_map<const ExprNode*, Expr> elements_;  // of nodes of the input, which outlive the run
  std::vector<std::pair<int, Var>> lanes_;
  std::vector<std::unordered_map<const ExprNode*, std::pair<Expr, Vector>>> vectors_;  // by index in lanes_
};

// simplify_identities.cpp: identities of operators other than i64 arithmetic that are exact in every type, including
// NaN and -0; args are canonical scalars. Null where none applies.
Expr apply_identity(const Expr& e, const std::vector<Expr>& args);

}  // namespace broach
