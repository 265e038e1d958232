// arg_max and arg_min: a reduction of pairs (value, index).
#include <cmath>

#include "ops/inference.h"
#include "ops/op_cases.h"
#include "ops/reduced_axes.h"
#include "ops/reduction.h"

namespace broach {
namespace {

ReducedAxes reduced_axes(const Shape& x, const ArgAttributes& a) { return {x, {normalize_axis(a.axis, x.size())}, a.keepdims}; }

std::vector<TensorType> infer_arg(const Node& node) {
  expect_inputs(node, 1, 1);
  expect_domain(node, 0, Domain::numbers);
  expect_rank(node, 0, 1);
  const TensorType& x = type_of(node, 0);
  ReducedAxes axes = reduced_axes(x.shape, node.attrs<ArgAttributes>());
  if (axes.count() == 0) throw_error("{} goes over an axis without elements (shape {})", node.op->name, to_string(x.shape));
  return {{DType::i64, axes.output()}};
}

// Whether (value, index) replaces (best, best_index), in any order of visits: NaN goes before all numbers, as in numpy; of equal
// values the first index (or last) stays. No index yet: best_index is -1.
Expr replaces(const Expr& value, const Expr& index, const Expr& best, const Expr& best_index, bool max, bool last) {
  Expr better = max ? value > best : value < best, same = value == best;
  if (is_float(value.dtype())) {
    Expr nan = make_unary(Op::is_nan, value), best_nan = make_unary(Op::is_nan, best);
    better = (better && logical_not(best_nan)) || (nan && logical_not(best_nan));
    same = same || (nan && best_nan);
  }
  return best_index < 0 || better || (same && (last ? index > best_index : index < best_index));
}

template <bool Max>
std::vector<Tensor> lower_arg(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& a = node.attrs<ArgAttributes>();
  ReducedAxes axes = reduced_axes(x->shape, a);
  TensorNode arg = *compute(node.op->name, axes.output(), [](Indices) { return Expr(0); });
  Axis along = make_axis("r0", axes.count());
  Var best = make_var("best", x->dtype), best_index = make_var("best_index");
  std::vector<Expr> indices;
  for (const Axis& axis : arg.axes) indices.emplace_back(axis.var);
  Expr index = along.var, value = read(x, axes.input_indices(indices, {&index, 1}));
  Expr take = replaces(value, index, best, best_index, Max, a.select_last_index);
  arg.reduction = {Reducer::custom,
                   {along},
                   {best, best_index},
                   {make_const(0, x->dtype), make_int(-1)},
                   {select(take, value, best), select(take, index, best_index)}};
  arg.result = best_index;
  return {std::make_shared<const TensorNode>(std::move(arg))};
}

std::vector<OpCase> cases_arg() {
  auto arg_case = [](TensorType x, int64_t axis, bool keepdims, bool last) {
    ArgAttributes a;
    a.axis = axis;
    a.keepdims = keepdims;
    a.select_last_index = last;
    return make_case({std::move(x)}, a);
  };
  auto with_nan = [&](bool last) {
    return with_constant(arg_case({DType::f32, {2, 4}}, 1, true, last), 0, Constant::of_floats({1, NAN, 3, NAN, -INFINITY, 2, INFINITY, 0}, {2, 4}));
  };
  return case_list(
      with_nan(false), with_nan(true), arg_case({DType::f32, {3, 5, 4}}, 1, true, false), arg_case({DType::f32, {3, 5, 4}}, -1, false, true),
      arg_case({DType::f64, {7}}, 0, true, false), arg_case({DType::f16, {2, 9}}, 1, false, false),
                   // Small integers: equal elements, which tell the first from the last.
      arg_case({DType::i32, {4, 17}}, 1, true, false), arg_case({DType::i8, {4, 17}}, 1, true, true), arg_case({DType::u8, {17, 3}}, 0, false, true));
}

}  // namespace

const OpDef op_arg_max = {
    "arg_max",
    "The index (i64) of the largest element along `axis`, of equal ones the first, or the last with select_last_index; NaN counts as the "
    "largest. One input of a number type; with keepdims the axis stays with extent 1. ONNX ArgMax.",
    make_attributes<ArgAttributes>,
    infer_arg,
    lower_arg<true>,
    nullptr,
    false,
    cases_arg};

const OpDef op_arg_min = {
    "arg_min",
    "The index (i64) of the smallest element along `axis`, of equal ones the first, or the last with select_last_index; NaN counts as the "
    "smallest. One input of a number type; with keepdims the axis stays with extent 1. ONNX ArgMin.",
    make_attributes<ArgAttributes>,
    infer_arg,
    lower_arg<false>,
    nullptr,
    false,
    cases_arg};

}  // namespace broach
