#pragma once
#include "graph/attributes.h"

namespace broach {

// Empty lists mean ones, or zeros for pads; kernel must be given.
struct PoolAttributes : AttributesOf<PoolAttributes> {
  std::vector<int64_t> kernel, strides, dilations;
  std::vector<int64_t> pads;  // begin of every spatial axis, then end of every spatial axis
  bool ceil_mode = false;
  bool count_include_pad = false;  // average_pool only
  Layout layout = {};              // of the output
  static constexpr auto fields =
      std::tuple{field("kernel", &PoolAttributes::kernel),       field("strides", &PoolAttributes::strides),
                 field("dilations", &PoolAttributes::dilations), field("pads", &PoolAttributes::pads),
                 field("ceil_mode", &PoolAttributes::ceil_mode), field("count_include_pad", &PoolAttributes::count_include_pad),
                 field("layout", &PoolAttributes::layout)};
};

}  // namespace broach
