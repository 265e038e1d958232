#include "ops/matmul.h"

#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

// A batch of matrices: vectors as a row or a column, transposed ones put upright.
Reals upright(const Reals& x, bool transposed, bool left) {
  if (x.shape.size() == 1) return {left ? Shape{1, x.shape[0]} : Shape{x.shape[0], 1}, x.data};
  if (!transposed) return x;
  Shape shape = x.shape;
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  Reals y{shape, {}};
  for_each_index(shape, [&](Shape index) {
    std::swap(index[index.size() - 1], index[index.size() - 2]);
    y.data.push_back(x[offset_of(x.shape, index)]);
  });
  return y;
}

Shape batch_of(const Shape& shape) { return {shape.begin(), shape.end() - 2}; }

}  // namespace

Results matmul(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<MatmulAttributes>();
  Reals x = upright(to_reals(in[0]), a.trans_a, true), y = upright(to_reals(in[1]), a.trans_b, false);
  int64_t rows = x.shape[x.shape.size() - 2], inner = x.shape.back(), columns = y.shape.back();
  Reals z = zeros(node.output()->type.shape);
  Shape batch = z.shape;  // without the axes that vectors lack
  batch.resize(std::max(x.shape.size(), y.shape.size()) - 2);
  int64_t number = 0;
  for_each_index(batch, [&](const Shape& index) {
    const double* left = x.data.data() + broadcast_offset(batch_of(x.shape), index) * rows * inner;
    const double* right = y.data.data() + broadcast_offset(batch_of(y.shape), index) * inner * columns;
    double* to = z.data.data() + number++ * rows * columns;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t k = 0; k < inner; ++k)
        for (int64_t j = 0; j < columns; ++j) to[i * columns + j] += left[i * inner + k] * right[k * columns + j];
  });
  if (is_float(in[0].type().dtype)) return {to_constant(z)};
  // Doubles hold the integers exactly up to 2^53, far above what tests and index arithmetic multiply.
  Ints whole{z.shape, {z.data.begin(), z.data.end()}};
  return {to_constant(whole, in[0].type().dtype)};
}

}  // namespace broach::reference_ops
