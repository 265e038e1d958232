#include "ops/reduction.h"

#include <algorithm>

#include "importers/onnx/conversion.h"
#include "ops/op_def.h"

namespace broach {
namespace {

// The axes are an attribute before opset `input_since`, then an input. Nothing: the input stays as it is.
std::optional<ReduceAttributes> read_axes(Conversion& node, int64_t input_since) {
  ReduceAttributes attributes;
  attributes.keepdims = node.bool_attribute("keepdims", true);
  if (node.opset() < input_since) {
    if (node.input(1)) throw_error("before opset {} its axes are an attribute, but it has 2 inputs", input_since);
    attributes.axes = node.ints_attribute("axes");
    return attributes;
  }
  if (node.input(1)) attributes.axes = node.ints(1, "axes");
  if (node.bool_attribute("noop_with_empty_axes", false) && attributes.axes.empty()) return std::nullopt;
  return attributes;
}

Value* reduce(Conversion& node, const OpDef& op, Value* value, const std::optional<ReduceAttributes>& attributes) {
  return attributes ? node.add(op, {value}, *attributes) : value;
}

std::vector<Value*> convert_reduction(Conversion& node, const OpDef& op, int64_t input_since = 18) {
  return {reduce(node, op, node.input(0), read_axes(node, input_since))};
}

// Of truth values: any, or all.
std::vector<Value*> convert_extreme(Conversion& node, const OpDef& op) {
  DType dtype = node.input(0)->type.dtype;
  Value* numbers = node.cast(node.input(0), dtype == DType::boolean ? DType::u8 : dtype);
  return {node.cast(reduce(node, op, numbers, read_axes(node, 18)), dtype)};
}

Value* square(Conversion& node, Value* value) { return node.add(op_mul, {value, value}); }

std::vector<Value*> convert_arg(Conversion& node, const OpDef& op) {
  ArgAttributes attributes;
  attributes.axis = node.int_attribute("axis", 0);
  attributes.keepdims = node.bool_attribute("keepdims", true);
  attributes.select_last_index = node.bool_attribute("select_last_index", false);
  return {node.add(op, {node.input(0)}, attributes)};
}

}  // namespace

std::vector<Value*> convert_ReduceSum(Conversion& node) { return convert_reduction(node, op_reduce_sum, 13); }
std::vector<Value*> convert_ReduceMean(Conversion& node) { return convert_reduction(node, op_reduce_mean); }
std::vector<Value*> convert_ReduceMax(Conversion& node) { return convert_extreme(node, op_reduce_max); }
std::vector<Value*> convert_ReduceMin(Conversion& node) { return convert_extreme(node, op_reduce_min); }
std::vector<Value*> convert_ReduceProd(Conversion& node) { return convert_reduction(node, op_reduce_prod); }
std::vector<Value*> convert_ArgMax(Conversion& node) { return convert_arg(node, op_arg_max); }
std::vector<Value*> convert_ArgMin(Conversion& node) { return convert_arg(node, op_arg_min); }

std::vector<Value*> convert_ReduceL1(Conversion& node) {
  return {reduce(node, op_reduce_sum, node.add(op_abs, {node.input(0)}), read_axes(node, 18))};
}

std::vector<Value*> convert_ReduceSumSquare(Conversion& node) {
  return {reduce(node, op_reduce_sum, square(node, node.input(0)), read_axes(node, 18))};
}

std::vector<Value*> convert_ReduceL2(Conversion& node) { return {node.add(op_sqrt, {convert_ReduceSumSquare(node)[0]})}; }

std::vector<Value*> convert_ReduceLogSum(Conversion& node) { return {node.add(op_log, {convert_reduction(node, op_reduce_sum)[0]})}; }

// The largest element is taken out first, so that no exp overflows.
std::vector<Value*> convert_ReduceLogSumExp(Conversion& node) {
  Value* x = node.input(0);
  auto attributes = read_axes(node, 18);
  if (!attributes) return {x};
  ReduceAttributes kept = *attributes;
  kept.keepdims = true;
  Value* largest = node.add(op_reduce_max, {x}, kept);
  Value* sum = node.add(op_reduce_sum, {node.add(op_exp, {node.add(op_sub, {x, largest})})}, *attributes);
  return {node.add(op_add, {node.add(op_log, {sum}), node.reshape(largest, sum->type.shape)})};
}

}  // namespace broach
