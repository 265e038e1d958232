#pragma once
// What is known of a tensor before it has memory: element type, shape, layout.
#include <compare>
#include <string>
#include <vector>

#include "support/dtype.h"

namespace broach {

using Shape = std::vector<int64_t>;

int64_t element_count(const Shape& shape);  // 1 for a scalar. Throws Error past 2^40 elements: no real tensor is that large
std::string to_string(const Shape& shape);  // "[1, 3, 224, 224]"
std::vector<int64_t> row_major_pitches(const Shape& shape);

// How elements lie in memory. Row-major, or blocked: axis 1 (channels) is cut into blocks of `block` that become the innermost
// axis, the last block padded: NCHW with block 16 is N, C/16, H, W, 16. Values of padding channels are unspecified (finite or not).
struct Layout {
  int64_t block = 0;  // 0: row-major
  bool blocked() const { return block != 0; }
  friend auto operator<=>(const Layout&, const Layout&) = default;
};
std::string to_string(const Layout& layout);  // "plain", "c16"

struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  Layout layout = {};
  friend bool operator==(const TensorType&, const TensorType&) = default;
};
std::string to_string(const TensorType& type);  // "f32[1, 3, 224, 224]", with layout "f32[1, 64, 56, 56]:c16"

}  // namespace broach
