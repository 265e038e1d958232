// Operators whose results are known when a model is compiled, and those that work with masks made of such constants.
#include <algorithm>
#include <cmath>

#include "importers/onnx/conversion.h"
#include "importers/onnx/tensor_data.h"
#include "ops/inference.h"
#include "ops/movement.h"
#include "ops/op_def.h"

namespace broach {
namespace {

// Scalar or list of numbers as a tensor of float32 or int64.
Constant of_attribute(const std::vector<double>& values, bool scalar) {
  return Constant::of_floats(values, scalar ? Shape{} : Shape{int64_t(values.size())});
}
Constant of_attribute(const std::vector<int64_t>& values, bool scalar) {
  return Constant::of_ints(values, scalar ? Shape{} : Shape{int64_t(values.size())});
}

Value* iota(Conversion& node, int64_t count, DType dtype, double start = 0, double delta = 1) {
  IotaAttributes attributes;
  attributes.dtype = dtype;
  attributes.count = count;
  attributes.start = start;
  attributes.delta = delta;
  return node.add(op_iota, {}, attributes);
}

// Row index, [rows, 1], and column index plus k, [columns], of a matrix.
std::pair<Value*, Value*> matrix_indices(Conversion& node, int64_t rows, int64_t columns, int64_t k) {
  Value* row = node.add(op_add, {iota(node, rows, DType::i64), node.constant(Constant::of_ints({k}, {}))});
  return {node.reshape(row, {rows, 1}), iota(node, columns, DType::i64)};
}

Value* number_like(Conversion& node, DType dtype, double number) { return node.constant(Constant::filled({dtype, {}}, number)); }

}  // namespace

std::vector<Value*> convert_Constant(Conversion& node) {
  if (auto value = node.attribute<Constant>("value")) return {node.constant(*value)};
  if (auto value = node.attribute<double>("value_float")) return {node.constant(of_attribute(std::vector{*value}, true))};
  if (auto value = node.attribute<int64_t>("value_int")) return {node.constant(of_attribute(std::vector{*value}, true))};
  if (auto value = node.attribute<std::vector<double>>("value_floats")) return {node.constant(of_attribute(*value, false))};
  if (auto value = node.attribute<std::vector<int64_t>>("value_ints")) return {node.constant(of_attribute(*value, false))};
  throw_error("its value is missing, or is neither a tensor nor numbers");
}

std::vector<Value*> convert_ConstantOfShape(Conversion& node) {
  ShapeAttributes attributes;
  attributes.shape = node.ints(0, "shape");
  Constant value = node.attribute<Constant>("value").value_or(Constant::filled({DType::f32, {1}}, 0));
  if (value.elements() != 1) throw_error("attribute 'value' has shape {}, one element was expected", to_string(value.type().shape));
  Value* scalar = node.constant(Constant({value.type().dtype, {}}, {value.data(), size_t(value.bytes())}));
  return {node.add(op_expand, {scalar}, attributes)};
}

std::vector<Value*> convert_Shape(Conversion& node) {
  const Shape& shape = node.shape(0);
  auto rank = int64_t(shape.size());
  int64_t start = node.opset() < 15 ? 0 : node.int_attribute("start", 0);
  int64_t end = node.opset() < 15 ? rank : node.int_attribute("end", rank);
  auto place = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  std::vector<int64_t> extents;
  for (int64_t i = place(start); i < place(end); ++i) extents.push_back(shape[size_t(i)]);
  return {node.constant(Constant::of_ints(extents, {int64_t(extents.size())}))};
}

std::vector<Value*> convert_Size(Conversion& node) { return {node.constant(Constant::of_ints({element_count(node.shape(0))}, {}))}; }

std::vector<Value*> convert_Range(Conversion& node) {
  double start = node.scalar(0, "start"), limit = node.scalar(1, "limit"), delta = node.scalar(2, "delta");
  double count = std::ceil((limit - start) / delta);
  if (!std::isfinite(count) || count > std::ldexp(1, 40))
    throw_error("a range from {} to {} by {} has no end or is larger than 2^40 elements", start, limit, delta);
  return {iota(node, int64_t(std::max(count, 0.0)), node.input(0)->type.dtype, start, delta)};
}

std::vector<Value*> convert_EyeLike(Conversion& node) {
  if (node.rank(0) != 2) throw_error("its input has shape {}, a matrix was expected", to_string(node.shape(0)));
  DType dtype = node.input(0)->type.dtype;
  if (auto stated = node.attribute<int64_t>("dtype")) {
    auto known = *stated >= 0 && *stated < 1000 ? dtype_of_onnx(int(*stated)) : std::nullopt;
    if (!known) throw_error("attribute 'dtype' is {}, which is not supported", *stated);
    dtype = *known;
  }
  auto [row, column] = matrix_indices(node, node.shape(0)[0], node.shape(0)[1], node.int_attribute("k", 0));
  return {node.cast(node.add(op_equal, {row, column}), dtype)};
}

// Keeps the upper (column >= row + k) or lower triangle of the last two axes.
std::vector<Value*> convert_Trilu(Conversion& node) {
  const Shape& shape = node.shape(0);
  if (shape.size() < 2) throw_error("its input has shape {}, at least two axes were expected", to_string(shape));
  bool upper = node.bool_attribute("upper", true);
  int64_t k = node.input(1) ? node.constant(1, "k").int_at(0) : 0;
  auto [row, column] = matrix_indices(node, shape[shape.size() - 2], shape.back(), std::clamp<int64_t>(k, -(1ll << 40), 1ll << 40));
  Value* kept = node.add(upper ? op_greater_equal : op_less_equal, {column, row});
  return {node.add(op_where, {kept, node.input(0), number_like(node, node.input(0)->type.dtype, 0)})};
}

// values[1] where the new axis' index equals the element of `indices`, else values[0]. Negative indices count from the end.
std::vector<Value*> convert_OneHot(Conversion& node) {
  const Constant& depth_value = node.constant(1, "depth");
  if (depth_value.elements() != 1) throw_error("its depth has shape {}, one element was expected", to_string(depth_value.type().shape));
  int64_t depth = depth_value.int_at(0);
  if (depth < 1) throw_error("its depth is {}, at least 1 was expected", depth);
  if (node.shape(2) != Shape{2}) throw_error("its values have shape {}, [2] was expected", to_string(node.shape(2)));
  size_t rank = node.rank(0) + 1, axis = normalize_axis(node.int_attribute("axis", -1), rank);
  Value* indices = node.cast(node.input(0), DType::i64);
  Value* size = node.constant(Constant::of_ints({depth}, {}));
  Value* negative = node.add(op_less, {indices, node.constant(Constant::of_ints({0}, {}))});
  indices = node.add(op_where, {negative, node.add(op_add, {indices, size}), indices});
  Shape stretched = indices->type.shape, along(rank - axis, 1);
  stretched.insert(stretched.begin() + long(axis), 1);
  along[0] = depth;
  Value* hot = node.add(op_equal, {node.reshape(indices, stretched), node.reshape(iota(node, depth, DType::i64), along)});
  SliceAttributes first, second;
  first.starts = {0}, first.ends = {1};
  second.starts = {1}, second.ends = {2};
  Value* off = node.add(op_slice, {node.input(2)}, first);
  Value* on = node.add(op_slice, {node.input(2)}, second);
  return {node.add(op_where, {hot, on, off})};
}

}  // namespace broach
