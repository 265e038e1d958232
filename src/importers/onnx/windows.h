#pragma once
// Attributes that convolutions and pools share, resolved to explicit pads.
#include "importers/onnx/conversion.h"

namespace broach {

struct WindowAttributes {
  std::vector<int64_t> strides, dilations, pads;  // one per spatial axis; pads: all begins, then all ends
};

// `kernel` and `input` are spatial extents. Reads strides, dilations, pads and auto_pad. Throws Error where counts or signs are wrong.
WindowAttributes read_window(Conversion& node, const Shape& kernel, const Shape& input);

// The spatial axes of an [N, C, ...] tensor.
Shape spatial(const Shape& shape);

}  // namespace broach
