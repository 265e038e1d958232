#pragma once
// Attributes of the elementwise operators. Those not here have none.
#include <limits>

#include "graph/attributes.h"

namespace broach {

// elu, celu, thresholded_relu.
struct AlphaAttributes : AttributesOf<AlphaAttributes> {
  double alpha = 1;
  static constexpr auto fields = std::tuple{field("alpha", &AlphaAttributes::alpha)};
};

struct LeakyReluAttributes : AttributesOf<LeakyReluAttributes> {
  double alpha = 0.01;
  static constexpr auto fields = std::tuple{field("alpha", &LeakyReluAttributes::alpha)};
};

struct SeluAttributes : AttributesOf<SeluAttributes> {
  double alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875;
  static constexpr auto fields = std::tuple{field("alpha", &SeluAttributes::alpha), field("gamma", &SeluAttributes::gamma)};
};

struct HardSigmoidAttributes : AttributesOf<HardSigmoidAttributes> {
  double alpha = 0.2, beta = 0.5;
  static constexpr auto fields = std::tuple{field("alpha", &HardSigmoidAttributes::alpha), field("beta", &HardSigmoidAttributes::beta)};
};

struct GeluAttributes : AttributesOf<GeluAttributes> {
  bool approximate = false;  // by tanh
  static constexpr auto fields = std::tuple{field("approximate", &GeluAttributes::approximate)};
};

// Bounds of integer tensors are exact up to 2^53.
struct ClipAttributes : AttributesOf<ClipAttributes> {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  static constexpr auto fields = std::tuple{field("low", &ClipAttributes::low), field("high", &ClipAttributes::high)};
};

struct CastAttributes : AttributesOf<CastAttributes> {
  DType to = DType::f32;
  static constexpr auto fields = std::tuple{field("to", &CastAttributes::to)};
};

struct ModAttributes : AttributesOf<ModAttributes> {
  bool fmod = false;  // true: the result has the sign of the dividend, else of the divisor
  static constexpr auto fields = std::tuple{field("fmod", &ModAttributes::fmod)};
};

}  // namespace broach
