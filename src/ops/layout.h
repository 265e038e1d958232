#pragma once
#include "graph/attributes.h"

namespace broach {

struct ToLayoutAttributes : AttributesOf<ToLayoutAttributes> {
  Layout layout = {};
  static constexpr auto fields = std::tuple{field("layout", &ToLayoutAttributes::layout)};
};

}  // namespace broach
