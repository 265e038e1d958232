#pragma once
// How a tensor lies in memory: the link between logical indices and the flat buffers of the loop IR.
#include "expr/expr.h"
#include "graph/tensor_type.h"

namespace broach {

// A halo is a rim of `fill` around the spatial axes (2, 3, ...) so that readers with padding need no tests at the edges.
struct Halo {
  std::vector<int64_t> low, high;  // per spatial axis; empty: none
  double fill = 0;
  bool empty() const;
  friend bool operator==(const Halo&, const Halo&) = default;
};

struct TensorBuffer {
  DType dtype = DType::f32;
  Shape shape;
  Layout layout = {};
  Halo halo = {};
  int64_t batch_pitch = 0;  // elements from one index of axis 0 to the next; 0: compact. Larger for a view inside a concatenation

  static TensorBuffer of(const TensorType& type) { return {type.dtype, type.shape, type.layout, {}, 0}; }
  // Extent of axis with padding lanes: 58 channels in blocks of 16 are 64.
  int64_t padded_extent(size_t axis) const;
  int64_t halo_low(size_t axis) const;
  int64_t halo_high(size_t axis) const;
  int64_t elements() const;  // of the whole allocation, halo and padding included
  int64_t bytes() const { return elements() * byte_size(dtype); }
  // Elements from the start of the allocation (halo included) to the element at the logical indices, which may reach into halo and padding.
  Expr offset(const std::vector<Expr>& indices) const;
  friend bool operator==(const TensorBuffer&, const TensorBuffer&) = default;
};
std::string to_string(const TensorBuffer& buffer);

}  // namespace broach
