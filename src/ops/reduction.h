#pragma once
#include "graph/attributes.h"

namespace broach {

struct ReduceAttributes : AttributesOf<ReduceAttributes> {
  std::vector<int64_t> axes;  // empty: all
  bool keepdims = true;       // reduced axes stay with extent 1
  static constexpr auto fields = std::tuple{field("axes", &ReduceAttributes::axes), field("keepdims", &ReduceAttributes::keepdims)};
};

// arg_max, arg_min.
struct ArgAttributes : AttributesOf<ArgAttributes> {
  int64_t axis = 0;
  bool keepdims = true;
  bool select_last_index = false;  // of equal elements
  static constexpr auto fields = std::tuple{field("axis", &ArgAttributes::axis), field("keepdims", &ArgAttributes::keepdims),
                                            field("select_last_index", &ArgAttributes::select_last_index)};
};

}  // namespace broach
