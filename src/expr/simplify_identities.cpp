// Identities of floats, of ints that wrap and of the remaining operators. Exact for every operand, NaN and -0 included.
#include <cmath>

#include "expr/simplifier.h"

namespace broach {
namespace {

bool is_literal(const Expr& e) { return e.is(Op::int_imm) || e.is(Op::float_imm); }

bool is_commutative(Op op) {
  switch (op) {
    case Op::add:
    case Op::mul:
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor: return true;
    default: return false;
  }
}

bool is_negative_zero(const Expr& e) { return e.is(Op::float_imm) && e->float_value == 0 && std::signbit(e->float_value); }
bool is_positive_zero(const Expr& e) { return e.is(Op::float_imm) && e->float_value == 0 && !std::signbit(e->float_value); }

// A new operation, itself free of identities.
Expr build(Op op, const Expr& a, const Expr& b) {
  Expr e = make_binary(op, a, b);
  Expr result = apply_identity(e, {a, b});
  return result ? result : e;
}

Expr negated(const Expr& e) { return e.is(Op::neg) ? e.arg(0) : -e; }

// 1/c where that and every product with it are as exact as the division: c is a power of two of moderate size.
bool exact_reciprocal(const Expr& e, double* reciprocal) {
  if (!e.is(Op::float_imm)) return false;
  int exponent;
  bool power = std::fabs(std::frexp(e->float_value, &exponent)) == 0.5;
  if (!power || exponent < -12 || exponent > 14) return false;  // within the normal range of f16 too
  *reciprocal = 1 / e->float_value;
  return true;
}

Expr of_float(Op op, const Expr& a, const Expr& b) {
  double reciprocal;
  switch (op) {
    case Op::add:
      if (is_negative_zero(b)) return a;
      if (b.is(Op::neg)) return build(Op::sub, a, b.arg(0));
      return {};
    case Op::sub:
      if (is_positive_zero(b)) return a;
      if (b.is(Op::neg)) return build(Op::add, a, b.arg(0));
      return {};
    case Op::mul:
      if (is_const(b, 1)) return a;
      if (is_const(b, -1)) return negated(a);
      return {};
    case Op::div:
      if (is_const(b, 1)) return a;
      if (is_const(b, -1)) return negated(a);
      if (exact_reciprocal(b, &reciprocal)) return build(Op::mul, a, make_float(reciprocal, a.dtype()));
      return {};
    case Op::pow:
      if (is_const(b, 1)) return a;
      if (is_const(b, 2)) return build(Op::mul, a, a);
      return {};
    default: return {};
  }
}

Expr of_int(Op op, const Expr& a, const Expr& b) {
  bool zero = is_const(b, 0), one = is_const(b, 1);
  Expr nothing = make_int(0, a.dtype());
  switch (op) {
    case Op::add:
    case Op::shift_left:
    case Op::shift_right: return zero ? a : Expr();
    case Op::sub: return zero ? a : equal(a, b) ? nothing : Expr();
    case Op::mul: return zero ? nothing : one ? a : Expr();
    case Op::div: return zero ? nothing : one ? a : Expr();
    case Op::mod:
    case Op::rem: return zero || one || equal(a, b) ? nothing : Expr();
    case Op::pow: return one ? a : Expr();
    case Op::bit_xor: return zero ? a : equal(a, b) ? nothing : Expr();
    case Op::bit_and: return zero ? nothing : equal(a, b) ? a : Expr();
    case Op::bit_or: return zero || equal(a, b) ? a : Expr();
    default: return {};
  }
}

// (x op c) op d = x op (c op d) for ints.
Expr reassociate(Op op, const Expr& a, const Expr& b) {
  bool nested = is_commutative(op) && !is_float(a.dtype()) && a.is(op) && b.is(Op::int_imm) && a.arg(1).is(Op::int_imm);
  if (!nested) return {};
  Expr constant = simplify(make_binary(op, a.arg(1), b));
  return build(op, a.arg(0), constant);
}

Expr of_unary(const Expr& e, const Expr& a) {
  switch (e->op) {
    case Op::neg: return a.is(Op::neg) ? a.arg(0) : Expr();
    case Op::bit_not: return a.is(Op::bit_not) ? a.arg(0) : Expr();
    case Op::abs:
      if (a.is(Op::abs) || is_unsigned_int(a.dtype())) return a;
      if (!a.is(Op::neg)) return {};
      return a.arg(0).is(Op::abs) ? a.arg(0) : make_unary(Op::abs, a.arg(0));
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::trunc: return !is_float(a.dtype()) || (a->op >= Op::floor && a->op <= Op::trunc) ? a : Expr();
    case Op::is_nan:
    case Op::is_inf: return is_float(a.dtype()) ? Expr() : make_bool(false);
    case Op::bitcast:
      if (a.dtype() == e.dtype()) return a;
      return a.is(Op::bitcast) && a.arg(0).dtype() == e.dtype() ? a.arg(0) : Expr();
    default: return {};
  }
}

}  // namespace

Expr apply_identity(const Expr& e, const std::vector<Expr>& args) {
  if (args.size() == 1) return of_unary(e, args[0]);
  if (e.is(Op::fma)) {
    if (is_const(args[1], 1)) return build(Op::add, args[0], args[2]);
    return is_const(args[0], 1) ? build(Op::add, args[1], args[2]) : Expr();
  }
  if (args.size() != 2) return {};
  bool swap = is_commutative(e->op) && is_literal(args[0]) && !is_literal(args[1]);
  const Expr& a = args[swap ? 1 : 0];
  const Expr& b = args[swap ? 0 : 1];
  if (e->op >= Op::eq && e->op <= Op::logical_or) return {};
  Expr result = is_float(a.dtype()) ? of_float(e->op, a, b) : of_int(e->op, a, b);
  if (!result) result = reassociate(e->op, a, b);
  if (!result && swap) result = make_binary(e->op, a, b);
  return result;
}

}  // namespace broach
