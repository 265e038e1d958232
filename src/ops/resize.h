#pragma once
#include "graph/attributes.h"

namespace broach {

// The words are ONNX's (Resize). `shape` and `scales` are both given, one entry per axis: the scale need not be the quotient of extents.
struct ResizeAttributes : AttributesOf<ResizeAttributes> {
  std::vector<int64_t> shape;   // of the output
  std::vector<double> scales;   // output / input
  std::string mode = "nearest";                        // "nearest", "linear", "cubic"
  std::string coordinates = "half_pixel";              // "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel",
                                                       // "half_pixel_symmetric"
  std::string nearest_mode = "round_prefer_floor";     // "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"
  double cubic_coefficient = -0.75;
  bool exclude_outside = false;  // taps outside the tensor weigh nothing and the others sum to 1; else the edge is repeated
  static constexpr auto fields =
      std::tuple{field("shape", &ResizeAttributes::shape),
                 field("scales", &ResizeAttributes::scales),
                 field("mode", &ResizeAttributes::mode),
                 field("coordinates", &ResizeAttributes::coordinates),
                 field("nearest_mode", &ResizeAttributes::nearest_mode),
                 field("cubic_coefficient", &ResizeAttributes::cubic_coefficient),
                 field("exclude_outside", &ResizeAttributes::exclude_outside)};
};

}  // namespace broach
