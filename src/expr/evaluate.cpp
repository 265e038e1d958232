#include "expr/evaluate.h"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "expr/simplify.h"

namespace broach {
namespace {

int64_t wrap(int64_t value, DType dtype) {
  switch (dtype) {
    case DType::i8: return int8_t(value);
    case DType::i16: return int16_t(value);
    case DType::i32: return int32_t(value);
    case DType::u8: return uint8_t(value);
    case DType::u16: return uint16_t(value);
    case DType::u32: return uint32_t(value);
    case DType::boolean: return value != 0;
    default: return value;
  }
}

double round_to(double value, DType dtype) {
  switch (dtype) {
    case DType::f32: return float(value);
    case DType::f64: return value;
    default: {
      uint16_t bits;
      store_double(dtype, &bits, 0, value);
      return load_as_double(dtype, &bits, 0);
    }
  }
}

Scalar of_int(int64_t value, DType dtype) { return {wrap(value, dtype), 0}; }
Scalar of_float(double value, DType dtype) { return {0, round_to(value, dtype)}; }
Scalar of_bool(bool value) { return {value, 0}; }

struct Quotient {
  int64_t div, mod, rem;
};

Quotient divide(int64_t a, int64_t b, bool is_unsigned) {
  if (b == 0) return {0, 0, 0};
  if (is_unsigned) {
    auto q = int64_t(uint64_t(a) / uint64_t(b)), r = int64_t(uint64_t(a) % uint64_t(b));
    return {q, r, r};
  }
  if (b == -1) return {int64_t(0 - uint64_t(a)), 0, 0};  // the quotient of the smallest value would trap
  int64_t q = a / b, r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? Quotient{q - 1, r + b, r} : Quotient{q, r, r};
}

int64_t int_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1;
  for (uint64_t b = uint64_t(base); exponent; exponent >>= 1, b *= b)
    if (exponent & 1) result *= b;
  return int64_t(result);
}

int64_t shift_left(int64_t a, int64_t by, int bits) { return by < 0 || by >= bits ? 0 : int64_t(uint64_t(a) << by); }

int64_t shift_right(int64_t a, int64_t by, DType dtype) {
  int bits = info(dtype).bits;
  if (is_signed_int(dtype)) return a >> (by < 0 || by >= bits ? bits - 1 : by);
  return by < 0 || by >= bits ? 0 : int64_t(uint64_t(a) >> by);
}

bool compare(Op op, auto a, auto b) {
  switch (op) {
    case Op::eq: return a == b;
    case Op::ne: return a != b;
    case Op::lt: return a < b;
    case Op::le: return a <= b;
    case Op::gt: return a > b;
    default: return a >= b;
  }
}

int64_t apply_int(Op op, DType dtype, const Scalar* operands) {
  int64_t a = operands[0].i, b = traits(op).arity > 1 ? operands[1].i : 0;
  auto ua = uint64_t(a), ub = uint64_t(b);
  bool is_unsigned = !is_signed_int(dtype), less = is_unsigned ? ua < ub : a < b;
  switch (op) {
    case Op::add: return int64_t(ua + ub);
    case Op::sub: return int64_t(ua - ub);
    case Op::mul: return int64_t(ua * ub);
    case Op::fma: return int64_t(ua * ub + uint64_t(operands[2].i));
    case Op::div: return divide(a, b, is_unsigned).div;
    case Op::mod: return divide(a, b, is_unsigned).mod;
    case Op::rem: return divide(a, b, is_unsigned).rem;
    case Op::min: return less ? a : b;
    case Op::max: return less ? b : a;
    case Op::pow: return int_power(a, b);
    case Op::neg: return int64_t(0 - ua);
    case Op::bit_and:
    case Op::logical_and: return a & b;
    case Op::bit_or:
    case Op::logical_or: return a | b;
    case Op::bit_xor: return a ^ b;
    case Op::bit_not: return ~a;
    case Op::logical_not: return !a;
    case Op::shift_left: return shift_left(a, b, info(dtype).bits);
    case Op::shift_right: return shift_right(a, b, dtype);
    case Op::abs: return !is_unsigned && a < 0 ? int64_t(0 - ua) : a;
    case Op::sign: return a == 0 ? 0 : !is_unsigned && a < 0 ? -1 : 1;
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::trunc: return a;
    default: BROACH_CHECK(false, "{} has no meaning on {}", traits(op).name, info(dtype).name);
  }
}

double float_mod(double a, double b) {
  double m = std::fmod(a, b);
  return m != 0 && std::signbit(m) != std::signbit(b) ? m + b : m;
}

double minimum(double a, double b) {  // -0 below 0, so that the order of operands does not matter
  if (std::isnan(a) || std::isnan(b)) return a + b;
  return a < b || (a == b && std::signbit(a)) ? a : b;
}

double apply_float(Op op, DType dtype, const Scalar* operands) {
  double a = operands[0].f, b = traits(op).arity > 1 ? operands[1].f : 0;
  switch (op) {
    case Op::add: return a + b;
    case Op::sub: return a - b;
    case Op::mul: return a * b;
    case Op::fma:  // in double an f32 product is exact but the sum would be rounded twice
      return dtype == DType::f32 ? std::fmaf(float(a), float(b), float(operands[2].f)) : std::fma(a, b, operands[2].f);
    case Op::div: return a / b;
    case Op::mod: return float_mod(a, b);
    case Op::rem: return std::fmod(a, b);
    case Op::min: return minimum(a, b);
    case Op::max: return -minimum(-a, -b);
    case Op::pow: return std::pow(a, b);
    case Op::atan2: return std::atan2(a, b);
    case Op::neg: return -a;
    case Op::abs: return std::fabs(a);
    case Op::sign: return a > 0 ? 1 : a < 0 ? -1 : a;
    case Op::floor: return std::floor(a);
    case Op::ceil: return std::ceil(a);
    case Op::round: return std::nearbyint(a);
    case Op::trunc: return std::trunc(a);
    case Op::sqrt: return std::sqrt(a);
    case Op::exp: return std::exp(a);
    case Op::log: return std::log(a);
    case Op::sin: return std::sin(a);
    case Op::cos: return std::cos(a);
    case Op::tan: return std::tan(a);
    case Op::asin: return std::asin(a);
    case Op::acos: return std::acos(a);
    case Op::atan: return std::atan(a);
    case Op::sinh: return std::sinh(a);
    case Op::cosh: return std::cosh(a);
    case Op::tanh: return std::tanh(a);
    case Op::asinh: return std::asinh(a);
    case Op::acosh: return std::acosh(a);
    case Op::atanh: return std::atanh(a);
    case Op::erf: return std::erf(a);
    case Op::sigmoid: return 1 / (1 + std::exp(-a));
    default: BROACH_CHECK(false, "{} has no meaning on {}", traits(op).name, info(dtype).name);
  }
}

int64_t saturate(double value, DType dtype) {
  if (std::isnan(value)) return 0;
  value = std::trunc(value);
  if (dtype == DType::u64) {
    if (value <= 0) return 0;
    return value >= 0x1p64 ? -1 : int64_t(uint64_t(value));
  }
  int bits = info(dtype).bits;
  double low = is_signed_int(dtype) ? -std::ldexp(1, bits - 1) : 0;
  double high = std::ldexp(1, is_signed_int(dtype) ? bits - 1 : bits);  // excluded
  if (value < low) return int64_t(low);
  if (value < high) return int64_t(value);
  return dtype == DType::i64 ? std::numeric_limits<int64_t>::max() : int64_t(high) - 1;
}

Scalar apply_cast(DType from, DType to, const Scalar& a) {
  if (is_float(from)) {
    if (is_float(to)) return of_float(a.f, to);
    return to == DType::boolean ? of_bool(a.f != 0) : of_int(saturate(a.f, to), to);
  }
  if (!is_float(to)) return of_int(a.i, to);
  if (to == DType::f32) return {0, from == DType::u64 ? float(uint64_t(a.i)) : float(a.i)};  // one rounding
  return of_float(from == DType::u64 ? double(uint64_t(a.i)) : double(a.i), to);
}

Scalar apply_bitcast(DType from, DType to, const Scalar& a) {
  uint64_t bits = 0;
  if (is_float(from))
    store_double(from, &bits, 0, a.f);
  else
    store_int(from, &bits, 0, a.i);
  if (is_float(to)) return {0, load_as_double(to, &bits, 0)};
  return {load_as_int(to, &bits, 0), 0};
}

// Vector expressions have few lanes, so every value is a list of lanes.
class Evaluator {
 public:
  const std::vector<Scalar>& run(const Expr& e) {
    if (auto it = values_.find(e.get()); it != values_.end()) return it->second;
    std::vector<Scalar> value = compute(e);
    return values_[e.get()] = std::move(value);
  }

 private:
  std::vector<Scalar> compute(const Expr& e) {
    switch (e->op) {
      case Op::int_imm: return {make_scalar(e->int_value, e.dtype())};
      case Op::float_imm: return {make_scalar(e->float_value, e.dtype())};
      case Op::broadcast: return std::vector<Scalar>(size_t(e.lanes()), run(e.arg(0))[0]);
      case Op::ramp: return compute_ramp(e);
      case Op::reduce_add:
      case Op::reduce_max:
      case Op::reduce_min:
      case Op::reduce_mul: return {reduce_lanes(e->op, e.dtype(), run(e.arg(0)))};
      default: return compute_lanes(e);
    }
  }

  std::vector<Scalar> compute_ramp(const Expr& e) {
    std::vector<Scalar> values;
    Scalar operands[3] = {run(e.arg(1))[0], {}, run(e.arg(0))[0]};
    for (int lane = 0; lane < e.lanes(); ++lane) {
      operands[1] = make_scalar(int64_t(lane), e.dtype());
      values.push_back(apply_operator(Op::fma, e.dtype(), e.dtype(), operands));
    }
    return values;
  }

  std::vector<Scalar> compute_lanes(const Expr& e) {
    std::vector<Scalar> values, operands(e->args.size());
    BROACH_CHECK(!operands.empty() && operands.size() <= 3, "{} in a constant expression", traits(e->op).name);
    for (const Expr& arg : e->args) run(arg);
    DType operand = e.arg(e.is(Op::select) ? 1 : 0).dtype();
    for (int lane = 0; lane < e.lanes(); ++lane) {
      for (size_t i = 0; i < operands.size(); ++i) operands[i] = values_[e->args[i].get()][size_t(lane)];
      values.push_back(apply_operator(e->op, operand, e.dtype(), operands.data()));
    }
    return values;
  }

  std::unordered_map<const ExprNode*, std::vector<Scalar>> values_;
};

}  // namespace

Scalar make_scalar(double value, DType dtype) { return is_float(dtype) ? of_float(value, dtype) : of_int(saturate(value, dtype), dtype); }

Scalar make_scalar(int64_t value, DType dtype) { return is_float(dtype) ? of_float(double(value), dtype) : of_int(value, dtype); }

Expr make_const(const Scalar& value, DType dtype) { return is_float(dtype) ? make_float(value.f, dtype) : make_int(value.i, dtype); }

Scalar apply_operator(Op op, DType operand, DType result, const Scalar* a) {
  switch (op) {
    case Op::select: return a[a[0].i ? 1 : 2];
    case Op::cast: return apply_cast(operand, result, a[0]);
    case Op::bitcast: return apply_bitcast(operand, result, a[0]);
    case Op::is_nan: return of_bool(is_float(operand) && std::isnan(a[0].f));
    case Op::is_inf: return of_bool(is_float(operand) && std::isinf(a[0].f));
    case Op::eq:
    case Op::ne:
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
      if (is_float(operand)) return of_bool(compare(op, a[0].f, a[1].f));
      if (operand == DType::u64) return of_bool(compare(op, uint64_t(a[0].i), uint64_t(a[1].i)));
      return of_bool(compare(op, a[0].i, a[1].i));
    default: break;
  }
  if (is_float(operand)) return of_float(apply_float(op, operand, a), result);
  return of_int(apply_int(op, operand, a), result);
}

Scalar reduce_lanes(Op op, DType dtype, std::vector<Scalar> lanes) {
  Op step = op == Op::reduce_add ? Op::add : op == Op::reduce_max ? Op::max : op == Op::reduce_min ? Op::min : Op::mul;
  for (size_t n = lanes.size(); n > 1;) {
    size_t half = (n + 1) / 2;
    for (size_t i = 0; i + half < n; ++i) {
      Scalar operands[2] = {lanes[i], lanes[i + half]};
      lanes[i] = apply_operator(step, dtype, dtype, operands);
    }
    n = half;
  }
  return lanes[0];
}

double evaluate_float(const Expr& e) {
  BROACH_CHECK(e.lanes() == 1 && is_float(e.dtype()), "evaluate_float of {}x{}", info(e.dtype()).name, e.lanes());
  return Evaluator().run(e)[0].f;
}

int64_t evaluate_int(const Expr& e) {
  BROACH_CHECK(e.lanes() == 1 && !is_float(e.dtype()), "evaluate_int of {}x{}", info(e.dtype()).name, e.lanes());
  return Evaluator().run(e)[0].i;
}

}  // namespace broach
