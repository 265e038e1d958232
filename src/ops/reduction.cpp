#include "ops/reduction.h"

#include <algorithm>

#include "ops/inference.h"
#include "ops/op_cases.h"
#include "ops/reduced_axes.h"

namespace broach {
namespace {

ReducedAxes reduced_axes(const Shape& x, const ReduceAttributes& a) {
  std::vector<int64_t> axes = a.axes;
  if (axes.empty())
    for (size_t i = 0; i < x.size(); ++i) axes.push_back(int64_t(i));
  return {x, normalize_axes(axes, x.size()), a.keepdims};
}

template <Domain D>
std::vector<TensorType> infer_reduce(const Node& node) {
  expect_inputs(node, 1, 1);
  expect_domain(node, 0, D);
  const TensorType& x = type_of(node, 0);
  Shape shape = reduced_axes(x.shape, node.attrs<ReduceAttributes>()).output();
  return {{x.dtype, shape, node.attrs<ReduceAttributes>().keepdims ? channel_layout(x, shape) : Layout{}}};
}

Expr mean(const Expr& sum, int64_t count) {
  if (is_float(sum.dtype())) return sum * make_const(1 / double(count), sum.dtype());
  Expr n = make_int(count, sum.dtype());
  return (sum - make_binary(Op::rem, sum, n)) / n;  // towards zero
}

template <Reducer R, bool Mean = false>
std::vector<Tensor> lower_reduce(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  ReducedAxes axes = reduced_axes(x->shape, node.attrs<ReduceAttributes>());
  if (axes.axes.empty()) return {compute(node.op->name, x->shape, [&](Indices i) { return read(x, {i.begin(), i.end()}); })};
  return {reduce(
      node.op->name, axes.output(), R, axes.extents(),
      [&](Indices i, Indices r) {
        Expr element = read(x, axes.input_indices(i, r));
        return R == Reducer::sum || R == Reducer::prod ? widened(element) : element;
      },
      [&](const Expr& acc, Indices) { return cast(x->dtype, Mean ? mean(acc, axes.count()) : acc); })};
}

OpCase reduce_case(TensorType x, std::vector<int64_t> axes, bool keepdims = true) {
  ReduceAttributes a;
  a.axes = std::move(axes);
  a.keepdims = keepdims;
  return make_case({std::move(x)}, a);
}

std::vector<OpCase> cases_reduce(std::initializer_list<DType> dtypes) {
  std::vector<OpCase> cases = case_list(
      reduce_case({DType::f32, {2, 3, 5}}, {}), reduce_case({DType::f32, {2, 3, 5}}, {1}), reduce_case({DType::f32, {2, 3, 5}}, {-1, 0}, false),
      reduce_case({DType::f32, {4, 1, 7}}, {1}), reduce_case({DType::f32, {1, 6, 5, 5}}, {2, 3}), reduce_case({DType::f32, {}}, {}),
      reduce_case({DType::f32, {3, 2, 2, 3, 2}}, {1, 3}, false), reduce_case({DType::f32, {2, 41}}, {1}), reduce_case({DType::f32, {33, 3}}, {0}));
  for (DType dtype : dtypes) cases.push_back(reduce_case({dtype, {3, 9}}, {1}));
  return cases;
}

std::vector<OpCase> cases_arithmetic() { return cases_reduce({DType::f64, DType::f16, DType::i32, DType::i64}); }
std::vector<OpCase> cases_order() { return cases_reduce({DType::f64, DType::f16, DType::i32, DType::i64, DType::u8, DType::i8, DType::u32}); }

}  // namespace

#define BROACH_REDUCE(name, reducer, is_mean, cases, text)                                                             \
  const OpDef op_##name = {#name,                                                                                      \
                           text                                                                                        \
                           " over the axes `axes`, all if there are none; with keepdims they stay with extent 1. One " \
                           "input of a number type.",                                                                  \
                           make_attributes<ReduceAttributes>,                                                          \
                           infer_reduce<Domain::numbers>,                                                              \
                           lower_reduce<reducer, is_mean>,                                                             \
                           nullptr,                                                                                    \
                           false,                                                                                      \
                           cases};
BROACH_REDUCE(reduce_sum, Reducer::sum, false, cases_arithmetic, "The sum (half types are summed in f32, integers wrap)")
BROACH_REDUCE(reduce_mean, Reducer::sum, true, cases_arithmetic, "The mean (half types are summed in f32, integers round towards zero)")
BROACH_REDUCE(reduce_max, Reducer::max, false, cases_order, "The largest element")
BROACH_REDUCE(reduce_min, Reducer::min, false, cases_order, "The smallest element")
BROACH_REDUCE(reduce_prod, Reducer::prod, false, cases_arithmetic, "The product (half types are multiplied in f32, integers wrap)")
#undef BROACH_REDUCE

}  // namespace broach
