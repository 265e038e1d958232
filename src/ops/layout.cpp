#include "ops/layout.h"

#include "ops/inference.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

std::vector<TensorType> infer_to_layout(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  Layout layout = node.attrs<ToLayoutAttributes>().layout;
  if (layout.block < 0 || layout.block > 64) throw_error("a layout has blocks of {} channels, expected 0 (row-major) to 64", layout.block);
  if (layout.blocked()) expect_rank(node, 0, 2);
  return {{x.dtype, x.shape, layout}};
}

std::vector<Tensor> lower_to_layout(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  return {compute(node.op->name, x->shape, [&](Indices i) { return read(x, {i.begin(), i.end()}); })};
}

std::vector<OpCase> cases_to_layout() {
  ToLayoutAttributes blocked;
  blocked.layout.block = 4;
  return case_list(make_case({{DType::f32, {2, 6, 3}}}, blocked), make_case({{DType::f32, {2, 6, 3}, Layout{4}}}, ToLayoutAttributes{}),
                   make_case({{DType::i32, {3, 8}, Layout{2}}}, blocked));
}

std::vector<TensorType> infer_gather_channels(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_rank(node, 0, 2);
  TensorType x = type_of(node, 0);
  const TensorType& table = type_of(node, 1);
  if (table.dtype != DType::i64 || table.shape.size() != 1)
    throw_error("the table of gather_channels is {}, expected i64 of one dimension", to_string(table));
  x.shape[1] = table.shape[0];
  return {x};
}

std::vector<Tensor> lower_gather_channels(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor &x = inputs[0], &table = inputs[1];
  return {compute(node.op->name, infer_gather_channels(node)[0].shape, [&](Indices i) {
    std::vector<Expr> indices(i.begin(), i.end());
    // Padding lanes of a block have no entry: they take any.
    indices[1] = read(table, {indices[1]});
    return read(x, indices);
  })};
}

std::vector<OpCase> cases_gather_channels() {
  Constant table = Constant::of_ints({3, 0, 3, 5, 1}, {5});
  return case_list(with_constant(make_case({{DType::f32, {2, 6, 3, 2}}, table.type()}), 1, table),
                   with_constant(make_case({{DType::i32, {2, 6}}, table.type()}), 1, table),
                   with_constant(make_case({{DType::f32, {1, 6, 3, 2}, Layout{4}}, table.type()}), 1, table));
}

int64_t padded_channels(const TensorType& type) {
  int64_t block = type.layout.blocked() ? type.layout.block : 1;
  return (type.shape[1] + block - 1) / block * block;
}

std::vector<TensorType> infer_join_channels(const Node& node) {
  expect_inputs(node, 1, node.inputs.size());
  expect_rank(node, 0, 2);
  TensorType result = type_of(node, 0);
  result.shape[1] = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorType& x = type_of(node, i);
    Shape expected = result.shape;
    if (x.shape.size() == expected.size()) expected[1] = x.shape[1];
    if (x.shape != expected || x.layout != result.layout || x.dtype != result.dtype)
      throw_error("join_channels of {} and {}, which may differ in their channels only", to_string(type_of(node, 0)), to_string(x));
    result.shape[1] += padded_channels(x);
  }
  return {result};
}

std::vector<Tensor> lower_join_channels(const Node& node, const std::vector<Tensor>& inputs) {
  return {compute(node.op->name, infer_join_channels(node)[0].shape, [&](Indices i) {
    Expr result;
    int64_t end = infer_join_channels(node)[0].shape[1];
    for (size_t k = inputs.size(); k-- > 0;) {
      int64_t begin = end - padded_channels(node.inputs[k]->type);
      std::vector<Expr> indices(i.begin(), i.end());
      indices[1] = i[1] - Expr(begin);
      Expr part = read(inputs[k], indices);
      result = result ? select(i[1] < Expr(end), part, result) : part;
      end = begin;
    }
    return result;
  })};
}

std::vector<OpCase> cases_join_channels() {
  return case_list(make_case({{DType::f32, {2, 4, 3}, Layout{4}}, {DType::f32, {2, 8, 3}, Layout{4}}}),
                   make_case({{DType::f32, {1, 3, 2, 2}}, {DType::f32, {1, 2, 2, 2}}}), make_case({{DType::u8, {2, 3}}}));
}

}  // namespace

const OpDef op_gather_channels = {"gather_channels",
                                  "Channel c of the result is channel table[c] of x. Inputs: x of at least two dimensions, table i64 [channels], "
                                  "its entries in range. Keeps the layout. Made by the compiler for slices and shuffles of channels.",
                                  make_attributes<NoAttributes>,
                                  infer_gather_channels,
                                  lower_gather_channels,
                                  nullptr,
                                  false,
                                  cases_gather_channels};

const OpDef op_join_channels = {"join_channels",
                                "The inputs one after the other along the channels, each beginning with a block of its own: the lanes between "
                                "hold anything. Inputs of one type but for their channels. Made by the compiler for concatenations.",
                                make_attributes<NoAttributes>,
                                infer_join_channels,
                                lower_join_channels,
                                nullptr,
                                false,
                                cases_join_channels};

const OpDef op_to_layout = {"to_layout",
                            "The same tensor with another layout in memory: the attribute `layout`. One input of any type, of at least two "
                            "dimensions for a blocked layout. Made by the compiler only.",
                            make_attributes<ToLayoutAttributes>,
                            infer_to_layout,
                            lower_to_layout,
                            nullptr,
                            false,
                            cases_to_layout};

}  // namespace broach
