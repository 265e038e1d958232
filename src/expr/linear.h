#pragma once
// i64 expressions as sums of integer multiples of terms plus a constant: the form in which the simplifier thinks.
#include <unordered_map>
#include <vector>

#include "expr/expr.h"

namespace broach {

// Index arithmetic does not overflow by contract; should a model's numbers do, these wrap instead of being undefined.
inline int64_t wrap_add(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
inline int64_t wrap_sub(int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }
inline int64_t wrap_mul(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }

int64_t floor_div(int64_t a, int64_t b);  // b > 0
int64_t floor_mod(int64_t a, int64_t b);  // b > 0

struct Term {
  Expr atom;  // neither a constant nor a sum nor a constant multiple
  int64_t coef;
};

struct Linear {
  std::vector<Term> terms;  // structurally different atoms, no coefficient 0
  int64_t constant = 0;

  void add(const Expr& atom, int64_t coef);
  void add(const Linear& other, int64_t factor = 1);
  bool is_constant() const { return terms.empty(); }
  bool is_atom() const { return terms.size() == 1 && terms[0].coef == 1 && constant == 0; }
};

Linear to_linear(const Expr& e);  // scalar i64; looks through add, sub, neg and mul by a constant

// A total order on expressions that does not depend on addresses: by operator, payload and operands. Variables of one name
// and buffers follow the order in which they were noted.
class Order {
 public:
  void note(const void* identity) { numbers_.try_emplace(identity, numbers_.size()); }
  int compare(const Expr& a, const Expr& b) const;
  // Larger multiples first (outer strides, which change least), negative terms and the constant last.
  Expr to_expr(Linear sum) const;

 private:
  size_t number(const void* identity) const;
  int compare_leaf(const ExprNode& a, const ExprNode& b) const;

  std::unordered_map<const void*, size_t> numbers_;
};

}  // namespace broach
