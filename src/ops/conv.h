#pragma once
#include "graph/attributes.h"

namespace broach {

// Strides, dilations and pads of a window that slides over the spatial axes. Empty lists mean ones, or zeros for pads.
struct ConvAttributes : AttributesOf<ConvAttributes> {
  std::vector<int64_t> strides, dilations;
  std::vector<int64_t> pads;  // begin of every spatial axis, then end of every spatial axis
  int64_t group = 1;
  Layout layout = {};  // of the output
  static constexpr auto fields =
      std::tuple{field("strides", &ConvAttributes::strides), field("dilations", &ConvAttributes::dilations), field("pads", &ConvAttributes::pads),
                 field("group", &ConvAttributes::group), field("layout", &ConvAttributes::layout)};
};

}  // namespace broach
