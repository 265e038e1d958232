#pragma once
#include "graph/attributes.h"

namespace broach {

// gather, gather_elements.
struct GatherAttributes : AttributesOf<GatherAttributes> {
  int64_t axis = 0;
  static constexpr auto fields = std::tuple{field("axis", &GatherAttributes::axis)};
};

}  // namespace broach
