#include "ops/elementwise.h"

#include <cmath>

#include "ops/inference.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

// --- Formulas that are longer than a row ---

Expr like(const Expr& x, double value) { return make_const(value, x.dtype()); }
Expr exp(const Expr& x) { return make_unary(Op::exp, x); }

// log(exp(x) + 1) without overflow.
Expr softplus(const Expr& x) { return max(x, 0) + make_unary(Op::log, exp(-make_unary(Op::abs, x)) + 1); }

Expr gelu(const Expr& x, bool approximate) {
  if (!approximate) return x * like(x, 0.5) * (make_unary(Op::erf, x * like(x, std::sqrt(0.5))) + 1);
  Expr inner = like(x, std::sqrt(2 / 3.14159265358979323846)) * (x + like(x, 0.044715) * x * x * x);
  return x * like(x, 0.5) * (make_unary(Op::tanh, inner) + 1);
}

// Bounds that an integer type cannot reach are left out.
Expr clip(const Expr& x, double low, double high) {
  DType dtype = x.dtype();
  double bits = info(dtype).bits - (is_signed_int(dtype) ? 1 : 0);
  double lowest = is_float(dtype) ? -INFINITY : is_signed_int(dtype) ? -std::exp2(bits) : 0;
  double past_highest = is_float(dtype) ? INFINITY : std::exp2(bits);
  Expr y = x;
  if (low > lowest) y = max(y, like(x, is_float(dtype) ? low : std::ceil(std::min(low, past_highest - 1))));
  if (high < past_highest) y = min(y, like(x, is_float(dtype) ? high : std::floor(std::max(high, lowest))));
  return y;
}

Expr divide(const Expr& x, const Expr& y) {
  if (!is_signed_int(x.dtype())) return x / y;
  return (x - make_binary(Op::rem, x, y)) / y;  // exact, so that rounding down does not matter
}

// --- Shared by all ---

DType narrowed_dtype(DType computed, DType wide, DType operand) { return computed == wide ? operand : computed; }

template <class A>
using UnaryFormula = Expr (*)(const Expr&, const A&);
template <class A>
using BinaryFormula = Expr (*)(const Expr&, const Expr&, const A&);

// The formula's value; half types are computed in f32 and rounded once.
template <class A>
Expr apply(UnaryFormula<A> formula, const Expr& x, const A& attributes) {
  Expr wide = widened(x), y = formula(wide, attributes);
  return cast(narrowed_dtype(y.dtype(), wide.dtype(), x.dtype()), y);
}

template <class A>
Expr apply(BinaryFormula<A> formula, const Expr& x, const Expr& y, const A& attributes) {
  Expr wide = widened(x), z = formula(wide, widened(y), attributes);
  return cast(narrowed_dtype(z.dtype(), wide.dtype(), x.dtype()), z);
}

Expr example(DType dtype) { return make_var("x", dtype); }

template <class A, Domain D, UnaryFormula<A> F>
std::vector<TensorType> infer_unary(const Node& node) {
  expect_inputs(node, 1, 1);
  expect_domain(node, 0, D);
  const TensorType& x = type_of(node, 0);
  return {{apply(F, example(x.dtype), node.attrs<A>()).dtype(), x.shape, x.layout}};
}

template <class A, UnaryFormula<A> F>
std::vector<Tensor> lower_unary(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  return {compute(node.op->name, x->shape, [&](Indices i) { return apply(F, read(x, {i.begin(), i.end()}), node.attrs<A>()); })};
}

template <class A, Domain D, BinaryFormula<A> F>
std::vector<TensorType> infer_binary(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_domain(node, 0, D);
  expect_same_dtype(node, 0, 1);
  const TensorType &x = type_of(node, 0), &y = type_of(node, 1);
  Shape shape = broadcast_shapes(x.shape, y.shape);
  DType dtype = apply(F, example(x.dtype), example(y.dtype), node.attrs<A>()).dtype();
  return {{dtype, shape, elementwise_layout(node, shape)}};
}

Tensor compute_binary(const Node& node, const std::vector<Tensor>& inputs, const std::function<Expr(const Expr&, const Expr&)>& formula) {
  const Tensor &x = inputs[0], &y = inputs[1];
  Shape shape = broadcast_shapes(x->shape, y->shape);
  return compute(node.op->name, shape,
                 [&](Indices i) { return formula(read(x, broadcast_indices(x->shape, shape, i)), read(y, broadcast_indices(y->shape, shape, i))); });
}

template <class A, BinaryFormula<A> F>
std::vector<Tensor> lower_binary(const Node& node, const std::vector<Tensor>& inputs) {
  return {compute_binary(node, inputs, [&](const Expr& x, const Expr& y) { return apply(F, x, y, node.attrs<A>()); })};
}

// --- Test cases ---

std::vector<DType> example_dtypes(Domain domain) {
  std::vector<DType> dtypes;
  for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::i32, DType::i64, DType::u8, DType::u16, DType::boolean})
    if (contains(domain, dtype)) dtypes.push_back(dtype);
  return dtypes;
}

std::vector<OpCase> cases_unary(const OpDef& op, Domain domain, double low, double high) {
  std::vector<OpCase> cases;
  for (DType dtype : example_dtypes(domain))
    for (const Shape& shape : {Shape{2, 3, 5}, Shape{}, Shape{1, 19, 3, 1}}) {
      OpCase c = in_range(make_case({{dtype, shape}}), low, high);
      c.attributes = op.make_attributes();
      cases.push_back(std::move(c));
    }
  return cases;
}

template <class T>
void add_attribute_case(std::vector<OpCase>& cases, const T& attributes) {
  OpCase c = make_case({{DType::f32, {3, 7}}}, attributes);
  c.low = cases[0].low;
  c.high = cases[0].high;
  cases.push_back(std::move(c));
}

template <class T>
T with(T attributes, double T::* member, double value) {
  attributes.*member = value;
  return attributes;
}

void add_attribute_cases(std::vector<OpCase>&, const NoAttributes&) {}
void add_attribute_cases(std::vector<OpCase>& cases, AlphaAttributes a) { add_attribute_case(cases, with(a, &AlphaAttributes::alpha, 0.7)); }
void add_attribute_cases(std::vector<OpCase>& cases, LeakyReluAttributes a) { add_attribute_case(cases, with(a, &LeakyReluAttributes::alpha, 0.3)); }
void add_attribute_cases(std::vector<OpCase>& cases, SeluAttributes a) { add_attribute_case(cases, with(a, &SeluAttributes::gamma, 2)); }
void add_attribute_cases(std::vector<OpCase>& cases, HardSigmoidAttributes a) {
  add_attribute_case(cases, with(a, &HardSigmoidAttributes::alpha, 0.5));
}
void add_attribute_cases(std::vector<OpCase>& cases, GeluAttributes a) {
  a.approximate = true;
  add_attribute_case(cases, a);
}
void add_attribute_cases(std::vector<OpCase>& cases, ClipAttributes a) {
  add_attribute_case(cases, with(a, &ClipAttributes::low, -0.5));
  add_attribute_case(cases, with(with(a, &ClipAttributes::low, 0.0), &ClipAttributes::high, 1.0));
  for (DType dtype : {DType::i32, DType::u8}) {
    a.low = -1;
    a.high = 1.5;
    cases.push_back(in_range(make_case({{dtype, {17}}}, a), -5, 5));
  }
}
void add_attribute_cases(std::vector<OpCase>& cases, ModAttributes a) {
  a.fmod = true;
  for (DType dtype : {DType::f32, DType::i32, DType::i64}) cases.push_back(in_range(make_case({{dtype, {5, 3}}, {dtype, {3}}}, a), -9, 9));
}

std::vector<OpCase> cases_binary(const OpDef& op, Domain domain, double low, double high) {
  std::vector<OpCase> cases;
  for (DType dtype : example_dtypes(domain))
    for (const auto& [x, y] : {std::pair<Shape, Shape>{{2, 3, 5}, {2, 3, 5}}, {{3, 1, 4}, {5, 1}}, {{1, 7, 2, 3}, {7, 1, 1}}, {{}, {3}}}) {
      OpCase c = in_range(make_case({{dtype, x}, {dtype, y}}), low, high);
      c.attributes = op.make_attributes();
      cases.push_back(std::move(c));
    }
  for (const auto& [dtype, range] : {std::pair{DType::i32, 9.0}, std::pair{DType::i8, 127.0}}) {  // both signs, zeros, results that wrap
    if (!contains(domain, dtype)) continue;
    OpCase c = in_range(make_case({{dtype, {50}}, {dtype, {50}}}), -range, range);
    c.attributes = op.make_attributes();
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace

#define BROACH_UNARY(name, A, domain, formula, low, high, doc)                                         \
  namespace {                                                                                          \
  Expr formula_##name([[maybe_unused]] const Expr& x, [[maybe_unused]] const A& a) { return formula; } \
  std::vector<OpCase> cases_##name() {                                                                 \
    std::vector<OpCase> cases = cases_unary(op_##name, Domain::domain, low, high);                     \
    add_attribute_cases(cases, A());                                                                   \
    return cases;                                                                                      \
  }                                                                                                    \
  }                                                                                                    \
  const OpDef op_##name = {#name,                                                                      \
                           doc " One input x of any shape and a type of " #domain ".",                 \
                           make_attributes<A>,                                                         \
                           infer_unary<A, Domain::domain, formula_##name>,                             \
                           lower_unary<A, formula_##name>,                                             \
                           nullptr,                                                                    \
                           false,                                                                      \
                           cases_##name};
#define BROACH_BINARY(name, A, domain, formula, low, high, doc)                                                                        \
  namespace {                                                                                                                          \
  Expr formula_##name([[maybe_unused]] const Expr& x, [[maybe_unused]] const Expr& y, [[maybe_unused]] const A& a) { return formula; } \
  std::vector<OpCase> cases_##name() {                                                                                                 \
    std::vector<OpCase> cases = cases_binary(op_##name, Domain::domain, low, high);                                                    \
    add_attribute_cases(cases, A());                                                                                                   \
    return cases;                                                                                                                      \
  }                                                                                                                                    \
  }                                                                                                                                    \
  const OpDef op_##name = {#name,                                                                                                      \
                           doc " Inputs x and y of one type of " #domain "; shapes broadcast as in numpy.",                            \
                           make_attributes<A>,                                                                                         \
                           infer_binary<A, Domain::domain, formula_##name>,                                                            \
                           lower_binary<A, formula_##name>,                                                                            \
                           nullptr,                                                                                                    \
                           false,                                                                                                      \
                           cases_##name};
#include "ops/elementwise.def"
#undef BROACH_UNARY
#undef BROACH_BINARY

// --- Operators that are no single formula over inputs of one type ---

namespace {

std::vector<TensorType> infer_cast(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  return {{node.attrs<CastAttributes>().to, x.shape, x.layout}};
}

std::vector<Tensor> lower_cast(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  return {compute(node.op->name, x->shape, [&](Indices i) { return cast(node.attrs<CastAttributes>().to, read(x, {i.begin(), i.end()})); })};
}

std::vector<OpCase> cases_cast() {
  std::vector<OpCase> cases;
  for (DType from : example_dtypes(Domain::any))
    for (DType to : example_dtypes(Domain::any)) {
      CastAttributes attributes;
      attributes.to = to;
      cases.push_back(in_range(make_case({{from, {13}}}, attributes), -300, 300));
    }
  return cases;
}

std::vector<TensorType> infer_prelu(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_domain(node, 0, Domain::signed_numbers);
  expect_same_dtype(node, 0, 1);
  const TensorType &x = type_of(node, 0), &slope = type_of(node, 1);
  if (slope.shape.size() > x.shape.size() || broadcast_shapes(x.shape, slope.shape) != x.shape)
    throw_error("the slope {} of prelu does not broadcast to the shape {}", to_string(slope.shape), to_string(x.shape));
  return {{x.dtype, x.shape, elementwise_layout(node, x.shape)}};
}

Expr prelu(const Expr& x, const Expr& slope, const NoAttributes&) { return select(x < 0, slope * x, x); }

std::vector<OpCase> cases_prelu() {
  return case_list(make_case({{DType::f32, {2, 3, 5}}, {DType::f32, {3, 1}}}), make_case({{DType::f64, {4, 6}}, {DType::f64, {4, 6}}}),
                   make_case({{DType::f16, {2, 9}}, {DType::f16, {1}}}), make_case({{DType::i32, {2, 9}}, {DType::i32, {9}}}));
}

std::vector<TensorType> infer_pow(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_domain(node, 0, Domain::numbers);
  expect_domain(node, 1, Domain::numbers);
  const TensorType &x = type_of(node, 0), &y = type_of(node, 1);
  Shape shape = broadcast_shapes(x.shape, y.shape);
  return {{x.dtype, shape, elementwise_layout(node, shape)}};
}

// The exponent, if it is the same known number for all elements.
std::optional<double> constant_exponent(const Node& node) {
  const Value* y = node.input(1);
  if (!y->is_constant() || y->constant.elements() != 1) return std::nullopt;
  return y->constant.float_at(0);
}

std::vector<Tensor> lower_pow(const Node& node, const std::vector<Tensor>& inputs) {
  std::optional<double> exponent = constant_exponent(node);
  return {compute_binary(node, inputs, [&](const Expr& x, const Expr& y) {
    Expr wide = widened(x);
    if (exponent == 1) return x;
    if (exponent == 2) return cast(x.dtype(), wide * wide);
    if (exponent == 3) return cast(x.dtype(), wide * wide * wide);
    // No case for 0.5: pow(-inf, 0.5) is not sqrt(-inf).
    DType dtype = is_float(wide.dtype()) ? wide.dtype() : DType::f64;  // whose 53 bits hold the integers that powers give
    return cast(x.dtype(), make_binary(Op::pow, cast(dtype, wide), cast(dtype, y)));
  })};
}

std::vector<OpCase> cases_pow() {
  auto by = [](double exponent) {
    return with_constant(make_case({{DType::f32, {2, 7}}, {DType::f32, {}}}), 1, Constant::of_floats({exponent}, {}));
  };
  auto negative_base = [] {
    return with_constant(in_range(make_case({{DType::f32, {4, 5}}, {DType::f32, {5}}}), -2, -0.5), 1, Constant::of_floats({2, 3, -1, 0, 0.5}, {5}));
  };
  return case_list(
      in_range(make_case({{DType::f32, {2, 3, 4}}, {DType::f32, {3, 1}}}), 0.1, 3),
      in_range(make_case({{DType::f64, {5}}, {DType::f64, {5}}}), 0.1, 3), in_range(make_case({{DType::f16, {5}}, {DType::f16, {}}}), 0.5, 2),
      in_range(make_case({{DType::f32, {4}}, {DType::i64, {4}}}), 1, 4), in_range(make_case({{DType::i32, {4, 2}}, {DType::f32, {2}}}), 1, 4),
      in_range(make_case({{DType::i64, {6}}, {DType::i32, {1}}}), 1, 5), negative_base(), by(1), by(2), by(3), in_range(by(0.5), 0, 4),
      in_range(by(-1), 0.5, 4));
}

std::vector<TensorType> infer_where(const Node& node) {
  expect_inputs(node, 3, 3);
  expect_domain(node, 0, Domain::booleans);
  expect_same_dtype(node, 1, 2);
  Shape shape = broadcast_shapes(broadcast_shapes(type_of(node, 0).shape, type_of(node, 1).shape), type_of(node, 2).shape);
  return {{type_of(node, 1).dtype, shape, elementwise_layout(node, shape)}};
}

std::vector<Tensor> lower_where(const Node& node, const std::vector<Tensor>& inputs) {
  Shape shape = broadcast_shapes(broadcast_shapes(inputs[0]->shape, inputs[1]->shape), inputs[2]->shape);
  return {compute(node.op->name, shape, [&](Indices i) {
    auto element = [&](const Tensor& x) { return read(x, broadcast_indices(x->shape, shape, i)); };
    return select(element(inputs[0]), element(inputs[1]), element(inputs[2]));
  })};
}

std::vector<OpCase> cases_where() {
  return case_list(make_case({{DType::boolean, {2, 3, 4}}, {DType::f32, {2, 3, 4}}, {DType::f32, {}}}),
                   make_case({{DType::boolean, {3, 1}}, {DType::i64, {1, 4}}, {DType::i64, {2, 1, 1}}}),
                   make_case({{DType::boolean, {}}, {DType::u8, {5}}, {DType::u8, {5}}}),
                   make_case({{DType::boolean, {5}}, {DType::boolean, {5}}, {DType::boolean, {1}}}));
}

}  // namespace

const OpDef op_cast = {"cast",
                       "x converted to the type `to`: floats to integers towards zero and saturating (NaN: 0), integers to integers "
                       "wrapping, to bool: x != 0. One input of any shape and type. ONNX Cast.",
                       make_attributes<CastAttributes>,
                       infer_cast,
                       lower_cast,
                       nullptr,
                       false,
                       cases_cast};

const OpDef op_prelu = {"prelu",
                        "y = x < 0 ? slope * x : x. Inputs x and slope of one type; slope broadcasts to x. ONNX PRelu.",
                        make_attributes<NoAttributes>,
                        infer_prelu,
                        lower_binary<NoAttributes, prelu>,
                        nullptr,
                        false,
                        cases_prelu};

const OpDef op_pow = {"pow",
                      "x to the power y, in the type of x. Inputs x and y of number types that may differ; shapes broadcast as in numpy. "
                      "With integers it is computed in f64 and truncated. ONNX Pow.",
                      make_attributes<NoAttributes>,
                      infer_pow,
                      lower_pow,
                      nullptr,
                      false,
                      cases_pow};

const OpDef op_where = {"where",
                        "condition ? x : y, element by element. Inputs condition (bool), x and y (one type, any); shapes broadcast as in "
                        "numpy. ONNX Where.",
                        make_attributes<NoAttributes>,
                        infer_where,
                        lower_where,
                        nullptr,
                        false,
                        cases_where};

}  // namespace broach
