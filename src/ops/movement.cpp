#include "ops/movement.h"

#include <algorithm>

#include "ops/inference.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

std::vector<Expr> copy(Indices i) { return {i.begin(), i.end()}; }

// --- reshape ---

Shape reshaped(const Shape& x, const Shape& target) {
  Shape shape = target;
  int64_t* open = nullptr;
  for (int64_t& extent : shape) {
    if (extent < -1 || (extent == -1 && open)) throw_error("reshape to {} is not possible: expected extents and at most one -1", to_string(target));
    if (extent == -1) open = &extent;
  }
  if (open) *open = 1;
  int64_t count = element_count(x), known = element_count(shape);
  if (open && known > 0) *open = count / known;
  if (element_count(shape) != count) throw_error("reshape of {} to {} changes the number of elements ({})", to_string(x), to_string(target), count);
  return shape;
}

std::vector<TensorType> infer_reshape(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  Shape shape = reshaped(x.shape, node.attrs<ShapeAttributes>().shape);
  return {{x.dtype, shape, shape == x.shape ? x.layout : Layout{}}};
}

// The row-major number of an element among the axes first..last-1; null if there is only one element.
Expr flat_index(const Shape& shape, Indices i, size_t first, size_t last) {
  Expr flat;
  for (size_t k = first; k < last; ++k) {
    if (shape[k] == 1) continue;
    flat = flat ? flat * Expr(shape[k]) + i[k] : i[k];
  }
  return flat;
}

// Appends the indices along the axes first..last-1 of `shape` that belong to the flat index.
void split_index(std::vector<Expr>& result, const Expr& flat, const Shape& shape, size_t first, size_t last) {
  int64_t inner = 1, outer = 1;
  for (size_t k = first; k < last; ++k) inner *= shape[k];
  int64_t count = inner;
  for (size_t k = first; k < last; ++k) {
    inner /= shape[k];
    Expr index = inner == 1 || shape[k] == 1 ? flat : flat / Expr(inner);
    if (shape[k] > 1 && outer > 1) index = index % Expr(shape[k]);
    result.push_back(shape[k] == 1 || count == 1 ? Expr(0) : index);
    outer *= shape[k];
  }
}

// Runs of axes that hold as many elements on both sides are renumbered apart, so that indices stay simple.
std::vector<Expr> reshape_indices(const Shape& from, const Shape& to, Indices i) {
  std::vector<Expr> result;
  if (element_count(from) == 0) return std::vector<Expr>(from.size(), Expr(0));  // there is no element to name
  size_t a = 0, b = 0;
  while (a < from.size() || b < to.size()) {
    size_t a0 = a, b0 = b;
    int64_t x = a < from.size() ? from[a++] : 1, y = b < to.size() ? to[b++] : 1;
    while (x != y) (x < y ? x : y) *= x < y ? from[a++] : to[b++];
    split_index(result, flat_index(to, i, b0, b), from, a0, a);
  }
  return result;
}

std::vector<Tensor> lower_reshape(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  Shape shape = reshaped(x->shape, node.attrs<ShapeAttributes>().shape);
  return {compute(node.op->name, shape, [&](Indices i) { return read(x, reshape_indices(x->shape, shape, i)); })};
}

OpCase shape_case(TensorType x, std::vector<int64_t> shape) {
  ShapeAttributes a;
  a.shape = std::move(shape);
  return make_case({std::move(x)}, a);
}

std::vector<OpCase> cases_reshape() {
  return case_list(
      shape_case({DType::f32, {2, 3, 4}}, {6, 4}), shape_case({DType::f32, {2, 3, 4}}, {4, -1}), shape_case({DType::f32, {1, 5, 1, 1}}, {1, 5}),
      shape_case({DType::i64, {6}}, {1, 2, 1, 3}), shape_case({DType::f32, {1, 12, 2, 2}}, {1, 3, 4, 2, 2}), shape_case({DType::u8, {1}}, {}),
      shape_case({DType::boolean, {}}, {1, 1}), shape_case({DType::f16, {4, 6}}, {3, 8}), shape_case({DType::f32, {1, 3, 1, 2, 1, 1}}, {3, 1, 2}));
}

// --- transpose ---

std::vector<size_t> transposed_axes(size_t rank, const TransposeAttributes& a) {
  std::vector<size_t> order;
  if (a.order.empty())
    for (size_t i = rank; i-- > 0;) order.push_back(i);
  for (int64_t axis : a.order) order.push_back(normalize_axis(axis, rank));
  if (order.size() != rank) throw_error("transpose has an order of {} axes, expected {}", order.size(), rank);
  normalize_axes({order.begin(), order.end()}, rank);  // each once
  return order;
}

std::vector<TensorType> infer_transpose(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  Shape shape;
  for (size_t axis : transposed_axes(x.shape.size(), node.attrs<TransposeAttributes>())) shape.push_back(x.shape[axis]);
  return {{x.dtype, shape}};
}

std::vector<Tensor> lower_transpose(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  std::vector<size_t> order = transposed_axes(x->shape.size(), node.attrs<TransposeAttributes>());
  return {compute(node.op->name, node.output()->type.shape, [&](Indices i) {
    std::vector<Expr> at(order.size());
    for (size_t k = 0; k < order.size(); ++k) at[order[k]] = i[k];
    return read(x, at);
  })};
}

std::vector<OpCase> cases_transpose() {
  auto transpose_case = [](TensorType x, std::vector<int64_t> order) {
    TransposeAttributes a;
    a.order = std::move(order);
    return make_case({std::move(x)}, a);
  };
  return case_list(transpose_case({DType::f32, {2, 3, 5}}, {2, 0, 1}), transpose_case({DType::f32, {2, 3, 5}}, {}),
                   transpose_case({DType::i64, {4, 7}}, {1, 0}), transpose_case({DType::f16, {1, 2, 3, 4}}, {0, 2, 3, 1}),
                   transpose_case({DType::f32, {}}, {}), transpose_case({DType::u8, {3, 2, 2, 2, 3}}, {4, -2, 0, 2, 1}));
}

// --- expand, tile ---

std::vector<TensorType> infer_expand(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  Shape shape = broadcast_shapes(x.shape, node.attrs<ShapeAttributes>().shape);
  return {{x.dtype, shape, channel_layout(x, shape)}};
}

std::vector<Tensor> lower_expand(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  Shape shape = broadcast_shapes(x->shape, node.attrs<ShapeAttributes>().shape);
  return {compute(node.op->name, shape, [&](Indices i) { return read(x, broadcast_indices(x->shape, shape, i)); })};
}

std::vector<OpCase> cases_expand() {
  return case_list(shape_case({DType::f32, {3, 1}}, {2, 1, 6}), shape_case({DType::f32, {}}, {2, 3}), shape_case({DType::i64, {1, 4}}, {3, 1}),
                   shape_case({DType::boolean, {2, 3}}, {2, 3}), shape_case({DType::f16, {1}}, {5}));
}

std::vector<TensorType> infer_tile(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  const auto& repeats = node.attrs<TileAttributes>().repeats;
  if (repeats.size() != x.shape.size()) throw_error("tile has {} repeats for a tensor of {} dimensions", repeats.size(), x.shape.size());
  TensorType result{x.dtype, {}};
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0 || repeats[i] > (int64_t(1) << 40) / std::max<int64_t>(1, x.shape[i]))
      throw_error("tile repeats axis {} of {} elements {} times, expected at least 0 times and at most 2^40 elements", i, x.shape[i], repeats[i]);
    result.shape.push_back(x.shape[i] * repeats[i]);
  }
  return {result};
}

std::vector<Tensor> lower_tile(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& repeats = node.attrs<TileAttributes>().repeats;
  Shape shape = x->shape;
  for (size_t k = 0; k < shape.size(); ++k) shape[k] *= repeats[k];
  return {compute(node.op->name, shape, [&](Indices i) {
    std::vector<Expr> at = copy(i);
    for (size_t k = 0; k < at.size(); ++k)
      if (repeats[k] != 1) at[k] = x->shape[k] == 1 ? Expr(0) : at[k] % Expr(x->shape[k]);
    return read(x, at);
  })};
}

std::vector<OpCase> cases_tile() {
  auto tile_case = [](TensorType x, std::vector<int64_t> repeats) {
    TileAttributes a;
    a.repeats = std::move(repeats);
    return make_case({std::move(x)}, a);
  };
  return case_list(tile_case({DType::f32, {2, 3}}, {2, 1}), tile_case({DType::f32, {2, 3}}, {1, 3}), tile_case({DType::i64, {1, 2, 2}}, {3, 2, 2}),
                   tile_case({DType::f16, {3}}, {1}), tile_case({DType::u8, {3}}, {0}));
}

// --- depth_to_space, space_to_depth ---

std::vector<TensorType> infer_depth_to_space(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  int64_t b = node.attrs<BlockAttributes>().block;
  if (x.shape.size() != 4 || b < 1 || b > 1 << 15 || x.shape[1] % (b * b) != 0)
    throw_error("depth_to_space with blocks of {} has an input of shape {}, expected [N, C * block^2, H, W]", b, to_string(x.shape));
  return {{x.dtype, {x.shape[0], x.shape[1] / (b * b), x.shape[2] * b, x.shape[3] * b}}};
}

std::vector<Tensor> lower_depth_to_space(const Node& node, const std::vector<Tensor>& inputs) {
  const auto& a = node.attrs<BlockAttributes>();
  const Shape& shape = node.output()->type.shape;
  Expr b = a.block;
  return {compute(node.op->name, shape, [&](Indices i) {
    Expr position = i[2] % b * b + i[3] % b;
    Expr channel = a.column_first ? i[1] * b * b + position : position * Expr(shape[1]) + i[1];
    return read(inputs[0], {i[0], channel, i[2] / b, i[3] / b});
  })};
}

std::vector<TensorType> infer_space_to_depth(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  int64_t b = node.attrs<BlockAttributes>().block;
  if (x.shape.size() != 4 || b < 1 || b > 1 << 15 || x.shape[2] % b != 0 || x.shape[3] % b != 0)
    throw_error("space_to_depth with blocks of {} has an input of shape {}, expected [N, C, H * block, W * block]", b, to_string(x.shape));
  return {{x.dtype, {x.shape[0], x.shape[1] * b * b, x.shape[2] / b, x.shape[3] / b}}};
}

std::vector<Tensor> lower_space_to_depth(const Node& node, const std::vector<Tensor>& inputs) {
  const Shape& x = inputs[0]->shape;
  Expr b = node.attrs<BlockAttributes>().block, channels = x[1];
  return {compute(node.op->name, node.output()->type.shape, [&](Indices i) {
    Expr position = i[1] / channels;
    return read(inputs[0], {i[0], i[1] % channels, i[2] * b + position / b, i[3] * b + position % b});
  })};
}

OpCase block_case(TensorType x, int64_t block, bool column_first = false) {
  BlockAttributes a;
  a.block = block;
  a.column_first = column_first;
  return make_case({std::move(x)}, a);
}

std::vector<OpCase> cases_depth_to_space() {
  return case_list(block_case({DType::f32, {1, 12, 2, 3}}, 2), block_case({DType::f32, {1, 12, 2, 3}}, 2, true),
                   block_case({DType::i32, {2, 9, 1, 2}}, 3), block_case({DType::f32, {1, 2, 3, 3}}, 1));
}

std::vector<OpCase> cases_space_to_depth() {
  return case_list(block_case({DType::f32, {1, 3, 4, 6}}, 2), block_case({DType::i32, {2, 2, 3, 6}}, 3), block_case({DType::f16, {1, 2, 3, 3}}, 1));
}

// --- iota ---

std::vector<TensorType> infer_iota(const Node& node) {
  expect_inputs(node, 0, 0);
  const auto& a = node.attrs<IotaAttributes>();
  if (a.count < 0 || !contains(Domain::numbers, a.dtype))
    throw_error("iota has {} elements of type {}, expected at least 0 of a number type", a.count, info(a.dtype).name);
  return {{a.dtype, {a.count}}};
}

std::vector<Tensor> lower_iota(const Node& node, const std::vector<Tensor>&) {
  const auto& a = node.attrs<IotaAttributes>();
  DType dtype = accumulation_dtype(a.dtype);
  return {compute(node.op->name, {a.count},
                  [&](Indices i) { return cast(a.dtype, cast(dtype, i[0]) * make_const(a.delta, dtype) + make_const(a.start, dtype)); })};
}

std::vector<OpCase> cases_iota() {
  auto iota_case = [](DType dtype, int64_t count, double start, double delta) {
    IotaAttributes a;
    a.dtype = dtype;
    a.count = count;
    a.start = start;
    a.delta = delta;
    return make_case({}, a);
  };
  return case_list(iota_case(DType::i64, 5, 3, 2), iota_case(DType::f32, 7, -1, 0.25), iota_case(DType::i32, 4, 9, -3),
                   iota_case(DType::i64, 0, 0, 1), iota_case(DType::f64, 3, 0.1, 0.1));
}

}  // namespace

#define BROACH_MOVEMENT(name, A, is_view, text) \
  const OpDef op_##name = {#name, text, make_attributes<A>, infer_##name, lower_##name, nullptr, is_view, cases_##name};
BROACH_MOVEMENT(reshape, ShapeAttributes, true,
                "The same elements in row-major order with the shape `shape`, where one extent may be -1. One input of any type. ONNX Reshape, "
                "Flatten, Squeeze, Unsqueeze.")
BROACH_MOVEMENT(transpose, TransposeAttributes, false,
                "Axes in another order: axis i of the result is axis order[i] of the input. One input of any type. ONNX Transpose.")
BROACH_MOVEMENT(expand, ShapeAttributes, false, "The input broadcast with `shape` by numpy's rule. One input of any type. ONNX Expand.")
BROACH_MOVEMENT(tile, TileAttributes, false, "The input repeated repeats[i] times along axis i. One input of any type. ONNX Tile.")
BROACH_MOVEMENT(depth_to_space, BlockAttributes, false,
                "Channels become block x block pixels: [N, C * block^2, H, W] to [N, C, H * block, W * block]. One input of any type. ONNX "
                "DepthToSpace.")
BROACH_MOVEMENT(space_to_depth, BlockAttributes, false,
                "block x block pixels become channels: [N, C, H * block, W * block] to [N, C * block^2, H, W], pixel-major. One input of any "
                "type. ONNX SpaceToDepth.")
BROACH_MOVEMENT(iota, IotaAttributes, false, "start, start + delta, ...: [count] of a number type. No inputs. ONNX Range with known bounds.")
#undef BROACH_MOVEMENT

}  // namespace broach
