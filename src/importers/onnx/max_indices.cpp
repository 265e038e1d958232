#include "importers/onnx/max_indices.h"

#include <algorithm>
#include <limits>

#include "ops/gather.h"
#include "ops/movement.h"
#include "ops/op_def.h"
#include "ops/reduction.h"

namespace broach {
namespace {

constexpr int64_t most_taps = 1024, most_places = 1 << 24;  // places: numbers of the tables made here

Shape spatial_of(const Value* value) { return {value->type.shape.begin() + 2, value->type.shape.end()}; }

// All index tuples of `extents`, the last axis fastest.
std::vector<Shape> all_indices(const Shape& extents) {
  std::vector<Shape> all;
  Shape index(extents.size(), 0);
  for (int64_t i = 0; i < element_count(extents); ++i) {
    all.push_back(index);
    for (size_t k = extents.size(); k-- > 0;) {
      if (++index[k] < extents[k]) break;
      index[k] = 0;
    }
  }
  return all;
}

// The input as every window's element `tap` sees it, with a new axis 2 of extent 1.
Value* under_tap(Conversion& node, Value* padded, const PoolAttributes& pool, const Shape& output, const Shape& tap) {
  SliceAttributes slice;
  Shape shape = padded->type.shape;
  for (size_t k = 0; k < tap.size(); ++k) {
    slice.axes.push_back(int64_t(k) + 2);
    slice.starts.push_back(tap[k] * pool.dilations[k]);
    slice.ends.push_back(slice.starts.back() + (output[k] - 1) * pool.strides[k] + 1);
    slice.steps.push_back(pool.strides[k]);
    shape[k + 2] = output[k];
  }
  shape.insert(shape.begin() + 2, 1);
  return node.reshape(node.add(op_slice, {padded}, slice), shape);
}

// A list of ints, shaped to broadcast with [N, C, spatial axes].
Value* ints(Conversion& node, const std::vector<int64_t>& values, Shape shape) { return node.constant(Constant::of_ints(values, std::move(shape))); }

}  // namespace

Value* max_indices(Conversion& node, const PoolAttributes& pool, const Shape& output, bool column_major) {
  Value* x = node.input(0);
  Shape input = spatial_of(x);
  size_t rank = input.size();
  if (!is_float(x->type.dtype) || element_count(pool.kernel) > most_taps || pool.ceil_mode ||
      std::max(element_count(output), x->type.shape[0] * x->type.shape[1]) > most_places)
    throw_error("the indices of a MaxPool of {} elements over {} are not supported", element_count(pool.kernel), to_string(x->type));

  PadAttributes pad;
  pad.value = -std::numeric_limits<double>::infinity();
  pad.pads.assign(2 * (rank + 2), 0);
  for (size_t k = 0; k < rank; ++k) {
    pad.pads[k + 2] = pool.pads[k];
    pad.pads[rank + 2 + k + 2] = pool.pads[rank + k];
  }
  Value* padded = node.add(op_pad, {x}, pad);
  Shape pitches = row_major_pitches(column_major ? Shape(input.rbegin(), input.rend()) : input);
  if (column_major) pitches = Shape(pitches.rbegin(), pitches.rend());
  auto place = [&](const Shape& index, const Shape& steps) {
    int64_t at = 0;
    for (size_t k = 0; k < rank; ++k) at += index[k] * steps[k] * pitches[k];
    return at;
  };

  std::vector<Value*> taps;
  std::vector<int64_t> tap_places, window_places, image_places;
  for (const Shape& tap : all_indices(pool.kernel)) {
    taps.push_back(under_tap(node, padded, pool, output, tap));
    tap_places.push_back(place(tap, pool.dilations));
  }
  int64_t origin = place(Shape(pool.pads.begin(), pool.pads.begin() + long(rank)), Shape(rank, 1));
  for (const Shape& window : all_indices(output)) window_places.push_back(place(window, pool.strides) - origin);
  for (int64_t i = 0; i < x->type.shape[0] * x->type.shape[1]; ++i) image_places.push_back(i * element_count(input));

  ConcatAttributes along_taps;
  along_taps.axis = 2;
  ArgAttributes largest;
  largest.axis = 2;
  largest.keepdims = false;
  Value* tap = node.add(op_arg_max, {node.add(op_concat, taps, along_taps)}, largest);
  Value* offset = node.add(op_gather, {ints(node, tap_places, {int64_t(tap_places.size())}), tap}, GatherAttributes());
  Shape images(rank + 2, 1);
  images[0] = x->type.shape[0], images[1] = x->type.shape[1];
  Value* in_image = node.add(op_add, {offset, ints(node, window_places, output)});
  return node.add(op_add, {in_image, ints(node, image_places, images)});
}

}  // namespace broach
