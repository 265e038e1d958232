// Operators that work element by element.
#include "ops/elementwise.h"

#include <algorithm>
#include <limits>

#include "importers/onnx/conversion.h"
#include "importers/onnx/tensor_data.h"
#include "ops/movement.h"
#include "ops/op_def.h"

namespace broach {
namespace {

// One operator over all inputs, from the left.
std::vector<Value*> chain(Conversion& node, const OpDef& op) {
  Value* result = node.input(0);
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.input(i)) throw_error("its input {} is missing", i);
    if (i > 0) result = node.add(op, {result, node.input(i)});
  }
  return {result};
}

std::vector<Value*> with_alpha(Conversion& node, const OpDef& op) {
  AlphaAttributes attributes;
  attributes.alpha = node.float_attribute("alpha", 1);
  return {node.add(op, {node.input(0)}, attributes)};
}

// A bound of Clip: an attribute before opset 11, then an input.
std::optional<double> known_bound(Conversion& node, size_t input, const char* attribute) {
  if (node.opset() < 11) return node.attribute<double>(attribute);
  if (node.input(input) && node.input(input)->is_constant()) return node.scalar(input, attribute);
  return std::nullopt;
}

}  // namespace

std::vector<Value*> convert_Clip(Conversion& node) {
  if (node.opset() < 11 && node.input_count() > 1) throw_error("before opset 11 its bounds are attributes, but it has {} inputs", node.input_count());
  auto low = known_bound(node, 1, "min"), high = known_bound(node, 2, "max");
  Value* result = node.input(0);
  if (node.input(1) && !low) result = node.add(op_maximum, {result, node.input(1)});
  if (low || high) {
    ClipAttributes attributes;
    attributes.low = low.value_or(attributes.low);
    attributes.high = high.value_or(attributes.high);
    result = node.add(op_clip, {result}, attributes);
  }
  if (node.input(2) && !high) result = node.add(op_minimum, {result, node.input(2)});
  return {result};
}

std::vector<Value*> convert_Cast(Conversion& node) {
  node.ignore({"saturate", "round_mode"});  // of float8 types, which are refused
  int64_t to = node.required<int64_t>("to");
  auto dtype = to >= 0 && to < 1000 ? dtype_of_onnx(int(to)) : std::nullopt;
  if (!dtype) throw_error("a cast to {} is not supported", onnx_dtype_name(int(std::clamp<int64_t>(to, -1, 1000))));
  return {node.cast(node.input(0), *dtype)};
}

std::vector<Value*> convert_CastLike(Conversion& node) {
  node.ignore({"saturate", "round_mode"});
  return {node.cast(node.input(0), node.input(1)->type.dtype)};
}

std::vector<Value*> convert_Identity(Conversion& node) { return {node.input(0)}; }

// In inference nothing is dropped, and the mask says so.
std::vector<Value*> convert_Dropout(Conversion& node) {
  node.ignore({"ratio", "seed", "is_test"});
  bool training = node.input(2) && node.scalar(2, "training_mode") != 0;
  if (training && !(node.input(1) && node.scalar(1, "ratio") == 0)) throw_error("training_mode is true; only inference is supported");
  if (node.output_count() < 2) return {node.input(0)};
  ShapeAttributes all;
  all.shape = node.shape(0);
  Value* kept = node.constant(Constant::of_ints({1}, {}, node.opset() < 10 ? node.input(0)->type.dtype : DType::boolean));
  return {node.input(0), node.add(op_expand, {kept}, all)};
}

std::vector<Value*> convert_Sum(Conversion& node) { return chain(node, op_add); }
std::vector<Value*> convert_Max(Conversion& node) { return chain(node, op_maximum); }
std::vector<Value*> convert_Min(Conversion& node) { return chain(node, op_minimum); }

std::vector<Value*> convert_Mean(Conversion& node) {
  Value* sum = chain(node, op_add)[0];
  return {node.add(op_div, {sum, node.float_like(sum, double(node.input_count()))})};
}

std::vector<Value*> convert_Mod(Conversion& node) {
  ModAttributes attributes;
  attributes.fmod = node.bool_attribute("fmod", false);
  return {node.add(op_mod, {node.input(0), node.input(1)}, attributes)};
}

// ONNX lets the exponent have another type than the base, whose type the result has. An integer base is raised as a float.
std::vector<Value*> convert_Pow(Conversion& node) {
  DType base = node.input(0)->type.dtype, exponent = node.input(1)->type.dtype;
  DType dtype = is_float(base) ? base : is_float(exponent) ? exponent : DType::f64;
  return {node.cast(node.add(op_pow, {node.cast(node.input(0), dtype), node.cast(node.input(1), dtype)}), base)};
}

std::vector<Value*> convert_Where(Conversion& node) { return {node.add(op_where, {node.input(0), node.input(1), node.input(2)})}; }

std::vector<Value*> convert_Elu(Conversion& node) { return with_alpha(node, op_elu); }
std::vector<Value*> convert_Celu(Conversion& node) { return with_alpha(node, op_celu); }
std::vector<Value*> convert_ThresholdedRelu(Conversion& node) { return with_alpha(node, op_thresholded_relu); }

std::vector<Value*> convert_LeakyRelu(Conversion& node) {
  LeakyReluAttributes attributes;
  attributes.alpha = node.float_attribute("alpha", 0.01f);
  return {node.add(op_leaky_relu, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Selu(Conversion& node) {
  SeluAttributes attributes;
  attributes.alpha = node.float_attribute("alpha", attributes.alpha);
  attributes.gamma = node.float_attribute("gamma", attributes.gamma);
  return {node.add(op_selu, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_HardSigmoid(Conversion& node) {
  HardSigmoidAttributes attributes;
  attributes.alpha = node.float_attribute("alpha", 0.2f);
  attributes.beta = node.float_attribute("beta", 0.5f);
  return {node.add(op_hard_sigmoid, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Gelu(Conversion& node) {
  std::string approximate = node.string_attribute("approximate", "none");
  if (approximate != "none" && approximate != "tanh") throw_error("attribute 'approximate' is '{}', expected was 'none' or 'tanh'", approximate);
  GeluAttributes attributes;
  attributes.approximate = approximate == "tanh";
  return {node.add(op_gelu, {node.input(0)}, attributes)};
}

// x * sigmoid(alpha * x)
std::vector<Value*> convert_Swish(Conversion& node) {
  Value* x = node.input(0);
  double alpha = node.float_attribute("alpha", 1);
  Value* scaled = alpha == 1 ? x : node.add(op_mul, {x, node.float_like(x, alpha)});
  return {node.add(op_mul, {x, node.add(op_sigmoid, {scaled})})};
}

// x + bias below -lambd, x - bias above lambd, else 0
std::vector<Value*> convert_Shrink(Conversion& node) {
  Value* x = node.input(0);
  double lambda = node.float_attribute("lambd", 0.5), bias = node.float_attribute("bias", 0);
  Value* below = node.add(op_add, {x, node.float_like(x, bias)});
  Value* above = node.add(op_sub, {x, node.float_like(x, bias)});
  Value* is_below = node.add(op_less, {x, node.float_like(x, -lambda)});
  Value* is_above = node.add(op_greater, {x, node.float_like(x, lambda)});
  Value* otherwise = node.add(op_where, {is_above, above, node.float_like(x, 0)});
  return {node.add(op_where, {is_below, below, otherwise})};
}

std::vector<Value*> convert_IsNaN(Conversion& node) { return {node.add(op_logical_not, {node.add(op_equal, {node.input(0), node.input(0)})})}; }

std::vector<Value*> convert_IsInf(Conversion& node) {
  Value* x = node.input(0);
  bool positive = node.bool_attribute("detect_positive", true), negative = node.bool_attribute("detect_negative", true);
  double infinity = std::numeric_limits<double>::infinity();
  if (positive && negative) return {node.add(op_equal, {node.add(op_abs, {x}), node.float_like(x, infinity)})};
  if (!positive && !negative) return {node.add(op_less, {node.add(op_abs, {x}), node.float_like(x, 0)})};
  return {node.add(op_equal, {x, node.float_like(x, positive ? infinity : -infinity)})};
}

}  // namespace broach
