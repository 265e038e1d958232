// Formulas, element by element, with the names of the operators.
#include "ops/elementwise.h"

#include <cmath>

#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

const double pi = std::acos(-1.0);

bool is_real(const Constant& x) { return is_float(x.type().dtype); }

// f is called with doubles, or with int64 for integer tensors; the result has the type of x.
template <class F>
Results map(const Constant& x, F f) {
  if (is_real(x)) {
    Reals y = to_reals(x);
    for (double& v : y.data) v = f(v);
    return {to_constant(y)};
  }
  Ints y = to_ints(x);
  for (int64_t& v : y.data) v = int64_t(f(v));
  return {to_constant(y, x.type().dtype)};
}

template <class T, class R, class F>
Array<R> zip(const Array<T>& x, const Array<T>& y, const Shape& shape, F f) {
  Array<R> z{shape, {}};
  for_each_index(shape,
                 [&](const Shape& index) { z.data.push_back(R(f(x[broadcast_offset(x.shape, index)], y[broadcast_offset(y.shape, index)]))); });
  return z;
}

const Shape& output_shape(const Node& node) { return node.output()->type.shape; }

// The result has the type of the inputs.
template <class F>
Results arithmetic(const Node& node, const Inputs& in, F f) {
  if (is_real(in[0])) return {to_constant(zip<double, double>(to_reals(in[0]), to_reals(in[1]), output_shape(node), f))};
  return {to_constant(zip<int64_t, int64_t>(to_ints(in[0]), to_ints(in[1]), output_shape(node), f), in[0].type().dtype)};
}

template <class F>
Results comparison(const Node& node, const Inputs& in, F f) {
  if (is_real(in[0])) return {to_constant(zip<double, int64_t>(to_reals(in[0]), to_reals(in[1]), output_shape(node), f), DType::boolean)};
  return {to_constant(zip<int64_t, int64_t>(to_ints(in[0]), to_ints(in[1]), output_shape(node), f), DType::boolean)};
}

double log_one_plus_exp(double x) { return x > 30 ? x + std::exp(-x) : std::log1p(std::exp(x)); }

template <class T>
T quotient(T x, T y) {
  if constexpr (std::is_same_v<T, int64_t>)
    return y == 0 ? 0 : x / y;
  else
    return x / y;
}

template <class T>
T remainder_of(T x, T y, bool sign_of_x) {
  if constexpr (std::is_same_v<T, int64_t>) {
    if (y == 0) return 0;
    T r = x % y;
    return sign_of_x || r == 0 || (r < 0) == (y < 0) ? r : r + y;
  } else {
    T r = std::fmod(x, y);
    return sign_of_x || r == 0 || (r < 0) == (y < 0) ? r : r + y;
  }
}

double clipped(double x, const ClipAttributes& a) { return std::fmin(std::fmax(x, a.low), a.high); }
int64_t clipped(int64_t x, const ClipAttributes& a) {
  if (double(x) < a.low) return int64_t(std::ceil(a.low));
  return double(x) > a.high ? int64_t(std::floor(a.high)) : x;
}

int64_t saturated(double x, DType dtype) {
  if (std::isnan(x)) return 0;
  bool is_signed = is_signed_int(dtype);
  double past = std::ldexp(1, info(dtype).bits - (is_signed ? 1 : 0)), lowest = is_signed ? -past : 0;
  if (x <= lowest) return is_signed ? int64_t(lowest) : 0;
  if (x >= past) return dtype == DType::u64 ? -1 : dtype == DType::i64 ? INT64_MAX : int64_t(past) - 1;
  return x >= 0x1p63 ? int64_t(uint64_t(x)) : int64_t(x);
}

}  // namespace

#define UNARY(name, Attributes, formula)                       \
  Results name(const Node& node, const Inputs& in) {           \
    [[maybe_unused]] const auto& a = node.attrs<Attributes>(); \
    return map(in[0], [&](auto x) { return formula; });        \
  }
#define BINARY(name, kind, formula)                                 \
  Results name(const Node& node, const Inputs& in) {                \
    return kind(node, in, [&](auto x, auto y) { return formula; }); \
  }

UNARY(relu, NoAttributes, x > 0 ? x : decltype(x)(0))
UNARY(leaky_relu, LeakyReluAttributes, x < 0 ? a.alpha * x : x)
UNARY(elu, AlphaAttributes, x < 0 ? a.alpha * std::expm1(x) : x)
UNARY(selu, SeluAttributes, a.gamma*(x > 0 ? x : a.alpha * std::expm1(x)))
UNARY(celu, AlphaAttributes, std::fmax(0, x) + std::fmin(0, a.alpha* std::expm1(x / a.alpha)))
UNARY(hard_sigmoid, HardSigmoidAttributes, std::fmax(0, std::fmin(1, a.alpha* x + a.beta)))
UNARY(hard_swish, NoAttributes, x* std::fmax(0, std::fmin(6, x + 3)) / 6)
UNARY(softplus, NoAttributes, log_one_plus_exp(x))
UNARY(softsign, NoAttributes, x / (1 + std::abs(x)))
UNARY(thresholded_relu, AlphaAttributes, x > a.alpha ? x : decltype(x)(0))
UNARY(sigmoid, NoAttributes, 1 / (1 + std::exp(-x)))
UNARY(tanh, NoAttributes, std::tanh(x))
UNARY(erf, NoAttributes, std::erf(x))
UNARY(exp, NoAttributes, std::exp(x))
UNARY(log, NoAttributes, std::log(x))
UNARY(sqrt, NoAttributes, std::sqrt(x))
UNARY(reciprocal, NoAttributes, 1.0 / x)
UNARY(neg, NoAttributes, -x)
UNARY(abs, NoAttributes, x < 0 ? -x : x)
UNARY(sign, NoAttributes, (x > 0) - (x < 0))
UNARY(floor, NoAttributes, std::floor(x))
UNARY(ceil, NoAttributes, std::ceil(x))
UNARY(round, NoAttributes, std::nearbyint(x))
UNARY(sin, NoAttributes, std::sin(x))
UNARY(cos, NoAttributes, std::cos(x))
UNARY(logical_not, NoAttributes, x == 0)
UNARY(gelu, GeluAttributes,
      a.approximate ? 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * std::pow(x, 3)))) : 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))))
UNARY(mish, NoAttributes, x* std::tanh(log_one_plus_exp(x)))
UNARY(clip, ClipAttributes, clipped(x, a))

BINARY(add, arithmetic, x + y)
BINARY(sub, arithmetic, x - y)
BINARY(mul, arithmetic, x* y)
BINARY(div, arithmetic, quotient(x, y))
BINARY(mod, arithmetic, remainder_of(x, y, node.attrs<ModAttributes>().fmod))
BINARY(minimum, arithmetic, x < y ? x : y)
BINARY(maximum, arithmetic, x > y ? x : y)
BINARY(prelu, arithmetic, x < 0 ? x * y : x)
BINARY(equal, comparison, x == y)
BINARY(greater, comparison, x > y)
BINARY(greater_equal, comparison, x >= y)
BINARY(less, comparison, x < y)
BINARY(less_equal, comparison, x <= y)
BINARY(logical_and, comparison, x != 0 && y != 0)
BINARY(logical_or, comparison, x != 0 || y != 0)
BINARY(logical_xor, comparison, (x != 0) != (y != 0))

Results pow(const Node& node, const Inputs& in) {
  Reals z = zip<double, double>(to_reals(in[0]), to_reals(in[1]), output_shape(node), [](double x, double y) { return std::pow(x, y); });
  if (is_real(in[0])) return {to_constant(z)};
  Ints truncated{z.shape, {}};
  for (double v : z.data) truncated.data.push_back(saturated(v, in[0].type().dtype));
  return {to_constant(truncated, in[0].type().dtype)};
}

Results cast(const Node& node, const Inputs& in) {
  DType to = node.attrs<CastAttributes>().to;
  if (is_float(to)) return {to_constant(to_reals(in[0]))};
  if (!is_real(in[0])) {
    Ints y = to_ints(in[0]);
    for (int64_t& v : y.data) v = to == DType::boolean ? v != 0 : v;
    return {to_constant(y, to)};
  }
  Ints y{in[0].type().shape, {}};
  for (double v : to_reals(in[0]).data) y.data.push_back(to == DType::boolean ? v != 0 : saturated(v, to));
  return {to_constant(y, to)};
}

Results where(const Node& node, const Inputs& in) {
  const Shape& shape = output_shape(node);
  Ints condition = to_ints(in[0]);
  auto pick = [&]<class T>(const Array<T>& x, const Array<T>& y) {
    Array<T> z{shape, {}};
    for_each_index(shape, [&](const Shape& index) {
      const Array<T>& from = condition[broadcast_offset(condition.shape, index)] ? x : y;
      z.data.push_back(from[broadcast_offset(from.shape, index)]);
    });
    return z;
  };
  if (is_real(in[1])) return {to_constant(pick(to_reals(in[1]), to_reals(in[2])))};
  return {to_constant(pick(to_ints(in[1]), to_ints(in[2])), in[1].type().dtype)};
}

}  // namespace broach::reference_ops
