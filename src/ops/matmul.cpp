#include "ops/matmul.h"

#include "ops/inference.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

// An operand seen as a batch of matrices: a vector is a row on the left, a column on the right.
struct Operand {
  Shape batch;
  int64_t rows = 1, columns = 1;
  bool vector = false, transposed = false;
};

Operand operand(const Shape& shape, bool transposed, bool left) {
  Operand o;
  o.transposed = transposed;
  o.vector = shape.size() == 1;
  if (o.vector) {
    (left ? o.columns : o.rows) = shape[0];
    return o;
  }
  o.batch.assign(shape.begin(), shape.end() - 2);
  o.rows = shape[shape.size() - (transposed ? 1 : 2)];
  o.columns = shape[shape.size() - (transposed ? 2 : 1)];
  return o;
}

struct Product {
  Operand a, b;
  Shape batch, shape;  // shape: of the result, without the axes that vectors lack
};

Product product(const Shape& x, const Shape& y, const MatmulAttributes& attributes) {
  Product p{operand(x, attributes.trans_a, true), operand(y, attributes.trans_b, false), {}, {}};
  if (p.a.columns != p.b.rows)
    throw_error("matmul has {} columns on the left and {} rows on the right (shapes {} and {}), expected as many", p.a.columns, p.b.rows,
                to_string(x), to_string(y));
  p.batch = broadcast_shapes(p.a.batch, p.b.batch);
  p.shape = p.batch;
  if (!p.a.vector) p.shape.push_back(p.a.rows);
  if (!p.b.vector) p.shape.push_back(p.b.columns);
  return p;
}

std::vector<TensorType> infer_matmul(const Node& node) {
  expect_inputs(node, 2, 2);
  expect_domain(node, 0, Domain::numbers);
  expect_same_dtype(node, 0, 1);
  expect_rank(node, 0, 1);
  expect_rank(node, 1, 1);
  Product p = product(type_of(node, 0).shape, type_of(node, 1).shape, node.attrs<MatmulAttributes>());
  return {{type_of(node, 0).dtype, p.shape}};
}

std::vector<Expr> element_of(const Operand& o, const Shape& batch, Indices i, const Expr& row, const Expr& column) {
  std::vector<Expr> indices = broadcast_indices(o.batch, batch, i.first(batch.size()));
  if (o.vector) return {o.columns == 1 ? row : column};
  indices.push_back(o.transposed ? column : row);
  indices.push_back(o.transposed ? row : column);
  return indices;
}

std::vector<Tensor> lower_matmul(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor &x = inputs[0], &y = inputs[1];
  Product p = product(x->shape, y->shape, node.attrs<MatmulAttributes>());
  auto element = [&](Indices i, Indices k) {
    Expr row = p.a.vector ? Expr(0) : i[p.batch.size()];
    Expr column = p.b.vector ? Expr(0) : i[i.size() - 1];
    return widened(read(x, element_of(p.a, p.batch, i, row, k[0]))) * widened(read(y, element_of(p.b, p.batch, i, k[0], column)));
  };
  return {reduce(node.op->name, p.shape, Reducer::sum, {p.a.columns}, element, [&](const Expr& sum, Indices) { return cast(x->dtype, sum); })};
}

OpCase matmul_case(DType dtype, Shape x, Shape y, bool trans_a = false, bool trans_b = false) {
  MatmulAttributes a;
  a.trans_a = trans_a;
  a.trans_b = trans_b;
  return make_case({{dtype, std::move(x)}, {dtype, std::move(y)}}, a);
}

std::vector<OpCase> cases_matmul() {
  DType f32 = DType::f32;
  return case_list(matmul_case(f32, {5, 7}, {7, 3}), matmul_case(f32, {7, 5}, {7, 3}, true), matmul_case(f32, {5, 7}, {3, 7}, false, true),
                   matmul_case(f32, {2, 3, 4, 5}, {2, 3, 5, 6}), matmul_case(f32, {3, 1, 4, 5}, {2, 5, 6}), matmul_case(f32, {4, 5}, {2, 3, 5, 1}),
                   matmul_case(f32, {7}, {7}), matmul_case(f32, {7}, {2, 7, 3}), matmul_case(f32, {2, 5, 7}, {7}), matmul_case(f32, {1}, {1, 3}),
                   matmul_case(f32, {2, 7, 5}, {2, 3, 7}, true, true), matmul_case(DType::f64, {3, 9}, {9, 2}),
                   matmul_case(DType::f16, {3, 9}, {9, 2}), matmul_case(DType::i32, {3, 9}, {9, 2}), matmul_case(DType::i64, {2, 3, 9}, {9, 2}),
                   matmul_case(DType::u8, {3, 3}, {3, 2}));
}

}  // namespace

const OpDef op_matmul = {
    "matmul",
    "Matrix product. Inputs x [batch..., M, K] and y [batch..., K, N] of one number type, with trans_a or trans_b the last two axes "
    "exchanged; batch axes broadcast as in numpy; result [batch..., M, N]. A vector [K] is one row on the left, one column on the right, and "
    "its axis is left out of the result. Half types are summed in f32, integers wrap. ONNX MatMul.",
    make_attributes<MatmulAttributes>,
    infer_matmul,
    lower_matmul,
    nullptr,
    false,
    cases_matmul};

}  // namespace broach
