#include "ops/pool.h"

#include <limits>

#include "ops/inference.h"
#include "ops/op_cases.h"
#include "ops/window.h"

namespace broach {
namespace {

Window window_of(const Shape& x, const PoolAttributes& a) { return make_window(x, a.kernel, a.strides, a.dilations, a.pads); }

Shape output_shape(const Shape& x, const PoolAttributes& a) {
  Shape shape{x[0], x[1]};
  for (int64_t extent : window_of(x, a).output(a.ceil_mode)) shape.push_back(extent);
  return shape;
}

// A window that lies in padding altogether has no maximum and no mean.
void check_pads(const Window& w) {
  for (size_t i = 0; i < w.rank(); ++i) {
    int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
    if (w.begins[i] >= reach || w.ends[i] >= reach || w.begins[i] < 0 || w.ends[i] < 0)
      throw_error("spatial axis {} is padded by {} and {}, expected 0 to {}, less than the window covers", i, w.begins[i], w.ends[i], reach - 1);
  }
}

template <Domain D>
std::vector<TensorType> infer_pool(const Node& node) {
  expect_inputs(node, 1, 1);
  expect_domain(node, 0, D);
  expect_rank(node, 0, 3);
  const TensorType& x = type_of(node, 0);
  const auto& a = node.attrs<PoolAttributes>();
  check_pads(window_of(x.shape, a));
  return {{x.dtype, output_shape(x.shape, a), a.layout}};
}

// The smallest value of the type, which a maximum never prefers.
Expr lowest(DType dtype) {
  if (is_float(dtype)) return make_float(-std::numeric_limits<double>::infinity(), dtype);
  if (is_unsigned_int(dtype)) return make_int(0, dtype);
  return make_int(std::numeric_limits<int64_t>::min() >> (64 - info(dtype).bits), dtype);
}

Expr element_under(const Tensor& x, const Window& window, bool leaves_input, const Expr& outside, Indices i, Indices tap) {
  std::vector<Expr> at{i[0], i[1]};
  for (size_t k = 0; k < window.rank(); ++k) at.push_back(window.position(k, i[2 + k], tap[k]));
  return leaves_input ? read_or(x, at, outside) : read(x, at);
}

std::vector<Tensor> lower_max_pool(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& a = node.attrs<PoolAttributes>();
  Window window = window_of(x->shape, a);
  Shape shape = output_shape(x->shape, a);
  bool leaves = window.leaves_input({shape.begin() + 2, shape.end()});
  return {reduce(node.op->name, shape, Reducer::max, window.kernel,
                 [&](Indices i, Indices tap) { return element_under(x, window, leaves, lowest(x->dtype), i, tap); })};
}

// Taps of a window along one axis that lie from `first` to before `past`.
Expr taps_inside(const Window& w, size_t axis, const Expr& out, int64_t first, int64_t past) {
  Expr start = out * Expr(w.strides[axis]) - Expr(w.begins[axis]), step(w.dilations[axis]);
  Expr skipped = max((Expr(first) - start + step - 1) / step, 0);
  Expr end = min((Expr(past) - start + step - 1) / step, Expr(w.kernel[axis]));
  return end - skipped;
}

// What the sum is divided by: a constant if it is the same everywhere.
Expr divisor(const Window& w, const Shape& output, bool count_include_pad, DType dtype, Indices i) {
  double constant = 1;
  Expr count;
  for (size_t k = 0; k < w.rank(); ++k) {
    int64_t first = count_include_pad ? -w.begins[k] : 0, past = w.input[k] + (count_include_pad ? w.ends[k] : 0);
    int64_t last_tap = (output[2 + k] - 1) * w.strides[k] - w.begins[k] + (w.kernel[k] - 1) * w.dilations[k];
    if (-w.begins[k] >= first && last_tap < past) {
      constant *= double(w.kernel[k]);
      continue;
    }
    Expr taps = taps_inside(w, k, i[2 + k], first, past);
    count = count ? count * taps : taps;
  }
  return count ? cast(dtype, count) * make_const(constant, dtype) : make_const(constant, dtype);
}

std::vector<Tensor> lower_average_pool(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& a = node.attrs<PoolAttributes>();
  Window window = window_of(x->shape, a);
  Shape shape = output_shape(x->shape, a);
  bool leaves = window.leaves_input({shape.begin() + 2, shape.end()});
  auto element = [&](Indices i, Indices tap) { return widened(element_under(x, window, leaves, make_const(0, x->dtype), i, tap)); };
  auto finish = [&](const Expr& sum, Indices i) {
    Expr by = divisor(window, shape, a.count_include_pad, sum.dtype(), i);
    Expr mean = by.is(Op::float_imm) ? sum * make_const(1 / by->float_value, sum.dtype()) : sum / by;
    return cast(x->dtype, mean);
  };
  return {reduce(node.op->name, shape, Reducer::sum, window.kernel, element, finish)};
}

struct Slide {
  std::vector<int64_t> kernel, strides, pads, dilations = {};
  bool ceil_mode = false, count_include_pad = false;
};

OpCase pool_case(TensorType x, Slide s) {
  PoolAttributes a;
  a.kernel = s.kernel;
  a.strides = s.strides;
  a.pads = s.pads;
  a.dilations = s.dilations;
  a.ceil_mode = s.ceil_mode;
  a.count_include_pad = s.count_include_pad;
  return make_case({std::move(x)}, a);
}

std::vector<OpCase> cases_pool() {
  DType f32 = DType::f32;
  return case_list(
      pool_case({f32, {1, 3, 9, 7}}, {{3, 3}, {2, 2}, {1, 1, 1, 1}}), pool_case({f32, {2, 2, 6, 6}}, {{2, 2}, {2, 2}, {}}),
      pool_case({f32, {1, 2, 7, 8}}, {{3, 2}, {2, 3}, {}, {}, true}), pool_case({f32, {1, 2, 6, 6}}, {{3, 3}, {2, 2}, {1, 0, 0, 1}, {}, true}),
      pool_case({f32, {1, 2, 9, 9}}, {{3, 2}, {1, 1}, {2, 1, 0, 1}, {2, 3}}), pool_case({f32, {1, 5, 4, 3}}, {{4, 3}, {}, {}}),
      pool_case({f32, {1, 2, 10}}, {{3}, {2}, {1, 1}}), pool_case({f32, {1, 2, 5, 4, 6}}, {{2, 3, 2}, {2, 1, 2}, {0, 1, 1, 1, 1, 0}}),
      pool_case({DType::f64, {1, 2, 5, 5}}, {{3, 3}, {}, {1, 1, 1, 1}}), pool_case({DType::f16, {1, 2, 5, 5}}, {{3, 3}, {}, {1, 1, 1, 1}}));
}

std::vector<OpCase> cases_max_pool() {
  std::vector<OpCase> cases = cases_pool();
  cases.push_back(pool_case({DType::i8, {1, 2, 5, 5}}, {{3, 3}, {2, 2}, {1, 1, 1, 1}}));
  cases.push_back(pool_case({DType::u8, {1, 2, 5, 5}}, {{3, 3}, {2, 2}, {1, 1, 1, 1}}));
  return cases;
}

std::vector<OpCase> cases_average_pool() {
  std::vector<OpCase> cases = cases_pool();
  cases.push_back(pool_case({DType::f32, {1, 3, 9, 7}}, {{3, 3}, {2, 2}, {1, 1, 1, 1}, {}, false, true}));
  cases.push_back(pool_case({DType::f32, {1, 3, 8, 7}}, {{3, 3}, {2, 2}, {1, 0, 1, 0}, {}, true, true}));
  cases.push_back(pool_case({DType::f32, {1, 3, 10, 9}}, {{2, 3}, {2, 1}, {1, 2, 1, 2}, {2, 2}, true, true}));
  return cases;
}

}  // namespace

const OpDef op_max_pool = {
    "max_pool",
    "The largest element under each window. Input x [N, C, spatial...] of a number type; result [N, C, spatial...]. Padding never is the "
    "largest; with ceil_mode a last window may reach past the end if it starts before. ONNX MaxPool (without indices).",
    make_attributes<PoolAttributes>,
    infer_pool<Domain::numbers>,
    lower_max_pool,
    nullptr,
    false,
    cases_max_pool};

const OpDef op_average_pool = {
    "average_pool",
    "The mean of the elements under each window. Input x [N, C, spatial...] of a float type; result [N, C, spatial...]. Padding is not "
    "counted, or as zeros with count_include_pad; what ceil_mode adds past the padding never is. ONNX AveragePool, GlobalAveragePool.",
    make_attributes<PoolAttributes>,
    infer_pool<Domain::floats>,
    lower_average_pool,
    nullptr,
    false,
    cases_average_pool};

}  // namespace broach
