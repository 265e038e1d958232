// min and max.
#include <algorithm>

#include "expr/evaluate.h"
#include "expr/simplifier.h"

namespace broach {
namespace {

void collect_operands(Op op, const Expr& e, std::vector<Expr>& out) {
  if (!e.is(op)) return out.push_back(e);
  collect_operands(op, e.arg(0), out);
  collect_operands(op, e.arg(1), out);
}

bool is_literal(const Expr& e) { return e.is(Op::int_imm) || e.is(Op::float_imm); }

Expr fold_pair(Op op, const Expr& a, const Expr& b) {
  Scalar operands[2] = {{a->int_value, a->float_value}, {b->int_value, b->float_value}};
  return make_const(apply_operator(op, a.dtype(), a.dtype(), operands), a.dtype());
}

}  // namespace

// Which of two operands is always the result; 0 if that is not known. For floats only of equal ones: a NaN passes either way.
const Expr* Simplifier::dominant(Op op, const Expr& a, const Expr& b) {
  if (equal(a, b)) return &a;
  if (is_float(a.dtype()) || a.dtype() == DType::u64) return nullptr;
  Range difference = add(ranges_.of(a), broach::multiply(ranges_.of(b), -1));
  if (a.dtype() == DType::i64) {
    Linear sum = to_linear(a);
    sum.add(to_linear(b), -1);
    recombine(sum);
    difference = ranges_.of(sum);
  }
  if (difference.high <= 0) return op == Op::min ? &a : &b;
  if (difference.low >= 0) return op == Op::min ? &b : &a;
  return nullptr;
}

Expr Simplifier::min_max(Op op, const Expr& a, const Expr& b) {
  std::vector<Expr> all, kept;
  collect_operands(op, a, all);
  collect_operands(op, b, all);
  for (Expr& e : all) {
    bool absorbed = false;
    for (size_t i = 0; i < kept.size() && !absorbed; ++i) {
      if (is_literal(e) && is_literal(kept[i])) e = fold_pair(op, kept[i], e);
      const Expr* winner = is_literal(e) && is_literal(kept[i]) ? &e : dominant(op, kept[i], e);
      if (!winner) continue;
      if (winner == &e)
        kept.erase(kept.begin() + ptrdiff_t(i--));
      else
        absorbed = true;
    }
    if (!absorbed) kept.push_back(e);
  }
  auto less = [&](const Expr& x, const Expr& y) {
    if (is_literal(x) != is_literal(y)) return is_literal(y);
    return !is_float(x.dtype()) && order_.compare(x, y) < 0;
  };
  for (auto next = kept.begin(); next != kept.end(); ++next)  // by insertion: floats keep their order
    std::rotate(std::upper_bound(kept.begin(), next, *next, less), next, next + 1);
  Expr result = kept[0];
  for (size_t i = 1; i < kept.size(); ++i) result = make_binary(op, result, kept[i]);
  return result;
}

}  // namespace broach
