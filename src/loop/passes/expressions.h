#pragma once
// What several passes ask of expressions.
#include <algorithm>
#include <unordered_map>

#include "expr/expr.h"

namespace broach {

struct ExprHash {
  size_t operator()(const Expr& e) const { return hash(e); }
};
struct ExprEqual {
  bool operator()(const Expr& a, const Expr& b) const { return equal(a, b); }
};
template <class T>
using ExprMap = std::unordered_map<Expr, T, ExprHash, ExprEqual>;  // structurally equal keys are one

inline bool is_index(const Expr& e) { return e.type() == Type{DType::i64, 1}; }
inline bool has_load(const Expr& e) { return e.is(Op::load) || std::any_of(e->args.begin(), e->args.end(), has_load); }

}  // namespace broach
