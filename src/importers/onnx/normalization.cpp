// Normalisations and softmax.
#include "ops/normalization.h"

#include <algorithm>

#include "importers/onnx/conversion.h"
#include "importers/onnx/windows.h"
#include "ops/inference.h"
#include "ops/op_def.h"
#include "ops/reduction.h"
#include "ops/softmax.h"

namespace broach {
namespace {

Value* square_root_of_sum(Conversion& node, Value* value, double epsilon) {
  return node.add(op_sqrt, {node.add(op_add, {value, node.float_like(value, epsilon)})});
}

Value* reduce_mean(Conversion& node, Value* value, std::vector<int64_t> axes) {
  ReduceAttributes attributes;
  attributes.axes = std::move(axes);
  return node.add(op_reduce_mean, {value}, attributes);
}

int64_t product(const Shape& shape, size_t begin, size_t end) { return element_count(Shape(shape.begin() + long(begin), shape.begin() + long(end))); }

// Before opset 13 the input counts as a matrix, cut before `axis`, whose rows are normalised.
std::vector<Value*> convert_softmax(Conversion& node, const OpDef& op) {
  Value* x = node.input(0);
  const Shape shape = node.shape(0);
  SoftmaxAttributes attributes;
  if (node.opset() >= 13) {
    attributes.axis = node.int_attribute("axis", -1);
    return {node.add(op, {x}, attributes)};
  }
  int64_t stated = node.int_attribute("axis", 1);
  size_t axis = stated == int64_t(shape.size()) ? shape.size() : normalize_axis(stated, shape.size());
  if (axis < shape.size() && product(shape, axis + 1, shape.size()) == 1) {
    attributes.axis = int64_t(axis);
    return {node.add(op, {x}, attributes)};
  }
  Value* matrix = node.reshape(x, {product(shape, 0, axis), product(shape, axis, shape.size())});
  return {node.reshape(node.add(op, {matrix}, attributes), shape)};
}

// BatchNormalization with spatial = 0, one mean per element of [C, ...]: only before opset 9.
std::vector<Value*> normalize_elements(Conversion& node, double epsilon) {
  Value* deviation = square_root_of_sum(node, node.input(4), epsilon);
  Value* centred = node.add(op_sub, {node.input(0), node.input(3)});
  Value* scaled = node.add(op_mul, {node.add(op_div, {centred, deviation}), node.input(1)});
  return {node.add(op_add, {scaled, node.input(2)})};
}

// Training: mean and variance are those of the input, and the running ones move towards them.
std::vector<Value*> normalize_batch(Conversion& node, double epsilon, double momentum) {
  Value* x = node.input(0);
  std::vector<int64_t> axes;
  for (size_t i = 0; i < node.rank(0); ++i)
    if (i != 1) axes.push_back(int64_t(i));
  auto flat = [&](Value* value) { return node.reshape(value, {node.shape(0)[1]}); };
  Value* mean = reduce_mean(node, x, axes);
  Value* centred = node.add(op_sub, {x, mean});
  Value* variance = reduce_mean(node, node.add(op_mul, {centred, centred}), axes);
  auto moved = [&](Value* running, Value* current) {
    Value* kept = node.add(op_mul, {running, node.float_like(running, momentum)});
    return node.add(op_add, {kept, node.add(op_mul, {current, node.float_like(current, 1 - momentum)})});
  };
  NormAttributes attributes;
  attributes.epsilon = epsilon;
  Value* y = node.add(op_batch_norm, {x, node.input(1), node.input(2), flat(mean), flat(variance)}, attributes);
  return {y, moved(node.input(3), flat(mean)), moved(node.input(4), flat(variance))};
}

// A vector of [C] as [1, C, 1, ...].
Value* per_channel(Conversion& node, Value* vector, size_t rank) {
  Shape shape(rank, 1);
  shape[1] = element_count(vector->type.shape);
  return node.reshape(vector, shape);
}

// The axes from `axis` to the last.
std::vector<int64_t> axes_from(Conversion& node, int64_t axis) {
  std::vector<int64_t> axes;
  for (size_t i = normalize_axis(axis, node.rank(0)); i < node.rank(0); ++i) axes.push_back(int64_t(i));
  return axes;
}

// The mean and the reciprocal of the deviation, which are float whatever the input is.
void add_statistics(Conversion& node, const LayerNormAttributes& norm, std::vector<Value*>& results) {
  Value* x = node.input(0)->type.dtype == DType::f64 ? node.input(0) : node.cast(node.input(0), DType::f32);
  std::vector<int64_t> axes = axes_from(node, norm.axis);
  Value* mean = reduce_mean(node, x, axes);
  Value* centred = node.add(op_sub, {x, mean});
  Value* variance = reduce_mean(node, node.add(op_mul, {centred, centred}), axes);
  results.push_back(mean);
  results.push_back(node.add(op_reciprocal, {square_root_of_sum(node, variance, norm.epsilon)}));
}

}  // namespace

std::vector<Value*> convert_Softmax(Conversion& node) { return convert_softmax(node, op_softmax); }
std::vector<Value*> convert_LogSoftmax(Conversion& node) { return convert_softmax(node, op_log_softmax); }

std::vector<Value*> convert_BatchNormalization(Conversion& node) {
  double momentum = node.float_attribute("momentum", 0.9f);
  NormAttributes attributes;
  attributes.epsilon = node.float_attribute("epsilon", 1e-5f);
  if (node.rank(0) < 2) throw_error("its input has shape {}, [N, C, ...] was expected", to_string(node.shape(0)));
  if (node.opset() >= 14 && node.bool_attribute("training_mode", false)) return normalize_batch(node, attributes.epsilon, momentum);
  if (node.opset() < 9 && !node.bool_attribute("spatial", true)) return normalize_elements(node, attributes.epsilon);
  std::vector<Value*> inputs;
  for (size_t i = 0; i < 5; ++i) inputs.push_back(i == 0 ? node.input(i) : node.cast(node.input(i), node.input(0)->type.dtype));
  return {node.add(op_batch_norm, inputs, attributes)};
}

std::vector<Value*> convert_InstanceNormalization(Conversion& node) {
  NormAttributes attributes;
  attributes.epsilon = node.float_attribute("epsilon", 1e-5f);
  return {node.add(op_instance_norm, {node.input(0), node.input(1), node.input(2)}, attributes)};
}

std::vector<Value*> convert_LayerNormalization(Conversion& node) {
  node.ignore({"stash_type"});  // sums are formed in float in any case
  LayerNormAttributes attributes;
  attributes.axis = node.int_attribute("axis", -1);
  attributes.epsilon = node.float_attribute("epsilon", 1e-5f);
  std::vector<Value*> inputs = {node.input(0), node.input(1)};
  if (node.input(2)) inputs.push_back(node.input(2));
  std::vector<Value*> results = {node.add(op_layer_norm, inputs, attributes)};
  if (node.output_count() > 1) add_statistics(node, attributes, results);
  return results;
}

// x / sqrt(mean(x^2) + epsilon) * scale over the axes from `axis` on.
std::vector<Value*> convert_RMSNormalization(Conversion& node) {
  node.ignore({"stash_type"});
  Value* x = node.input(0);
  Value* mean = reduce_mean(node, node.add(op_mul, {x, x}), axes_from(node, node.int_attribute("axis", -1)));
  Value* root = square_root_of_sum(node, mean, node.float_attribute("epsilon", 1e-5f));
  return {node.add(op_mul, {node.add(op_div, {x, root}), node.input(1)})};
}

// Groups of channels are instances; scale and bias are per group before opset 21, per channel from then on.
std::vector<Value*> convert_GroupNormalization(Conversion& node) {
  node.ignore({"stash_type"});
  const Shape shape = node.shape(0);
  int64_t groups = node.required<int64_t>("num_groups");
  if (spatial(shape).empty() || groups < 1 || shape[1] % groups != 0)
    throw_error("attribute 'num_groups' is {}, which does not divide the {} channels", groups, shape[1]);
  NormAttributes attributes;
  attributes.epsilon = node.float_attribute("epsilon", 1e-5f);
  DType dtype = node.input(0)->type.dtype;
  Value* ones = node.constant(Constant::filled({dtype, {groups}}, 1));
  Value* zeros = node.constant(Constant::filled({dtype, {groups}}, 0));
  Value* scale = node.input(1);
  Value* bias = node.input(2);
  Value* grouped = node.reshape(node.input(0), {shape[0], groups, product(shape, 1, shape.size()) / groups});
  bool per_group = node.opset() < 21;
  Value* normal = node.add(op_instance_norm, {grouped, per_group ? scale : ones, per_group ? bias : zeros}, attributes);
  Value* result = node.reshape(normal, shape);
  if (per_group) return {result};
  result = node.add(op_mul, {result, per_channel(node, scale, shape.size())});
  return {node.add(op_add, {result, per_channel(node, bias, shape.size())})};
}

std::vector<Value*> convert_LRN(Conversion& node) {
  LrnAttributes attributes;
  attributes.size = node.required<int64_t>("size");
  attributes.alpha = node.float_attribute("alpha", 0.0001f);
  attributes.beta = node.float_attribute("beta", 0.75f);
  attributes.bias = node.float_attribute("bias", 1);
  return {node.add(op_lrn, {node.input(0)}, attributes)};
}

// x / (sum of |x|^p)^(1/p) along the axis; 0 where that is 0
std::vector<Value*> convert_LpNormalization(Conversion& node) {
  Value* x = node.input(0);
  int64_t p = node.int_attribute("p", 2);
  if (p != 1 && p != 2) throw_error("attribute 'p' is {}, expected was 1 or 2", p);
  ReduceAttributes attributes;
  attributes.axes = {node.int_attribute("axis", -1)};
  Value* sum = node.add(op_reduce_sum, {p == 1 ? node.add(op_abs, {x}) : node.add(op_mul, {x, x})}, attributes);
  Value* norm = p == 1 ? sum : node.add(op_sqrt, {sum});
  Value* is_zero = node.add(op_equal, {norm, node.float_like(norm, 0)});
  return {node.add(op_div, {x, node.add(op_where, {is_zero, node.float_like(norm, 1), norm})})};
}

// (x - mean) / sqrt(variance) over `axes`; ONNX adds 1e-9 to the deviation.
std::vector<Value*> convert_MeanVarianceNormalization(Conversion& node) {
  Value* x = node.input(0);
  std::vector<int64_t> axes = node.ints_attribute("axes");
  if (axes.empty()) axes = {0, 2, 3};
  Value* centred = node.add(op_sub, {x, reduce_mean(node, x, axes)});
  Value* deviation = node.add(op_sqrt, {reduce_mean(node, node.add(op_mul, {centred, centred}), axes)});
  return {node.add(op_div, {centred, node.add(op_add, {deviation, node.float_like(x, 1e-9)})})};
}

}  // namespace broach
