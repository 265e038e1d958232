// Boolean operators. Conjunctions and disjunctions are lists without repetition; inequalities over one sum are merged.
#include <algorithm>

#include "expr/simplifier.h"

namespace broach {
namespace {

void collect_operands(Op op, const Expr& e, std::vector<Expr>& out) {
  if (!e.is(op)) return out.push_back(e);
  collect_operands(op, e.arg(0), out);
  collect_operands(op, e.arg(1), out);
}

bool same_terms(const Linear& a, const Linear& b) {
  if (a.terms.size() != b.terms.size()) return false;
  Linear difference = a;
  difference.add(b, -1);
  return difference.terms.empty();
}

}  // namespace

Expr Simplifier::negation(const Expr& a) {
  if (a.is(Op::int_imm)) return make_bool(a->int_value == 0);
  if (a.is(Op::logical_not)) return a.arg(0);
  if (a.is(Op::eq) || a.is(Op::ne)) return make_binary(a.is(Op::eq) ? Op::ne : Op::eq, a.arg(0), a.arg(1));
  if (std::optional<Inequality> i = to_inequality(a)) return inequality(scaled(i->sum, -1), wrap_sub(-1, i->limit));
  bool orders = a.is(Op::lt) || a.is(Op::le);
  if (orders && !is_float(a.arg(0).dtype())) return make_binary(a.is(Op::lt) ? Op::le : Op::lt, a.arg(1), a.arg(0));
  return logical_not(a);
}

// Joins item to old where one expression says both; *settled: the whole has a constant value, left in old.
bool Simplifier::merge(Op op, Expr& old, const Expr& item, bool* settled) {
  bool is_and = op == Op::logical_and;
  if (equal(old, item)) return true;
  if (equal(old, negation(item))) {
    *settled = true;
    old = make_bool(!is_and);
    return true;
  }
  std::optional<Inequality> a = to_inequality(old), b = to_inequality(item);
  if (!a || !b) return false;
  if (same_terms(a->sum, b->sum)) {
    if (is_and == (b->limit < a->limit)) old = item;
    return true;
  }
  if (!same_terms(a->sum, scaled(b->sum, -1))) return false;
  int64_t low = wrap_sub(0, b->limit);  // the sum is at most a->limit, at least low
  bool conflict = is_and ? a->limit < low : a->limit >= wrap_sub(low, 1);
  if (!conflict) return false;
  *settled = true;
  old = make_bool(!is_and);
  return true;
}

Expr Simplifier::logical(Op op, const Expr& a, const Expr& b) {
  std::vector<Expr> all, kept;
  collect_operands(op, a, all);
  collect_operands(op, b, all);
  bool is_and = op == Op::logical_and;
  for (const Expr& item : all) {
    if (item.is(Op::int_imm)) {
      if ((item->int_value != 0) == is_and) continue;
      return item;
    }
    Expr joined = item;
    size_t place = kept.size();
    for (size_t i = 0; i < kept.size(); ++i) {
      bool settled = false;
      if (!merge(op, kept[i], joined, &settled)) continue;
      if (settled) return kept[i];
      joined = kept[i];  // it may say more than before and meets the others again
      kept.erase(kept.begin() + ptrdiff_t(i));
      place = std::min(place, i);
      i = size_t(-1);
    }
    kept.insert(kept.begin() + ptrdiff_t(std::min(place, kept.size())), joined);
  }
  if (kept.empty()) return make_bool(is_and);
  Expr result = kept[0];
  for (size_t i = 1; i < kept.size(); ++i) result = make_binary(op, result, kept[i]);
  return result;
}

}  // namespace broach
