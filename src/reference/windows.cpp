// Convolution and pooling: windows that slide over the spatial axes.
#include <cmath>

#include "ops/conv.h"
#include "ops/pool.h"
#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

struct Slide {
  std::vector<int64_t> strides, dilations, begins, ends;
};

template <class Attributes>
Slide slide_of(const Attributes& a, size_t rank) {
  std::vector<int64_t> pads = or_filled(a.pads, 2 * rank, 0);
  return {or_filled(a.strides, rank, 1),
          or_filled(a.dilations, rank, 1),
          {pads.begin(), pads.begin() + int64_t(rank)},
          {pads.begin() + int64_t(rank), pads.end()}};
}

Shape spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

int64_t position(const Slide& s, size_t axis, int64_t out, int64_t tap) { return out * s.strides[axis] + tap * s.dilations[axis] - s.begins[axis]; }

// Adds to every element of the plane `y` the element of the plane `x` under one tap, times `weight`.
void add_tap(double* y, const Shape& y_shape, const double* x, const Shape& x_shape, const Slide& s, const Shape& tap, double weight) {
  size_t last = y_shape.size() - 1;
  int64_t width = y_shape[last];
  Shape rows(y_shape.begin(), y_shape.end() - 1);
  int64_t row = 0, begin = 0, end = width;  // of the elements of a row whose tap is inside
  while (begin < width && position(s, last, begin, tap[last]) < 0) ++begin;
  while (end > begin && position(s, last, end - 1, tap[last]) >= x_shape[last]) --end;
  for_each_index(rows, [&](const Shape& index) {
    double* to = y + row++ * width;
    int64_t offset = 0;
    for (size_t k = 0; k < last; ++k) {
      int64_t p = position(s, k, index[k], tap[k]);
      if (p < 0 || p >= x_shape[k]) return;
      offset = offset * x_shape[k] + p;
    }
    const double* from = x + offset * x_shape[last] + position(s, last, 0, tap[last]);
    for (int64_t i = begin; i < end; ++i) to[i] += weight * from[i * s.strides[last]];
  });
}

}  // namespace

Results conv(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<ConvAttributes>();
  Reals x = to_reals(in[0]), w = to_reals(in[1]), y = zeros(node.output()->type.shape);
  Shape x_plane = spatial(x.shape), y_plane = spatial(y.shape), kernel = spatial(w.shape);
  int64_t x_size = element_count(x_plane), y_size = element_count(y_plane), taps = element_count(kernel);
  int64_t outputs = w.shape[0], inputs = w.shape[1], per_group = outputs / a.group;
  Slide s = slide_of(a, kernel.size());
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t m = 0; m < outputs; ++m) {
      double* to = &y.data[0] + (n * outputs + m) * y_size;
      if (in.size() > 2 && in[2]) std::fill(to, to + y_size, in[2].float_at(m));
      for (int64_t c = 0; c < inputs; ++c) {
        const double* from = &x.data[0] + (n * x.shape[1] + m / per_group * inputs + c) * x_size;
        const double* weight = &w.data[0] + (m * inputs + c) * taps;
        for_each_index(kernel, [&](const Shape& tap) { add_tap(to, y_plane, from, x_plane, s, tap, *weight++); });
      }
    }
  return {to_constant(y)};
}

namespace {

// What lies under one window: calls inside(offset in the plane) for each tap on an element, padding() for each on padding.
void visit_window(const Shape& x_plane, const Shape& kernel, const Slide& s, const Shape& out, const std::function<void(int64_t)>& inside,
                  const std::function<void()>& padding) {
  for_each_index(kernel, [&](const Shape& tap) {
    Shape p;
    bool is_inside = true, is_padding = true;
    for (size_t k = 0; k < kernel.size(); ++k) {
      p.push_back(position(s, k, out[k], tap[k]));
      is_inside &= p[k] >= 0 && p[k] < x_plane[k];
      is_padding &= p[k] >= -s.begins[k] && p[k] < x_plane[k] + s.ends[k];
    }
    if (is_inside)
      inside(offset_of(x_plane, p));
    else if (is_padding)
      padding();
  });
}

// f(first element of the input's plane, place of the window, result).
template <class T>
Array<T> pool(const Node& node, const Array<T>& x, const std::function<T(int64_t plane, const Shape& out)>& f) {
  Array<T> y{node.output()->type.shape, {}};
  int64_t size = element_count(spatial(x.shape));
  for_each_index(y.shape, [&](const Shape& index) { y.data.push_back(f((index[0] * x.shape[1] + index[1]) * size, spatial(index))); });
  return y;
}

template <class T>
Array<T> largest(const Node& node, const Array<T>& x) {
  const auto& a = node.attrs<PoolAttributes>();
  Slide s = slide_of(a, a.kernel.size());
  return pool<T>(node, x, [&](int64_t plane, const Shape& out) {
    std::optional<T> best;
    visit_window(spatial(x.shape), a.kernel, s, out, [&](int64_t i) { best = best ? std::max(*best, x[plane + i]) : x[plane + i]; }, [] {});
    return best.value();
  });
}

}  // namespace

Results max_pool(const Node& node, const Inputs& in) {
  DType dtype = in[0].type().dtype;
  if (is_float(dtype)) return {to_constant(largest(node, to_reals(in[0])))};
  return {to_constant(largest(node, to_ints(in[0])), dtype)};
}

Results average_pool(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<PoolAttributes>();
  Reals x = to_reals(in[0]);
  Slide s = slide_of(a, a.kernel.size());
  Reals y = pool<double>(node, x, [&](int64_t plane, const Shape& out) {
    double sum = 0, count = 0;
    auto add = [&](int64_t i) {
      sum += x[plane + i];
      ++count;
    };
    visit_window(spatial(x.shape), a.kernel, s, out, add, [&] { count += a.count_include_pad; });
    return sum / count;
  });
  return {to_constant(y)};
}

}  // namespace broach::reference_ops
