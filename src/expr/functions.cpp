#include "expr/functions.h"

#include <limits>

namespace broach {
namespace {

// The coefficients are minimax fits in relative error, rounded to f32 from the lowest power up, each time fitting the rest again.

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Expr f32(double value) { return make_float(value, DType::f32); }
Expr i32(int64_t value) { return make_int(value, DType::i32); }

// The builders broadcast scalars, so constants below fit operands of any lanes.
Expr shift_left(const Expr& a, int by) { return make_binary(Op::shift_left, a, i32(by)); }
Expr shift_right(const Expr& a, int by) { return make_binary(Op::shift_right, a, i32(by)); }
Expr bit_and(const Expr& a, int64_t mask) { return make_binary(Op::bit_and, a, i32(mask)); }
Expr bits_of(const Expr& a) { return bitcast(DType::i32, a); }
Expr float_of_bits(const Expr& a) { return bitcast(DType::f32, a); }
Expr absolute(const Expr& a) { return make_unary(Op::abs, a); }

// These let NaN through, and compile to one instruction where min and max that do would not.
Expr at_most(const Expr& x, double bound) { return select(f32(bound) < x, f32(bound), x); }
Expr at_least(const Expr& x, double bound) { return select(x < f32(bound), f32(bound), x); }

// coefficients[0] + coefficients[1]*x + ..., by Horner's rule.
Expr polynomial(const Expr& x, std::initializer_list<double> coefficients) {
  const double* c = coefficients.end();
  Expr result = f32(*--c);
  while (c != coefficients.begin()) result = fma(result, x, f32(*--c));
  return result;
}

Expr with_sign_of(const Expr& x, const Expr& positive) {
  return float_of_bits(make_binary(Op::bit_or, bits_of(positive), bit_and(bits_of(x), -0x80000000LL)));
}

Expr power_of_two(const Expr& n) { return float_of_bits(shift_left(n, 23) + i32(0x3f800000)); }  // n in [-126, 127]

// exp(x) = mantissa * 2^exponent, for |x| < 2^21.
struct SplitExp {
  Expr mantissa, exponent;
};

SplitExp split_exp(const Expr& x) {
  // Adding 1.5*2^23 rounds to an integer, which then stands in the low bits.
  constexpr double magic = 0x1.8p23, ln2_high = 0x1.62e43p-1, ln2_low = -0x1.05c61p-29;
  Expr shifted = fma(x, f32(0x1.715476p+0), f32(magic));
  Expr n = shifted - f32(magic);
  Expr r = fma(n, f32(-ln2_low), fma(n, f32(-ln2_high), x));
  Expr p = polynomial(r, {1, 1, 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558b4p-5, 0x1.1239ap-7, 0x1.6a495cp-10});
  return {p, bits_of(shifted) - i32(0x4b400000)};
}

Expr bounded_exp(const Expr& x) {  // |x| <= 87
  SplitExp e = split_exp(x);
  return e.mantissa * power_of_two(e.exponent);
}

// exp(x) * 2^shift for x in [-104, 89]. In two steps, since neither 2^128 nor 2^-150 is a float, and so that a subnormal
// result is rounded once.
Expr scaled_exp(const Expr& x, int shift) {
  SplitExp e = split_exp(x);
  Expr exponent = shift ? e.exponent + i32(shift) : e.exponent;
  Expr half = shift_right(exponent, 1);
  return e.mantissa * power_of_two(half) * power_of_two(exponent - half);
}

Expr expand_exp(const Expr& x) { return scaled_exp(at_least(at_most(x, 89), -104), 0); }

Expr expand_log(const Expr& x) {
  constexpr double smallest_normal = 0x1p-126;
  Expr subnormal = x < f32(smallest_normal);
  Expr scaled = select(subnormal, x * f32(0x1p23), x);
  // scaled = m * 2^n with m in [2/3, 4/3).
  Expr exponent_bits = bit_and(bits_of(scaled) - i32(0x3f2aaaab), -0x800000);
  Expr f = float_of_bits(bits_of(scaled) - exponent_bits) - f32(1);
  Expr n = fma(cast(DType::f32, exponent_bits), f32(0x1p-23), select(subnormal, f32(-23), f32(0)));
  Expr square = f * f;
  Expr p = polynomial(f, {0x1.555506p-2, -0x1.fffefap-3, 0x1.99d05cp-3, -0x1.559c3p-3, 0x1.1ed452p-3, -0x1.f33c0cp-4, 0x1.1e72ap-3, -0x1.07ab64p-3});
  Expr log1p = fma(fma(p, f, f32(-0.5)), square, f);
  Expr result = fma(n, f32(0x1.62e43p-1), log1p);
  Expr special = select(x < f32(0), f32(nan), select(x == f32(0), f32(-infinity), x));
  return select(f32(0) < x && x < f32(infinity), result, special);
}

Expr expand_tanh(const Expr& x) {
  Expr a = absolute(x), square = x * x;
  Expr p = polynomial(square, {-0x1.55553ep-2, 0x1.1109bep-3, -0x1.b89abap-5, 0x1.54c3c2p-6, -0x1.828776p-8});
  Expr small = fma(p * square, a, a);
  Expr e = bounded_exp(at_most(a, 10) * f32(2));
  Expr large = f32(1) - f32(2) / (e + f32(1));
  return with_sign_of(x, select(a < f32(0.6), small, large));
}

Expr expand_sigmoid(const Expr& x) {
  Expr e = scaled_exp(at_least(-absolute(x), -104), 0);  // at most 1: nothing overflows
  return select(x < f32(0), e, f32(1)) / (e + f32(1));
}

Expr expand_erf(const Expr& x) {
  Expr a = absolute(x), square = x * x;
  Expr p = polynomial(square, {0x1.06eba8p-3, -0x1.81274p-2, 0x1.ce2d64p-4, -0x1.b80116p-6, 0x1.5449ap-8, -0x1.a601d4p-11, 0x1.4f3afep-14});
  Expr small = fma(p, x, x);
  // erf(a) = 1 - exp(-a*q(a)); beyond 3.95 it rounds to 1.
  Expr b = at_most(a, 3.95);
  Expr q = polynomial(b, {0x1.20ee9ep+0, 0x1.45367cp-1, 0x1.b2f21ep-4, -0x1.84a2d8p-6, 0x1.dae168p-9, -0x1.4d8b14p-12, 0x1.6941bap-17});
  Expr large = f32(1) - bounded_exp(-(b * q));
  return select(a < f32(0.92), small, with_sign_of(x, large));
}

Expr half_exp(const Expr& a) { return scaled_exp(at_most(a, 90), -1); }  // exp(a)/2 of a >= 0, where exp(a) may overflow

Expr expand_cosh(const Expr& x) {
  Expr half = half_exp(absolute(x));
  return half + f32(0.25) / half;
}

Expr expand_sinh(const Expr& x) {
  Expr a = absolute(x), square = x * x, half = half_exp(a);
  Expr p = polynomial(square, {0x1.555556p-3, 0x1.1110ep-7, 0x1.a022bcp-13, 0x1.756c1ep-19});
  Expr small = fma(p * square, x, x);
  return select(a < f32(1), small, with_sign_of(x, half - f32(0.25) / half));
}

}  // namespace

bool has_expansion(Op op, DType dtype) {
  if (dtype != DType::f32) return false;
  switch (op) {
    case Op::exp:
    case Op::log:
    case Op::tanh:
    case Op::sigmoid:
    case Op::erf:
    case Op::sinh:
    case Op::cosh: return true;
    default: return false;
  }
}

Expr expand_function(const Expr& call) {
  BROACH_CHECK(has_expansion(call->op, call.dtype()), "{} of {} has no expansion", traits(call->op).name, info(call.dtype()).name);
  const Expr& x = call.arg(0);
  switch (call->op) {
    case Op::exp: return expand_exp(x);
    case Op::log: return expand_log(x);
    case Op::tanh: return expand_tanh(x);
    case Op::sigmoid: return expand_sigmoid(x);
    case Op::erf: return expand_erf(x);
    case Op::sinh: return expand_sinh(x);
    default: return expand_cosh(x);
  }
}

}  // namespace broach
