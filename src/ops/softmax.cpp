#include "ops/softmax.h"

#include "ops/inference.h"
#include "ops/op_cases.h"
#include "ops/reduced_axes.h"

namespace broach {
namespace {

std::vector<TensorType> infer_softmax(const Node& node) {
  expect_inputs(node, 1, 1);
  expect_domain(node, 0, Domain::floats);
  expect_rank(node, 0, 1);
  const TensorType& x = type_of(node, 0);
  size_t axis = normalize_axis(node.attrs<SoftmaxAttributes>().axis, x.shape.size());
  return {{x.dtype, x.shape, axis == 1 ? Layout{} : x.layout}};
}

Expr exp(const Expr& x) { return make_unary(Op::exp, x); }

// The largest element is subtracted first, so that no power overflows. Three stages: maximum, sum, result.
template <bool Log>
std::vector<Tensor> lower_softmax(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  std::string name = node.op->name;
  ReducedAxes axes{x->shape, {normalize_axis(node.attrs<SoftmaxAttributes>().axis, x->shape.size())}, true};
  auto element = [&](Indices i, Indices r) { return widened(read(x, axes.input_indices(i, r))); };
  Tensor highest = reduce(name + "_max", axes.output(), Reducer::max, axes.extents(), element);
  Tensor sum = reduce(
      name + "_sum", axes.output(), Reducer::sum, axes.extents(),
      [&](Indices i, Indices r) { return exp(element(i, r) - read(highest, {i.begin(), i.end()})); },
      [&](const Expr& acc, Indices) { return Log ? make_unary(Op::log, acc) : make_const(1, acc.dtype()) / acc; });
  return {compute(name, x->shape, [&](Indices i) {
    Expr shifted = widened(read(x, {i.begin(), i.end()})) - read(highest, axes.output_indices(i));
    Expr scale = read(sum, axes.output_indices(i));
    return cast(x->dtype, Log ? shifted - scale : exp(shifted) * scale);
  })};
}

std::vector<OpCase> cases_softmax() {
  auto softmax_case = [](TensorType x, int64_t axis) {
    SoftmaxAttributes a;
    a.axis = axis;
    return in_range(make_case({std::move(x)}, a), -5, 5);
  };
  return case_list(softmax_case({DType::f32, {3, 17}}, -1), softmax_case({DType::f32, {2, 5, 3}}, 1), softmax_case({DType::f32, {7, 2}}, 0),
                   in_range(softmax_case({DType::f32, {2, 10}}, 1), 100, 200), softmax_case({DType::f32, {4, 1}}, 1),
                   softmax_case({DType::f32, {2, 40}}, -1), softmax_case({DType::f64, {2, 9}}, -1), softmax_case({DType::f16, {2, 9}}, -1));
}

}  // namespace

const OpDef op_softmax = {"softmax",
                          "y = exp(x) / sum of exp(x) along `axis`. One input of a float type and at least one dimension. ONNX Softmax since 13; "
                          "the older form is reshaped to two dimensions before.",
                          make_attributes<SoftmaxAttributes>,
                          infer_softmax,
                          lower_softmax<false>,
                          nullptr,
                          false,
                          cases_softmax};

const OpDef op_log_softmax = {"log_softmax",
                              "y = x - log(sum of exp(x) along `axis`). One input of a float type and at least one dimension. ONNX LogSoftmax.",
                              make_attributes<SoftmaxAttributes>,
                              infer_softmax,
                              lower_softmax<true>,
                              nullptr,
                              false,
                              cases_softmax};

}  // namespace broach
