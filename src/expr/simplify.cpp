// Entry points and dispatch. The rules themselves are in simplify_*.cpp, one file per family of operators.
#include "expr/simplify.h"

#include "expr/evaluate.h"
#include "expr/simplifier.h"

namespace broach {
namespace {

bool is_literal(const Expr& e) { return e.is(Op::int_imm) || e.is(Op::float_imm); }

bool is_comparison(Op op) { return op >= Op::eq && op <= Op::ge; }

bool can_fold(Op op) { return traits(op).arity > 0 && op != Op::load; }

// All operands are literals: the operator's value.
Expr fold(const Expr& e, const std::vector<Expr>& args) {
  Scalar operands[3];
  for (size_t i = 0; i < args.size(); ++i) {
    bool is_float_operand = is_float(args[i].dtype());
    operands[i] = is_float_operand ? make_scalar(args[i]->float_value, args[i].dtype()) : make_scalar(args[i]->int_value, args[i].dtype());
  }
  DType operand = args[e.is(Op::select) ? 1 : 0].dtype();
  return make_const(apply_operator(e->op, operand, e.dtype(), operands), e.dtype());
}

// Whether every value of `from` is also one of `to`.
bool holds(DType to, DType from) {
  if (from == DType::boolean) return to != DType::boolean;
  if (is_float(from)) return to == DType::f64 || (to == DType::f32 && from != DType::f64) || to == from;
  int bits = info(from).bits - (is_signed_int(from) ? 1 : 0);
  switch (to) {
    case DType::boolean: return false;
    case DType::f64: return bits <= 53;
    case DType::f32: return bits <= 24;
    case DType::f16: return bits <= 11;
    case DType::bf16: return bits <= 8;
    default: return bits <= info(to).bits - (is_signed_int(to) ? 1 : 0) && (is_signed_int(to) || is_unsigned_int(from));
  }
}

}  // namespace

Expr Simplifier::run(const Expr& e) {
  Expr result = element(e);
  if (e.lanes() == 1) return result;
  Vector vector = vectorize(result, e.lanes());
  return vector.varies ? vector.value : broadcast(vector.value, e.lanes());
}

Expr Simplifier::element(const Expr& e) {
  if (e.is(Op::var)) order_.note(e->var.get());
  if (e->args.empty()) return e;
  if (auto it = elements_.find(e.get()); it != elements_.end()) return it->second;
  Expr result = compute(e);
  if (equal(result, e)) result = e;  // whoever looks for changes compares nodes; cheap, as the operands went through this too
  elements_.emplace(e.get(), result);
  return result;
}

Expr Simplifier::compute(const Expr& e) {
  switch (e->op) {
    case Op::broadcast: return element(e.arg(0));
    case Op::ramp: return element_of_ramp(e);
    case Op::reduce_add:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::reduce_mul: return reduction(e);
    case Op::add:
    case Op::sub:
    case Op::neg:
    case Op::mul:
      if (e.dtype() == DType::i64) return sum_of(e);
      break;
    default: break;
  }
  std::vector<Expr> args;
  args.reserve(e->args.size());
  bool literals = can_fold(e->op);
  for (const Expr& arg : e->args) {
    args.push_back(element(arg));
    literals = literals && is_literal(args.back());
  }
  if (e->buffer) order_.note(e->buffer.get());
  if (e->tensor) order_.note(e->tensor.get());
  return literals ? fold(e, args) : operate(e, std::move(args));
}

Expr Simplifier::operate(const Expr& e, std::vector<Expr> args) {
  Expr result;
  if (e.is(Op::select))
    result = select_operator(args[0], args[1], args[2]);
  else if (e.is(Op::cast))
    result = cast_operator(e.dtype(), args[0]);
  else if (e.is(Op::logical_and) || e.is(Op::logical_or))
    result = logical(e->op, args[0], args[1]);
  else if (e.is(Op::logical_not))
    result = negation(args[0]);
  else if (e.is(Op::min) || e.is(Op::max))
    result = min_max(e->op, args[0], args[1]);
  else if (is_comparison(e->op))
    result = comparison(e->op, args[0], args[1]);
  else if (e.dtype() == DType::i64)
    result = index_operator(e, args);
  if (!result) result = apply_identity(e, args);
  if (result) return result;
  bool changed = e.lanes() > 1;
  for (size_t i = 0; i < args.size(); ++i) changed |= !args[i].same_as(e->args[i]);
  return changed ? with_args(e, std::move(args)) : e;
}

Expr Simplifier::index_operator(const Expr& e, const std::vector<Expr>& args) {
  int64_t c;
  switch (e->op) {
    case Op::fma: {
      Linear sum = multiply(to_linear(args[0]), to_linear(args[1]));
      sum.add(to_linear(args[2]));
      return to_expr(std::move(sum));
    }
    case Op::div: return divide(args[0], args[1]);
    case Op::mod: return modulo(args[0], args[1]);
    case Op::rem: return remainder(args[0], args[1]);
    case Op::shift_left:
      if (!as_int(args[1], &c) || c < 0 || c > 62) return {};
      return to_expr(scaled(to_linear(args[0]), int64_t(1) << c));
    case Op::shift_right:
      if (!as_int(args[1], &c) || c < 0 || c > 62) return {};
      return to_expr(divide(to_linear(args[0]), int64_t(1) << c));
    case Op::bit_and:
      if (!as_int(args[1], &c) || c <= 0 || (c & (c + 1)) != 0 || c == Range::infinity) return {};
      return to_expr(modulo(to_linear(args[0]), c + 1));
    case Op::abs: {
      Range range = ranges_.of(args[0]);
      if (range.low >= 0) return args[0];
      return range.high <= 0 ? to_expr(scaled(to_linear(args[0]), -1)) : Expr();
    }
    case Op::sign: {
      Range range = ranges_.of(args[0]);
      return range.low > 0 ? make_int(1) : range.high < 0 ? make_int(-1) : Expr();
    }
    default: return {};
  }
}

Expr Simplifier::select_operator(const Expr& condition, const Expr& a, const Expr& b) {
  if (condition.is(Op::int_imm)) return condition->int_value ? a : b;
  if (condition.is(Op::logical_not)) return select_operator(condition.arg(0), b, a);
  if (equal(a, b)) return a;
  if (a.is(Op::select) && equal(a.arg(0), condition)) return select_operator(condition, a.arg(1), b);
  if (b.is(Op::select) && equal(b.arg(0), condition)) return select_operator(condition, a, b.arg(2));
  if (a.dtype() == DType::boolean && a.is(Op::int_imm) && b.is(Op::int_imm)) return a->int_value ? condition : negation(condition);
  return select(condition, a, b);
}

// A conversion that loses nothing, or less than the next one, can be left out.
Expr Simplifier::cast_operator(DType dtype, const Expr& a) {
  if (a.dtype() == dtype) return a;
  if (!a.is(Op::cast)) return cast(dtype, a);
  const Expr& inner = a.arg(0);
  DType middle = a.dtype(), from = inner.dtype();
  bool ints = is_int(from) && is_int(middle) && is_int(dtype);
  bool truncates = ints && info(dtype).bits <= info(middle).bits;
  bool fits = is_int(from) && is_int(middle) && from != DType::u64 && middle != DType::u64 && ranges_.of(inner).within(range_of(middle));
  bool saturates = is_int(from) && is_float(middle) && is_int(dtype) && !holds(dtype, from);  // where an int would wrap
  bool redundant = (holds(middle, from) && !saturates) || truncates || fits;
  return redundant ? cast_operator(dtype, inner) : cast(dtype, a);
}

Expr simplify(const Expr& e, const Bounds& bounds) { return Simplifier(bounds).run(e); }

bool proves(const Expr& condition, const Bounds& bounds) {
  int64_t value;
  return as_int(simplify(condition, bounds), &value) && value != 0;
}

std::optional<Interval> bounds_of(const Expr& e, const Bounds& bounds) {
  Range range = Simplifier(bounds).range(e);
  if (!range.finite()) return std::nullopt;
  return Interval{range.low, range.high};
}

}  // namespace broach
