#include "ops/window.h"

namespace broach {
namespace {

std::vector<int64_t> positive_or_ones(const std::vector<int64_t>& values, size_t rank, const char* what) {
  if (values.empty()) return std::vector<int64_t>(rank, 1);
  if (values.size() != rank) throw_error("{} has {} entries, expected {}, one per spatial axis", what, values.size(), rank);
  for (int64_t v : values)
    if (v < 1 || v > int64_t(1) << 31) throw_error("{} has the entry {}, expected at least 1", what, v);
  return values;
}

int64_t reach(const Window& w, size_t axis) { return (w.kernel[axis] - 1) * w.dilations[axis] + 1; }

}  // namespace

Window make_window(const Shape& x, std::vector<int64_t> kernel, const std::vector<int64_t>& strides, const std::vector<int64_t>& dilations,
                   const std::vector<int64_t>& pads) {
  Window w;
  w.input.assign(x.begin() + 2, x.end());
  size_t rank = w.input.size();
  if (kernel.size() != rank) throw_error("the kernel has {} axes, expected {} as the input has", kernel.size(), rank);
  w.kernel = positive_or_ones(kernel, rank, "kernel");
  w.strides = positive_or_ones(strides, rank, "strides");
  w.dilations = positive_or_ones(dilations, rank, "dilations");
  if (!pads.empty() && pads.size() != 2 * rank)
    throw_error("pads has {} entries, expected {}: begin of every spatial axis, then end of every spatial axis", pads.size(), 2 * rank);
  for (size_t i = 0; i < rank; ++i) {
    w.begins.push_back(pads.empty() ? 0 : pads[i]);
    w.ends.push_back(pads.empty() ? 0 : pads[rank + i]);
    if (std::max(std::abs(w.begins[i]), std::abs(w.ends[i])) > int64_t(1) << 31)
      throw_error("pads has the entries {} and {} for one axis, larger than any tensor", w.begins[i], w.ends[i]);
  }
  return w;
}

Expr Window::position(size_t axis, const Expr& out, const Expr& tap) const {
  Expr e = strides[axis] == 1 ? out : out * Expr(strides[axis]);
  if (kernel[axis] > 1) e = e + (dilations[axis] == 1 ? tap : tap * Expr(dilations[axis]));
  return begins[axis] == 0 ? e : e - Expr(begins[axis]);
}

Shape Window::output(bool ceil) const {
  Shape result;
  for (size_t i = 0; i < rank(); ++i) {
    int64_t room = input[i] + begins[i] + ends[i] - reach(*this, i);
    if (room < 0)
      throw_error("the window covers {} elements of spatial axis {}, the padded input has only {}", reach(*this, i), i, room + reach(*this, i));
    int64_t extent = (room + (ceil ? strides[i] - 1 : 0)) / strides[i] + 1;
    if (ceil && (extent - 1) * strides[i] >= input[i] + begins[i]) --extent;
    result.push_back(extent);
  }
  return result;
}

bool Window::leaves_input(const Shape& output) const {
  for (size_t i = 0; i < rank(); ++i)
    if (begins[i] > 0 || (output[i] - 1) * strides[i] - begins[i] + reach(*this, i) > input[i]) return true;
  return false;
}

}  // namespace broach
