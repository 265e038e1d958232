#pragma once
// A window that slides over the spatial axes (2, 3, ...) of an [N, C, spatial...] tensor: what conv and the pools share.
#include "ops/op_def.h"

namespace broach {

struct Window {
  std::vector<int64_t> input, kernel, strides, dilations, begins, ends;  // per spatial axis

  size_t rank() const { return kernel.size(); }
  // First element of the input (or padding, negative) under tap `tap` of output element `out`.
  Expr position(size_t axis, const Expr& out, const Expr& tap) const;
  // Extents of the output: windows that fit; with `ceil` also a last one that starts inside the input or its padding before it.
  Shape output(bool ceil = false) const;
  // True if some tap of some output element lies outside of the input.
  bool leaves_input(const Shape& output) const;
};

// Fills in ones and zeros for empty lists. Throws Error for lists of a wrong length, or strides, dilations or kernels below 1.
Window make_window(const Shape& x, std::vector<int64_t> kernel, const std::vector<int64_t>& strides, const std::vector<int64_t>& dilations,
                   const std::vector<int64_t>& pads);

}  // namespace broach
