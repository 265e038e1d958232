#include "ops/reduced_axes.h"

#include <algorithm>

namespace broach {

bool ReducedAxes::reduces(size_t axis) const { return std::binary_search(axes.begin(), axes.end(), axis); }

Shape ReducedAxes::output() const {
  Shape shape;
  for (size_t i = 0; i < input.size(); ++i) {
    if (!reduces(i))
      shape.push_back(input[i]);
    else if (keepdims)
      shape.push_back(1);
  }
  return shape;
}

std::vector<int64_t> ReducedAxes::extents() const {
  std::vector<int64_t> result;
  for (size_t axis : axes) result.push_back(input[axis]);
  return result;
}

int64_t ReducedAxes::count() const { return element_count(extents()); }

std::vector<Expr> ReducedAxes::input_indices(Indices output, Indices reduced) const {
  std::vector<Expr> result;
  size_t next_output = 0, next_reduced = 0;
  for (size_t i = 0; i < input.size(); ++i) {
    result.push_back(reduces(i) ? reduced[next_reduced++] : output[next_output]);
    if (!reduces(i) || keepdims) ++next_output;
  }
  return result;
}

std::vector<Expr> ReducedAxes::output_indices(Indices in) const {
  std::vector<Expr> result;
  for (size_t i = 0; i < input.size(); ++i) {
    if (!reduces(i))
      result.push_back(in[i]);
    else if (keepdims)
      result.push_back(Expr(0));
  }
  return result;
}

}  // namespace broach
