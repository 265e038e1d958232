#pragma once
#include "graph/attributes.h"

namespace broach {

// softmax, log_softmax.
struct SoftmaxAttributes : AttributesOf<SoftmaxAttributes> {
  int64_t axis = -1;
  static constexpr auto fields = std::tuple{field("axis", &SoftmaxAttributes::axis)};
};

}  // namespace broach
