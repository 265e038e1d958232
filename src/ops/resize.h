#pragma once
#include "graph/attributes.h"

namespace broach {

// The words are ONNX's (Resize). `shape` and `scales` are both given, one entry per axis: the scale need not be the quotient of extents.
struct ResizeAttributes : AttributesOf<ResizeAttributes> {
  std::vector<int64_t> shape;   // of the output
  std::vector<double> scales;   // output / input
  std::string mode = "nearest";                        // "nearest", "linear", "cubic"
  std::string coordinates = "half_pixel";              // "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel",
                                                       // "half_pixel_symmetric", "tf_crop_and_resize"
  std::string nearest_mode = "round_prefer_floor";     // "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"
  double cubic_coefficient = -0.75;
  bool exclude_outside = false;  // taps outside the tensor weigh nothing and the others sum to 1; else the edge is repeated
  bool antialias = false;        // linear and cubic of a smaller output: the filter is as wide as an output element
  std::vector<double> roi;       // of tf_crop_and_resize: where the output begins on each axis, then where it ends, as parts of in - 1
  double extrapolation = 0;      // of tf_crop_and_resize: the value of what lies outside the input
  static constexpr auto fields = std::tuple{field("shape", &ResizeAttributes::shape),
                                            field("scales", &ResizeAttributes::scales),
                                            field("mode", &ResizeAttributes::mode),
                                            field("coordinates", &ResizeAttributes::coordinates),
                                            field("nearest_mode", &ResizeAttributes::nearest_mode),
                                            field("cubic_coefficient", &ResizeAttributes::cubic_coefficient),
                                            field("exclude_outside", &ResizeAttributes::exclude_outside),
                                            field("antialias", &ResizeAttributes::antialias),
                                            field("roi", &ResizeAttributes::roi),
                                            field("extrapolation", &ResizeAttributes::extrapolation)};
};

}  // namespace broach
