#include "importers/onnx/windows.h"

#include <algorithm>

namespace broach {
namespace {

// Sizes beyond this are no window of a real model; below it, no sum of products here overflows.
constexpr int64_t most_extent = int64_t(1) << 28;

std::vector<int64_t> read_list(Conversion& node, const char* name, size_t count, int64_t otherwise, int64_t least) {
  std::vector<int64_t> values = node.ints_attribute(name);
  if (values.empty()) values.assign(count, otherwise);
  if (values.size() != count) throw_error("attribute '{}' is {}, {} numbers were expected", name, to_string(values), count);
  for (int64_t value : values)
    if (value < least || value > most_extent)
      throw_error("attribute '{}' is {}, numbers from {} to {} were expected", name, to_string(values), least, most_extent);
  return values;
}

// SAME: as many outputs as strides fit into the input, with the odd pixel at the end (UPPER) or the begin (LOWER).
std::vector<int64_t> same_pads(const WindowAttributes& window, const Shape& kernel, const Shape& input, bool upper) {
  size_t rank = kernel.size();
  std::vector<int64_t> pads(2 * rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t outputs = (input[i] + window.strides[i] - 1) / window.strides[i];
    int64_t covered = (outputs - 1) * window.strides[i] + (kernel[i] - 1) * window.dilations[i] + 1;
    int64_t total = std::max<int64_t>(covered - input[i], 0);
    pads[i] = upper ? total / 2 : total - total / 2;
    pads[rank + i] = total - pads[i];
  }
  return pads;
}

}  // namespace

Shape spatial(const Shape& shape) {
  if (shape.size() < 3) throw_error("its input has shape {}, [N, C, spatial axes] was expected", to_string(shape));
  return Shape(shape.begin() + 2, shape.end());
}

WindowAttributes read_window(Conversion& node, const Shape& kernel, const Shape& input) {
  size_t rank = input.size();
  if (kernel.size() != rank) throw_error("its window has shape {}, but its input has {} spatial axes", to_string(kernel), rank);
  for (int64_t extent : kernel)
    if (extent < 1 || extent > most_extent) throw_error("its window has shape {}", to_string(kernel));
  WindowAttributes window;
  window.strides = read_list(node, "strides", rank, 1, 1);
  window.dilations = read_list(node, "dilations", rank, 1, 1);
  bool explicit_pads = node.has("pads");
  window.pads = read_list(node, "pads", 2 * rank, 0, 0);
  std::string mode = node.string_attribute("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty()) return window;
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER" && mode != "VALID")
    throw_error("attribute 'auto_pad' is '{}', expected was NOTSET, SAME_UPPER, SAME_LOWER or VALID", mode);
  std::vector<int64_t> pads(2 * rank, 0);
  if (mode != "VALID") pads = same_pads(window, kernel, input, mode == "SAME_UPPER");
  bool zeros = std::all_of(window.pads.begin(), window.pads.end(), [](int64_t pad) { return pad == 0; });
  if (explicit_pads && !zeros && window.pads != pads)
    throw_error("attribute 'pads' is {}, but 'auto_pad' {} gives {}", to_string(window.pads), mode, to_string(pads));
  window.pads = pads;
  return window;
}

}  // namespace broach
