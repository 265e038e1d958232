#include "graph/tensor_type.h"

#include <algorithm>

#include "support/errors.h"

namespace broach {
namespace {

constexpr int64_t max_elements = int64_t(1) << 40;
constexpr size_t max_rank = 64;

}  // namespace

int64_t element_count(const Shape& shape) {
  if (shape.size() > max_rank) throw_error("a tensor with {} dimensions is not supported (at most {})", shape.size(), max_rank);
  int64_t count = 1, bound = 1;  // the bound takes an empty dimension for 1, so that pitches fit as well
  for (int64_t dim : shape) {
    if (dim < 0) throw_error("a tensor of shape {} has a negative dimension", to_string(shape));
    if (__builtin_mul_overflow(bound, std::max<int64_t>(dim, 1), &bound) || bound >= max_elements)
      throw_error("a tensor of shape {} has 2^40 elements or more", to_string(shape));
    count *= dim;
  }
  return count;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::vector<int64_t> row_major_pitches(const Shape& shape) {
  std::vector<int64_t> pitches(shape.size());
  int64_t pitch = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    pitches[i] = pitch;
    pitch *= shape[i];
  }
  return pitches;
}

std::string to_string(const Layout& layout) { return layout.blocked() ? fmt::format("c{}", layout.block) : "plain"; }

std::string to_string(const TensorType& type) {
  std::string text = info(type.dtype).name + to_string(type.shape);
  return type.layout.blocked() ? text + ":" + to_string(type.layout) : text;
}

}  // namespace broach
