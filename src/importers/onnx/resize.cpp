#include "ops/resize.h"

#include <algorithm>
#include <cmath>

#include "importers/onnx/conversion.h"
#include "ops/inference.h"
#include "ops/op_def.h"

namespace broach {
namespace {

constexpr double most_extent = double(int64_t(1) << 40);

// Extents of the output by ONNX's rule, floor(extent * scale).
Shape scaled_shape(const Shape& shape, const std::vector<double>& scales) {
  if (scales.size() != shape.size()) throw_error("it has {} scales for {} axes", scales.size(), shape.size());
  Shape result;
  for (size_t i = 0; i < shape.size(); ++i) {
    double extent = std::floor(double(shape[i]) * scales[i]);
    if (!(scales[i] > 0) || !(extent <= most_extent)) throw_error("its scales are [{}]", fmt::join(scales, ", "));
    result.push_back(int64_t(extent));
  }
  return result;
}

// Upsample, and Resize of opset 10: the corner of the grid stays, and the pixel is the one at or before the place.
std::vector<Value*> old_form(Conversion& node, const std::vector<double>& scales) {
  ResizeAttributes attributes;
  attributes.mode = node.string_attribute("mode", "nearest");
  attributes.coordinates = "asymmetric";
  attributes.nearest_mode = "floor";
  attributes.scales = scales;
  attributes.shape = scaled_shape(node.shape(0), scales);
  return {node.add(op_resize, {node.input(0)}, attributes)};
}

std::vector<size_t> read_axes(Conversion& node) {
  std::vector<int64_t> stated = node.opset() < 18 ? std::vector<int64_t>() : node.ints_attribute("axes");
  std::vector<size_t> axes;
  normalize_axes(stated, node.rank(0));  // refuses axes named twice
  for (int64_t axis : stated) axes.push_back(normalize_axis(axis, node.rank(0)));
  for (size_t i = 0; stated.empty() && i < node.rank(0); ++i) axes.push_back(i);
  return axes;
}

void use_scales(Conversion& node, const std::vector<size_t>& axes, ResizeAttributes& attributes) {
  std::vector<double> scales = node.floats(2, "scales");
  if (scales.size() != axes.size()) throw_error("it has {} scales for {} axes", scales.size(), axes.size());
  for (size_t i = 0; i < axes.size(); ++i) attributes.scales[axes[i]] = scales[i];
  attributes.shape = scaled_shape(node.shape(0), attributes.scales);
}

// Which part of the input is sampled; axes that are not named are sampled whole.
void use_roi(Conversion& node, const std::vector<size_t>& axes, ResizeAttributes& attributes) {
  if (!node.input(1)) throw_error("its input 'roi' is missing, which tf_crop_and_resize needs");
  std::vector<double> roi = node.floats(1, "roi");
  if (roi.size() != 2 * axes.size()) throw_error("it has a roi of {} numbers for {} axes", roi.size(), axes.size());
  attributes.roi.assign(node.rank(0), 0);
  attributes.roi.resize(2 * node.rank(0), 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    attributes.roi[axes[i]] = roi[i];
    attributes.roi[node.rank(0) + axes[i]] = roi[axes.size() + i];
  }
  attributes.extrapolation = node.float_attribute("extrapolation_value", 0);
}

// With a part of the input, the extents are of that part scaled: floor(in * (end - begin) * scale).
Shape scaled_part(Conversion& node, const ResizeAttributes& attributes) {
  std::vector<double> scales = attributes.scales;
  for (size_t i = 0; i < scales.size(); ++i) scales[i] *= attributes.roi[scales.size() + i] - attributes.roi[i];
  return scaled_shape(node.shape(0), scales);
}

void use_sizes(Conversion& node, const std::vector<size_t>& axes, ResizeAttributes& attributes) {
  std::vector<int64_t> sizes = node.ints(3, "sizes");
  std::string policy = node.opset() < 18 ? "stretch" : node.string_attribute("keep_aspect_ratio_policy", "stretch");
  if (sizes.size() != axes.size()) throw_error("it has {} sizes for {} axes", sizes.size(), axes.size());
  std::vector<double> scales;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t extent = node.shape(0)[axes[i]];
    if (sizes[i] < 1 || extent < 1) throw_error("its sizes are {}, its input has shape {}", to_string(sizes), to_string(node.shape(0)));
    scales.push_back(double(sizes[i]) / double(extent));
  }
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    throw_error("attribute 'keep_aspect_ratio_policy' is '{}', which is not known", policy);
  if (policy != "stretch" && !scales.empty()) {
    auto [least, most] = std::minmax_element(scales.begin(), scales.end());
    std::fill(scales.begin(), scales.end(), policy == "not_larger" ? *least : *most);
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    attributes.scales[axes[i]] = scales[i];
    double extent = std::floor(double(node.shape(0)[axes[i]]) * scales[i] + 0.5);
    if (extent > most_extent) throw_error("its sizes are {}", to_string(sizes));
    attributes.shape[axes[i]] = policy == "stretch" ? sizes[i] : int64_t(extent);
  }
}

}  // namespace

std::vector<Value*> convert_Upsample(Conversion& node) {
  if (node.opset() >= 9 && !node.input(1)) throw_error("its input 'scales' is missing");
  return old_form(node, node.opset() < 9 ? node.required<std::vector<double>>("scales") : node.floats(1, "scales"));
}

std::vector<Value*> convert_Resize(Conversion& node) {
  if (node.opset() < 11) {
    if (node.input_count() != 2) throw_error("before opset 11 it has 2 inputs, but here {}", node.input_count());
    return old_form(node, node.floats(1, "scales"));
  }
  node.ignore({"extrapolation_value"});
  ResizeAttributes attributes;
  attributes.mode = node.string_attribute("mode", "nearest");
  attributes.coordinates = node.string_attribute("coordinate_transformation_mode", "half_pixel");
  attributes.nearest_mode = node.string_attribute("nearest_mode", "round_prefer_floor");
  attributes.cubic_coefficient = node.float_attribute("cubic_coeff_a", -0.75);
  attributes.exclude_outside = node.bool_attribute("exclude_outside", false);
  attributes.antialias = node.opset() >= 18 && node.bool_attribute("antialias", false);
  attributes.scales.assign(node.rank(0), 1);
  attributes.shape = node.shape(0);

  std::vector<size_t> axes = read_axes(node);
  bool scales = node.input(2) && element_count(node.shape(2)) != 0, sizes = node.input(3) && element_count(node.shape(3)) != 0;
  if (scales == sizes) throw_error("it needs either scales or sizes, but has {}", scales ? "both" : "neither");
  bool part = attributes.coordinates == "tf_crop_and_resize";
  if (part) use_roi(node, axes, attributes);
  if (scales)
    use_scales(node, axes, attributes);
  else
    use_sizes(node, axes, attributes);
  if (part && scales) attributes.shape = scaled_part(node, attributes);
  if (!sizes) node.ignore({"keep_aspect_ratio_policy"});
  return {node.add(op_resize, {node.input(0)}, attributes)};
}

}  // namespace broach
