#pragma once
#include "graph/attributes.h"

namespace broach {

// batch_norm, instance_norm.
struct NormAttributes : AttributesOf<NormAttributes> {
  double epsilon = 1e-5;
  static constexpr auto fields = std::tuple{field("epsilon", &NormAttributes::epsilon)};
};

struct LayerNormAttributes : AttributesOf<LayerNormAttributes> {
  int64_t axis = -1;  // the first of the axes that are normalised
  double epsilon = 1e-5;
  static constexpr auto fields = std::tuple{field("axis", &LayerNormAttributes::axis), field("epsilon", &LayerNormAttributes::epsilon)};
};

struct LrnAttributes : AttributesOf<LrnAttributes> {
  int64_t size = 1;  // channels
  double alpha = 0.0001, beta = 0.75, bias = 1;
  static constexpr auto fields = std::tuple{field("size", &LrnAttributes::size), field("alpha", &LrnAttributes::alpha),
                                            field("beta", &LrnAttributes::beta), field("bias", &LrnAttributes::bias)};
};

}  // namespace broach
