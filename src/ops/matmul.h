#pragma once
#include "graph/attributes.h"

namespace broach {

struct MatmulAttributes : AttributesOf<MatmulAttributes> {
  bool trans_a = false, trans_b = false;  // the last two axes are exchanged
  static constexpr auto fields = std::tuple{field("trans_a", &MatmulAttributes::trans_a), field("trans_b", &MatmulAttributes::trans_b)};
};

}  // namespace broach
