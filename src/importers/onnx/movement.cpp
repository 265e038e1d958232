// Operators that move elements.
#include "ops/movement.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "importers/onnx/conversion.h"
#include "ops/gather.h"
#include "ops/inference.h"
#include "ops/op_def.h"

namespace broach {
namespace {

// Axes that became an input at opset 13.
std::vector<int64_t> read_axes(Conversion& node) {
  if (node.opset() >= 13) return node.input(1) ? node.ints(1, "axes") : std::vector<int64_t>();
  if (node.input(1)) throw_error("before opset 13 its axes are an attribute, but it has 2 inputs");
  return node.ints_attribute("axes");
}

Value* slice(Conversion& node, Value* value, int64_t axis, int64_t begin, int64_t end) {
  SliceAttributes attributes;
  attributes.axes = {axis};
  attributes.starts = {begin};
  attributes.ends = {end};
  return node.add(op_slice, {value}, attributes);
}

std::vector<int64_t> equal_parts(int64_t extent, int64_t count, bool uneven) {
  if (count < 1 || count > 100000) throw_error("a split into {} parts is not possible", count);
  if (!uneven && extent % count != 0) throw_error("an axis of extent {} cannot be split into {} equal parts", extent, count);
  int64_t part = (extent + count - 1) / count;
  std::vector<int64_t> parts(size_t(count), part);
  parts.back() = extent - part * (count - 1);
  return parts;
}

std::vector<int64_t> read_parts(Conversion& node, int64_t extent) {
  std::vector<int64_t> parts = node.opset() < 13 ? node.ints_attribute("split") : node.input(1) ? node.ints(1, "split") : std::vector<int64_t>();
  if (node.opset() < 13 && node.input(1)) throw_error("before opset 13 its parts are an attribute, but it has 2 inputs");
  int64_t stated = node.opset() < 18 ? 0 : node.int_attribute("num_outputs", 0);
  if (stated != 0 && stated != int64_t(node.output_count()))
    throw_error("attribute 'num_outputs' is {}, but it has {} outputs", stated, node.output_count());
  if (parts.empty()) return equal_parts(extent, int64_t(node.output_count()), stated != 0);
  int64_t rest = extent;
  for (int64_t part : parts) {
    if (part < 0 || part > rest) throw_error("its parts {} do not fit an axis of extent {}", to_string(parts), extent);
    rest -= part;
  }
  if (rest != 0 || parts.size() != node.output_count())
    throw_error("its parts {} do not fit an axis of extent {} and {} outputs", to_string(parts), extent, node.output_count());
  return parts;
}

// Pads of all axes from those of some.
std::vector<int64_t> spread_pads(const std::vector<int64_t>& pads, const std::vector<int64_t>& axes, size_t rank) {
  if (pads.size() != 2 * axes.size()) throw_error("its pads are {}, {} numbers were expected", to_string(pads), 2 * axes.size());
  normalize_axes(axes, rank);  // refuses axes named twice
  std::vector<int64_t> result(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    size_t axis = normalize_axis(axes[i], rank);
    result[axis] = pads[i];
    result[rank + axis] = pads[axes.size() + i];
  }
  return result;
}

std::vector<int64_t> all_axes(size_t rank) {
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

BlockAttributes read_block(Conversion& node) {
  BlockAttributes attributes;
  attributes.block = node.required<int64_t>("blocksize");
  return attributes;
}

}  // namespace

std::vector<Value*> convert_Reshape(Conversion& node) {
  std::vector<int64_t> shape = node.ints(1, "shape");
  bool allow_zero = node.opset() >= 14 && node.bool_attribute("allowzero", false);
  for (size_t i = 0; i < shape.size() && !allow_zero; ++i) {
    if (shape[i] != 0) continue;
    if (i >= node.rank(0)) throw_error("its shape {} keeps axis {}, which its input does not have", to_string(shape), i);
    shape[i] = node.shape(0)[i];
  }
  return {node.reshape(node.input(0), shape)};
}

std::vector<Value*> convert_Flatten(Conversion& node) {
  const Shape& shape = node.shape(0);
  int64_t stated = node.int_attribute("axis", 1), rank = int64_t(shape.size());
  if (stated < -rank || stated > rank) throw_error("attribute 'axis' is {}, but its input has {} axes", stated, rank);
  auto cut = shape.begin() + (stated < 0 ? stated + rank : stated);
  return {node.reshape(node.input(0), {element_count({shape.begin(), cut}), element_count({cut, shape.end()})})};
}

std::vector<Value*> convert_Squeeze(Conversion& node) {
  std::vector<int64_t> stated = read_axes(node);
  const Shape& shape = node.shape(0);
  std::vector<size_t> axes = normalize_axes(stated, shape.size());
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    bool named = std::binary_search(axes.begin(), axes.end(), i);
    if (named && shape[i] != 1) throw_error("axis {} has extent {}, only an extent of 1 can be removed", i, shape[i]);
    if (!named && (!stated.empty() || shape[i] != 1)) result.push_back(shape[i]);
  }
  return {node.reshape(node.input(0), result)};
}

std::vector<Value*> convert_Unsqueeze(Conversion& node) {
  std::vector<int64_t> stated = read_axes(node);
  const Shape& shape = node.shape(0);
  std::vector<size_t> axes = normalize_axes(stated, shape.size() + stated.size());
  Shape result = shape;
  for (size_t axis : axes) result.insert(result.begin() + long(axis), 1);  // sorted: each fits
  return {node.reshape(node.input(0), result)};
}

std::vector<Value*> convert_Transpose(Conversion& node) {
  TransposeAttributes attributes;
  attributes.order = node.ints_attribute("perm");
  return {node.add(op_transpose, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Concat(Conversion& node) {
  ConcatAttributes attributes;
  attributes.axis = node.required<int64_t>("axis");
  std::vector<Value*> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.input(i)) throw_error("its input {} is missing", i);
    inputs.push_back(node.input(i));
  }
  return {node.add(op_concat, inputs, attributes)};
}

std::vector<Value*> convert_Split(Conversion& node) {
  auto axis = int64_t(normalize_axis(node.int_attribute("axis", 0), node.rank(0)));
  std::vector<Value*> results;
  int64_t begin = 0;
  for (int64_t part : read_parts(node, node.shape(0)[size_t(axis)])) {
    results.push_back(slice(node, node.input(0), axis, begin, begin + part));
    begin += part;
  }
  return results;
}

std::vector<Value*> convert_Slice(Conversion& node) {
  SliceAttributes attributes;
  if (node.opset() < 10) {
    if (node.input_count() > 1) throw_error("before opset 10 its bounds are attributes, but it has {} inputs", node.input_count());
    attributes.starts = node.required<std::vector<int64_t>>("starts");
    attributes.ends = node.required<std::vector<int64_t>>("ends");
    attributes.axes = node.ints_attribute("axes");
  } else {
    if (!node.input(1) || !node.input(2)) throw_error("its inputs 'starts' and 'ends' are needed, but missing");
    attributes.starts = node.ints(1, "starts");
    attributes.ends = node.ints(2, "ends");
    if (node.input(3)) attributes.axes = node.ints(3, "axes");
    if (node.input(4)) attributes.steps = node.ints(4, "steps");
  }
  return {node.add(op_slice, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Pad(Conversion& node) {
  PadAttributes attributes;
  attributes.mode = node.string_attribute("mode", "constant");
  std::vector<int64_t> pads, axes = all_axes(node.rank(0));
  if (node.opset() < 11) {
    if (node.input_count() > 1) throw_error("before opset 11 its pads are an attribute, but it has {} inputs", node.input_count());
    pads = node.required<std::vector<int64_t>>("pads");
    attributes.value = node.float_attribute("value", 0);
  } else {
    if (!node.input(1)) throw_error("its input 'pads' is missing");
    pads = node.ints(1, "pads");
    if (node.input(2)) attributes.value = node.scalar(2, "value");
    if (node.input(3)) axes = node.ints(3, "axes");
  }
  attributes.pads = spread_pads(pads, axes, node.rank(0));
  return {node.add(op_pad, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Expand(Conversion& node) {
  ShapeAttributes attributes;
  attributes.shape = node.ints(1, "shape");
  return {node.add(op_expand, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Tile(Conversion& node) {
  TileAttributes attributes;
  attributes.repeats = node.ints(1, "repeats");
  return {node.add(op_tile, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_Gather(Conversion& node) {
  GatherAttributes attributes;
  attributes.axis = node.int_attribute("axis", 0);
  return {node.add(op_gather, {node.input(0), node.input(1)}, attributes)};
}

std::vector<Value*> convert_GatherElements(Conversion& node) {
  GatherAttributes attributes;
  attributes.axis = node.int_attribute("axis", 0);
  return {node.add(op_gather_elements, {node.input(0), node.input(1)}, attributes)};
}

std::vector<Value*> convert_DepthToSpace(Conversion& node) {
  BlockAttributes attributes = read_block(node);
  std::string mode = node.string_attribute("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") throw_error("attribute 'mode' is '{}', expected was DCR or CRD", mode);
  attributes.column_first = mode == "CRD";
  return {node.add(op_depth_to_space, {node.input(0)}, attributes)};
}

std::vector<Value*> convert_SpaceToDepth(Conversion& node) {
  BlockAttributes attributes = read_block(node);
  return {node.add(op_space_to_depth, {node.input(0)}, attributes)};
}

}  // namespace broach
