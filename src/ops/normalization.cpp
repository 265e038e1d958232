#include "ops/normalization.h"

#include "ops/inference.h"
#include "ops/op_cases.h"
#include "ops/reduced_axes.h"

namespace broach {
namespace {

Expr sqrt(const Expr& x) { return make_unary(Op::sqrt, x); }
Expr like(const Expr& x, double value) { return make_const(value, x.dtype()); }

// Input 0 is [N, C, ...]; inputs 1 to last are [C] of the same type.
void expect_per_channel(const Node& node, size_t last) {
  expect_domain(node, 0, Domain::floats);
  expect_rank(node, 0, 2);
  for (size_t i = 1; i <= last; ++i) {
    expect_same_dtype(node, 0, i);
    expect_shape(node, i, {type_of(node, 0).shape[1]});
  }
}

// --- batch_norm ---

std::vector<TensorType> infer_batch_norm(const Node& node) {
  expect_inputs(node, 5, 5);
  expect_per_channel(node, 4);
  return {type_of(node, 0)};
}

std::vector<Tensor> lower_batch_norm(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor &x = inputs[0], &scale = inputs[1], &bias = inputs[2], &mean = inputs[3], &variance = inputs[4];
  double epsilon = node.attrs<NormAttributes>().epsilon;
  Tensor factor = compute(std::string(node.op->name) + "_factor", scale->shape, [&](Indices c) {
    Expr v = widened(read(variance, {c[0]}));
    return widened(read(scale, {c[0]})) / sqrt(v + like(v, epsilon));
  });
  return {compute(node.op->name, x->shape, [&](Indices i) {
    Expr centred = widened(read(x, {i.begin(), i.end()})) - widened(read(mean, {i[1]}));
    return cast(x->dtype, centred * read(factor, {i[1]}) + widened(read(bias, {i[1]})));
  })};
}

OpCase batch_norm_case(TensorType x) {
  TensorType c{x.dtype, {x.shape[1]}};
  return in_range(make_case({x, c, c, c, c}, NormAttributes{}), 0.2, 3);
}

std::vector<OpCase> cases_batch_norm() {
  return case_list(batch_norm_case({DType::f32, {2, 5, 3, 4}}), batch_norm_case({DType::f32, {3, 7}}), batch_norm_case({DType::f64, {1, 3, 5}}),
                   batch_norm_case({DType::f16, {1, 3, 5}}));
}

// --- layer_norm, instance_norm: mean, then variance, then the result ---

// (x - mean) / sqrt(variance + epsilon), with mean and variance over `axes`, then finish(that, indices). The variance is formed from
// differences to the mean: the mean of squares less the squared mean would cancel.
Tensor normalized(const std::string& name, const Tensor& x, const ReducedAxes& axes, double epsilon,
                  const std::function<Expr(Expr, Indices)>& finish) {
  auto element = [&](Indices i, Indices r) { return widened(read(x, axes.input_indices(i, r))); };
  double share = 1 / double(axes.count());
  Tensor mean =
      reduce(name + "_mean", axes.output(), Reducer::sum, axes.extents(), element, [&](const Expr& sum, Indices) { return sum * like(sum, share); });
  Tensor scale = reduce(
      name + "_scale", axes.output(), Reducer::sum, axes.extents(),
      [&](Indices i, Indices r) {
        Expr difference = element(i, r) - read(mean, {i.begin(), i.end()});
        return difference * difference;
      },
      [&](const Expr& sum, Indices) { return like(sum, 1) / sqrt(sum * like(sum, share) + like(sum, epsilon)); });
  return compute(name, x->shape, [&](Indices i) {
    std::vector<Expr> at = axes.output_indices(i);
    Expr centred = widened(read(x, {i.begin(), i.end()})) - read(mean, at);
    return cast(x->dtype, finish(centred * read(scale, at), i));
  });
}

ReducedAxes trailing_axes(const Shape& x, size_t first) {
  ReducedAxes axes{x, {}, true};
  for (size_t i = first; i < x.size(); ++i) axes.axes.push_back(i);
  return axes;
}

void expect_broadcasts_to(const Node& node, size_t input, const Shape& shape) {
  const Shape& found = type_of(node, input).shape;
  if (found.size() > shape.size() || broadcast_shapes(found, shape) != shape)
    throw_error("input {} of {} has shape {}, which does not broadcast to {}", input, node.op->name, to_string(found), to_string(shape));
}

std::vector<TensorType> infer_layer_norm(const Node& node) {
  expect_inputs(node, 2, 3);
  expect_domain(node, 0, Domain::floats);
  expect_rank(node, 0, 1);
  const TensorType& x = type_of(node, 0);
  size_t axis = normalize_axis(node.attrs<LayerNormAttributes>().axis, x.shape.size());
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) continue;
    expect_same_dtype(node, 0, i);
    expect_broadcasts_to(node, i, x.shape);
  }
  return {{x.dtype, x.shape, axis <= 1 ? Layout{} : x.layout}};
}

std::vector<Tensor> lower_layer_norm(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& a = node.attrs<LayerNormAttributes>();
  ReducedAxes axes = trailing_axes(x->shape, normalize_axis(a.axis, x->shape.size()));
  return {normalized(node.op->name, x, axes, a.epsilon, [&](Expr y, Indices i) {
    auto parameter = [&](size_t k) { return widened(read(inputs[k], broadcast_indices(inputs[k]->shape, x->shape, i))); };
    y = y * parameter(1);
    return inputs.size() > 2 && inputs[2] ? y + parameter(2) : y;
  })};
}

OpCase layer_norm_case(DType dtype, Shape x, int64_t axis, Shape scale, bool bias) {
  LayerNormAttributes a;
  a.axis = axis;
  std::vector<TensorType> inputs{{dtype, std::move(x)}, {dtype, scale}};
  if (bias) inputs.push_back({dtype, scale});
  return make_case(std::move(inputs), a);
}

std::vector<OpCase> cases_layer_norm() {
  DType f32 = DType::f32;
  TensorType parameter{f32, {33}};
  OpCase far_from_zero = with_constant(in_range(layer_norm_case(f32, {2, 33}, -1, {33}, false), 100, 101), 1, Constant::filled(parameter, 0.5));
  return case_list(std::move(far_from_zero), layer_norm_case(f32, {2, 3, 17}, -1, {17}, true), layer_norm_case(f32, {4, 9}, 1, {9}, false),
                   layer_norm_case(f32, {2, 3, 5}, 1, {3, 5}, true), layer_norm_case(f32, {3, 8}, 0, {8}, true),
                   layer_norm_case(DType::f64, {2, 9}, -1, {9}, true), layer_norm_case(DType::f16, {2, 9}, -1, {1}, true));
}

std::vector<TensorType> infer_instance_norm(const Node& node) {
  expect_inputs(node, 3, 3);
  expect_rank(node, 0, 3);
  expect_per_channel(node, 2);
  return {type_of(node, 0)};
}

std::vector<Tensor> lower_instance_norm(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  return {normalized(node.op->name, x, trailing_axes(x->shape, 2), node.attrs<NormAttributes>().epsilon,
                     [&](const Expr& y, Indices i) { return y * widened(read(inputs[1], {i[1]})) + widened(read(inputs[2], {i[1]})); })};
}

std::vector<OpCase> cases_instance_norm() {
  auto norm_case = [](DType dtype, Shape x) {
    TensorType c{dtype, {x[1]}};
    return make_case({{dtype, std::move(x)}, c, c}, NormAttributes{});
  };
  return case_list(norm_case(DType::f32, {2, 3, 5, 4}), norm_case(DType::f32, {1, 5, 9}), norm_case(DType::f64, {1, 3, 7}),
                   norm_case(DType::f16, {1, 3, 7}), norm_case(DType::f32, {1, 2, 3, 4, 2}));
}

// --- lrn ---

std::vector<TensorType> infer_lrn(const Node& node) {
  expect_inputs(node, 1, 1);
  expect_domain(node, 0, Domain::floats);
  expect_rank(node, 0, 2);
  if (node.attrs<LrnAttributes>().size < 1) throw_error("lrn has size {}, expected at least 1", node.attrs<LrnAttributes>().size);
  return {type_of(node, 0)};
}

std::vector<Tensor> lower_lrn(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& a = node.attrs<LrnAttributes>();
  std::string name = node.op->name;
  Tensor factor = reduce(
      name + "_factor", x->shape, Reducer::sum, {a.size},
      [&](Indices i, Indices r) {
        std::vector<Expr> at{i.begin(), i.end()};
        at[1] = i[1] + r[0] - Expr((a.size - 1) / 2);
        Expr neighbour = widened(read_or(x, at, make_const(0, x->dtype)));
        return neighbour * neighbour;
      },
      [&](const Expr& squares, Indices) {
        Expr base = squares * like(squares, a.alpha / double(a.size)) + like(squares, a.bias);
        return make_binary(Op::pow, base, like(base, -a.beta));
      });
  return {compute(name, x->shape, [&](Indices i) {
    std::vector<Expr> at{i.begin(), i.end()};
    return cast(x->dtype, widened(read(x, at)) * read(factor, at));
  })};
}

std::vector<OpCase> cases_lrn() {
  auto lrn_case = [](TensorType x, int64_t size, double alpha) {
    LrnAttributes a;
    a.size = size;
    a.alpha = alpha;
    return make_case({std::move(x)}, a);
  };
  return case_list(lrn_case({DType::f32, {1, 9, 3, 2}}, 5, 0.5), lrn_case({DType::f32, {2, 7, 3}}, 4, 0.1), lrn_case({DType::f32, {2, 2, 3}}, 5, 2),
                   lrn_case({DType::f64, {1, 5, 3}}, 3, 0.5), lrn_case({DType::f16, {1, 5, 3}}, 3, 0.5));
}

}  // namespace

const OpDef op_batch_norm = {
    "batch_norm",
    "y = (x - mean) / sqrt(variance + epsilon) * scale + bias per channel, with given statistics. Inputs x [N, C, ...], scale, bias, mean, "
    "variance [C], one float type. ONNX BatchNormalization of inference.",
    make_attributes<NormAttributes>,
    infer_batch_norm,
    lower_batch_norm,
    nullptr,
    false,
    cases_batch_norm};

const OpDef op_layer_norm = {
    "layer_norm",
    "y = (x - mean) / sqrt(variance + epsilon) * scale + bias, with the mean and variance of all axes from `axis` on. Inputs x, scale and "
    "optional bias that broadcast to x, one float type. ONNX LayerNormalization, first output.",
    make_attributes<LayerNormAttributes>,
    infer_layer_norm,
    lower_layer_norm,
    nullptr,
    false,
    cases_layer_norm};

const OpDef op_instance_norm = {
    "instance_norm",
    "y = (x - mean) / sqrt(variance + epsilon) * scale + bias, with the mean and variance of each channel of each image. Inputs x "
    "[N, C, spatial...], scale and bias [C], one float type. ONNX InstanceNormalization.",
    make_attributes<NormAttributes>,
    infer_instance_norm,
    lower_instance_norm,
    nullptr,
    false,
    cases_instance_norm};

const OpDef op_lrn = {
    "lrn",
    "y = x / (bias + alpha / size * s)^beta, where s is the sum of squares of `size` neighbouring channels, from (size - 1) / 2 (rounded down) "
    "before. One input x [N, C, ...] of a float type. ONNX LRN.",
    make_attributes<LrnAttributes>,
    infer_lrn,
    lower_lrn,
    nullptr,
    false,
    cases_lrn};

}  // namespace broach
