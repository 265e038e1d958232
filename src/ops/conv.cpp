#include "ops/conv.h"

#include "ops/inference.h"
#include "ops/op_cases.h"
#include "ops/window.h"

namespace broach {
namespace {

Window window_of(const Shape& x, const Shape& w, const ConvAttributes& a) {
  return make_window(x, {w.begin() + 2, w.end()}, a.strides, a.dilations, a.pads);
}

Shape output_shape(const Shape& x, const Shape& w, const Window& window) {
  Shape shape{x[0], w[0]};
  for (int64_t extent : window.output()) shape.push_back(extent);
  return shape;
}

void check_channels(const Shape& x, const Shape& w, int64_t group) {
  if (x.size() != w.size()) throw_error("conv has an input of shape {} and weights of shape {}, expected the same rank", to_string(x), to_string(w));
  if (group < 1 || x[1] % group != 0 || w[0] % group != 0)
    throw_error("conv cannot divide {} input and {} output channels into {} groups", x[1], w[0], group);
  if (w[1] != x[1] / group)
    throw_error("conv has weights of shape {} with {} input channels, expected {} ({} channels in {} groups)", to_string(w), w[1], x[1] / group, x[1],
                group);
}

std::vector<TensorType> infer_conv(const Node& node) {
  expect_inputs(node, 2, 3);
  expect_domain(node, 0, Domain::floats);
  expect_same_dtype(node, 0, 1);
  expect_rank(node, 0, 3);
  const Shape &x = type_of(node, 0).shape, &w = type_of(node, 1).shape;
  const auto& a = node.attrs<ConvAttributes>();
  check_channels(x, w, a.group);
  if (node.input(2)) {
    expect_same_dtype(node, 0, 2);
    expect_shape(node, 2, {w[0]});
  }
  return {{type_of(node, 0).dtype, output_shape(x, w, window_of(x, w, a)), a.layout}};
}

// The input channel that output channel m reads as number ic of its group.
Expr input_channel(const Expr& m, const Expr& ic, const Shape& w, int64_t group) {
  if (group == 1) return ic;
  int64_t outputs_per_group = w[0] / group;
  Expr first = outputs_per_group == 1 ? m : m / Expr(outputs_per_group);
  if (w[1] == 1) return first;
  return first * Expr(w[1]) + ic;
}

std::vector<Tensor> lower_conv(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor &x = inputs[0], &w = inputs[1];
  const auto& a = node.attrs<ConvAttributes>();
  Window window = window_of(x->shape, w->shape, a);
  Shape shape = output_shape(x->shape, w->shape, window);
  bool padded = window.leaves_input({shape.begin() + 2, shape.end()});
  size_t first_tap = w->shape[1] == 1 ? 0 : 1;  // one input channel per group needs no axis
  Shape reduced(w->shape.begin() + 2 - int64_t(first_tap), w->shape.end());

  auto element = [&](Indices i, Indices r) {
    Expr ic = first_tap ? r[0] : Expr(0);
    std::vector<Expr> at{i[0], input_channel(i[1], ic, w->shape, a.group)}, weight{i[1], ic};
    for (size_t k = 0; k < window.rank(); ++k) {
      at.push_back(window.position(k, i[2 + k], r[first_tap + k]));
      weight.push_back(r[first_tap + k]);
    }
    Expr value = padded ? read_or(x, at, make_const(0, x->dtype)) : read(x, at);
    return widened(value) * widened(read(w, weight));
  };
  auto finish = [&](Expr sum, Indices i) {
    if (inputs.size() > 2 && inputs[2]) sum = sum + widened(read(inputs[2], {i[1]}));
    return cast(x->dtype, sum);
  };
  return {reduce(node.op->name, shape, Reducer::sum, reduced, element, finish)};
}

ConvAttributes attributes(std::vector<int64_t> strides, std::vector<int64_t> dilations, std::vector<int64_t> pads, int64_t group = 1) {
  ConvAttributes a;
  a.strides = std::move(strides);
  a.dilations = std::move(dilations);
  a.pads = std::move(pads);
  a.group = group;
  return a;
}

OpCase conv_case(DType dtype, Shape x, Shape w, bool bias, ConvAttributes a) {
  std::vector<TensorType> inputs{{dtype, std::move(x)}, {dtype, w}};
  if (bias) inputs.push_back({dtype, {w[0]}});
  return make_case(std::move(inputs), std::move(a));
}

std::vector<OpCase> cases_conv() {
  DType f32 = DType::f32;
  return case_list(conv_case(f32, {1, 3, 7, 9}, {5, 3, 3, 3}, true, attributes({1, 1}, {}, {1, 1, 1, 1})),
                   conv_case(f32, {2, 4, 6, 5}, {7, 4, 1, 1}, false, attributes({}, {}, {})),
                   conv_case(f32, {1, 3, 11, 10}, {4, 3, 5, 3}, true, attributes({2, 3}, {}, {2, 0, 1, 1})),
                   conv_case(f32, {1, 2, 9, 9}, {3, 2, 3, 3}, false, attributes({}, {2, 3}, {0, 3, 2, 1})),
                   conv_case(f32, {1, 6, 7, 7}, {6, 1, 3, 3}, true, attributes({2, 2}, {}, {1, 1, 1, 1}, 6)),
                   conv_case(f32, {1, 4, 5, 6}, {8, 1, 3, 2}, true, attributes({}, {}, {1, 0, 0, 1}, 4)),
                   conv_case(f32, {2, 6, 5, 5}, {9, 2, 3, 3}, true, attributes({}, {}, {1, 1, 1, 1}, 3)),
                   conv_case(f32, {1, 3, 17}, {5, 3, 4}, true, attributes({3}, {2}, {2, 3})),
                   conv_case(f32, {1, 2, 4, 5, 6}, {3, 2, 2, 3, 3}, true, attributes({1, 2, 1}, {}, {1, 1, 1, 0, 1, 1})),
                   conv_case(f32, {1, 2, 6, 6}, {3, 2, 3, 3}, false, attributes({}, {}, {-1, 0, 0, -1})),
                   conv_case(f32, {1, 2, 3, 3}, {3, 2, 3, 3}, true, attributes({}, {}, {})),
                   conv_case(DType::f64, {1, 3, 5, 5}, {2, 3, 3, 3}, true, attributes({}, {}, {1, 1, 1, 1})),
                   conv_case(DType::f16, {1, 3, 5, 5}, {2, 3, 3, 3}, true, attributes({}, {}, {1, 1, 1, 1})));
}

}  // namespace

const OpDef op_conv = {
    "conv",
    "Convolution (cross-correlation). Inputs x [N, C, spatial...], w [M, C / group, kernel...], optional bias [M], one float type; result "
    "[N, M, spatial...]. Output channels are split into `group` groups; each reads its own C / group input channels. The input is padded by "
    "zeros. ONNX Conv; its auto_pad is resolved to pads before.",
    make_attributes<ConvAttributes>,
    infer_conv,
    lower_conv,
    nullptr,
    false,
    cases_conv};

}  // namespace broach
