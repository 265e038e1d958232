#pragma once
// Attributes of the operators that move elements and compute nothing.
#include "graph/attributes.h"

namespace broach {

// reshape: the new shape, one extent may be -1 (what is left). expand: the shape to broadcast with.
struct ShapeAttributes : AttributesOf<ShapeAttributes> {
  std::vector<int64_t> shape;
  static constexpr auto fields = std::tuple{field("shape", &ShapeAttributes::shape)};
};

struct TransposeAttributes : AttributesOf<TransposeAttributes> {
  std::vector<int64_t> order;  // axis i of the output is axis order[i] of the input; empty: reversed
  static constexpr auto fields = std::tuple{field("order", &TransposeAttributes::order)};
};

struct ConcatAttributes : AttributesOf<ConcatAttributes> {
  int64_t axis = 0;
  static constexpr auto fields = std::tuple{field("axis", &ConcatAttributes::axis)};
};

struct SliceAttributes : AttributesOf<SliceAttributes> {
  std::vector<int64_t> starts, ends;  // one per axis of `axes`; negative: from the end; clamped to the tensor, as in numpy
  std::vector<int64_t> axes;          // empty: the first ones
  std::vector<int64_t> steps;         // empty: ones; may be negative, not 0
  static constexpr auto fields = std::tuple{field("starts", &SliceAttributes::starts), field("ends", &SliceAttributes::ends),
                                            field("axes", &SliceAttributes::axes), field("steps", &SliceAttributes::steps)};
};

struct PadAttributes : AttributesOf<PadAttributes> {
  std::vector<int64_t> pads;      // begin of every axis, then end of every axis; negative: cut off
  std::string mode = "constant";  // "constant", "reflect" (the border is not repeated), "edge" or "wrap"
  double value = 0;               // of "constant"
  static constexpr auto fields =
      std::tuple{field("pads", &PadAttributes::pads), field("mode", &PadAttributes::mode), field("value", &PadAttributes::value)};
};

struct TileAttributes : AttributesOf<TileAttributes> {
  std::vector<int64_t> repeats;  // one per axis
  static constexpr auto fields = std::tuple{field("repeats", &TileAttributes::repeats)};
};

// depth_to_space, space_to_depth.
struct BlockAttributes : AttributesOf<BlockAttributes> {
  int64_t block = 1;
  bool column_first = false;  // depth_to_space: ONNX's CRD (channel = c * block² + position) instead of DCR (position * C + c)
  static constexpr auto fields = std::tuple{field("block", &BlockAttributes::block), field("column_first", &BlockAttributes::column_first)};
};

// start, start + delta, ...: count elements. Integers are exact up to 2^53.
struct IotaAttributes : AttributesOf<IotaAttributes> {
  DType dtype = DType::i64;
  int64_t count = 0;
  double start = 0, delta = 1;
  static constexpr auto fields = std::tuple{field("dtype", &IotaAttributes::dtype), field("count", &IotaAttributes::count),
                                            field("start", &IotaAttributes::start), field("delta", &IotaAttributes::delta)};
};

}  // namespace broach
