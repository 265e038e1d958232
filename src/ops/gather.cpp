#include "ops/gather.h"

#include "ops/inference.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

void expect_indices(const Node& node) {
  DType dtype = type_of(node, 1).dtype;
  if (dtype != DType::i32 && dtype != DType::i64)
    throw_error("input 1 of {} is {}, expected indices of type i32 or i64", node.op->name, info(dtype).name);
}

// Negative indices count from the end. Others outside are clamped: whatever a model's input holds, nothing outside is read.
Expr checked_index(const Expr& index, int64_t extent) {
  Expr i = cast(DType::i64, index);
  return min(max(select(i < 0, i + Expr(extent), i), 0), Expr(extent - 1));
}

// --- gather ---

std::vector<TensorType> infer_gather(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_rank(node, 0, 1);
  expect_indices(node);
  const Shape &x = type_of(node, 0).shape, &indices = type_of(node, 1).shape;
  size_t axis = normalize_axis(node.attrs<GatherAttributes>().axis, x.size());
  Shape shape(x.begin(), x.begin() + int64_t(axis));
  shape.insert(shape.end(), indices.begin(), indices.end());
  shape.insert(shape.end(), x.begin() + int64_t(axis) + 1, x.end());
  if (x[axis] == 0 && element_count(shape) > 0) throw_error("gather takes from axis {} of shape {}, which has no elements", axis, to_string(x));
  return {{type_of(node, 0).dtype, shape}};
}

std::vector<Tensor> lower_gather(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor &x = inputs[0], &indices = inputs[1];
  size_t axis = normalize_axis(node.attrs<GatherAttributes>().axis, x->shape.size()), rank = indices->shape.size();
  return {compute(node.op->name, node.output()->type.shape, [&](Indices i) {
    std::vector<Expr> at(i.begin(), i.begin() + int64_t(axis));
    Indices which = i.subspan(axis, rank), rest = i.subspan(axis + rank);
    at.push_back(checked_index(read(indices, {which.begin(), which.end()}), x->shape[axis]));
    at.insert(at.end(), rest.begin(), rest.end());
    return read(x, at);
  })};
}

OpCase gather_case(TensorType x, Shape shape, std::vector<int64_t> indices, int64_t axis, DType dtype = DType::i64) {
  GatherAttributes a;
  a.axis = axis;
  return with_constant(make_case({std::move(x), {dtype, shape}}, a), 1, Constant::of_ints(indices, shape, dtype));
}

std::vector<OpCase> cases_gather() {
  return case_list(gather_case({DType::f32, {5, 3}}, {4}, {0, 4, 2, 2}, 0), gather_case({DType::f32, {2, 5, 3}}, {2, 2}, {0, -1, -5, 4}, 1),
                   gather_case({DType::f32, {5, 3}}, {}, {1}, 1, DType::i32), gather_case({DType::i64, {6}}, {1}, {-2}, 0),
                   gather_case({DType::f16, {3, 4}}, {3}, {3, 0, 1}, -1, DType::i32));
}

// --- gather_elements ---

std::vector<TensorType> infer_gather_elements(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_rank(node, 0, 1);
  expect_indices(node);
  const Shape &x = type_of(node, 0).shape, &indices = type_of(node, 1).shape;
  size_t axis = normalize_axis(node.attrs<GatherAttributes>().axis, x.size());
  bool fits = x.size() == indices.size() && (x[axis] > 0 || element_count(indices) == 0);
  for (size_t k = 0; fits && k < x.size(); ++k) fits = k == axis || indices[k] <= x[k];
  if (!fits)
    throw_error(
        "gather_elements on axis {} has an input of shape {} and indices of shape {}, expected the same rank and no larger extents on "
        "other axes",
        axis, to_string(x), to_string(indices));
  return {{type_of(node, 0).dtype, indices}};
}

std::vector<Tensor> lower_gather_elements(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor &x = inputs[0], &indices = inputs[1];
  size_t axis = normalize_axis(node.attrs<GatherAttributes>().axis, x->shape.size());
  return {compute(node.op->name, indices->shape, [&](Indices i) {
    std::vector<Expr> at(i.begin(), i.end());
    at[axis] = checked_index(read(indices, {i.begin(), i.end()}), x->shape[axis]);
    return read(x, at);
  })};
}

std::vector<OpCase> cases_gather_elements() {
  return case_list(gather_case({DType::f32, {3, 4}}, {2, 4}, {0, 1, 2, -1, -3, 2, 1, 0}, 0),
                   gather_case({DType::f32, {2, 3}}, {2, 2}, {0, 2, -1, 1}, 1, DType::i32), gather_case({DType::i32, {5}}, {3}, {4, -5, 0}, 0));
}

}  // namespace

const OpDef op_gather = {
    "gather",
    "Slices of x along `axis`, taken by an index tensor whose shape stands in the result where that axis was. Inputs x of any type and indices "
    "i32 or i64; negative ones count from the end, others outside are clamped. ONNX Gather.",
    make_attributes<GatherAttributes>,
    infer_gather,
    lower_gather,
    nullptr,
    false,
    cases_gather};

const OpDef op_gather_elements = {
    "gather_elements",
    "One element of x for each index: its position, with the index in place of the one on `axis`. Inputs x of any type and indices i32 or i64 of "
    "the same rank; negative ones count from the end, others outside are clamped. ONNX GatherElements.",
    make_attributes<GatherAttributes>,
    infer_gather_elements,
    lower_gather_elements,
    nullptr,
    false,
    cases_gather_elements};

}  // namespace broach
