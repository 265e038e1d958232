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

}  // namespace

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
