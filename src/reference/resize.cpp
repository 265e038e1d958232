#include "ops/resize.h"

#include <algorithm>
#include <cmath>

#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

struct Along {  // one axis
  int64_t in, out;
  double scale;
  double begin, end;  // tf_crop_and_resize
};

double position(const Along& axis, const std::string& coordinates, int64_t i) {
  auto in = double(axis.in), out = double(axis.out), x = double(i);
  if (coordinates == "asymmetric") return x / axis.scale;
  if (coordinates == "align_corners") return out == 1 ? 0 : x * (in - 1) / (axis.scale * in - 1);
  if (coordinates == "tf_crop_and_resize") {
    double share = out == 1 ? 0.5 : x / (out - 1);
    return (axis.begin + share * (axis.end - axis.begin)) * (in - 1);
  }
  if (coordinates == "pytorch_half_pixel" && out == 1) return 0;
  double shift = coordinates == "half_pixel_symmetric" ? in / 2 * (1 - out / (axis.scale * in)) : 0;
  return (x + 0.5) / axis.scale - 0.5 + shift;
}

int64_t nearest(double x, const std::string& mode) {
  if (mode == "floor") return int64_t(std::floor(x));
  if (mode == "ceil") return int64_t(std::ceil(x));
  bool half = x - std::floor(x) == 0.5;
  if (half) return int64_t(mode == "round_prefer_floor" ? std::floor(x) : std::ceil(x));
  return int64_t(std::floor(x + 0.5));
}

double cubic_weight(double d, double c) {
  d = std::fabs(d);
  if (d <= 1) return (c + 2) * d * d * d - (c + 3) * d * d + 1;
  return d < 2 ? c * d * d * d - 5 * c * d * d + 8 * c * d - 4 * c : 0;
}

struct Tap {
  int64_t index;
  double weight;
};

// The elements that make element i of the output along one axis.
std::vector<Tap> taps_of(const Along& axis, const ResizeAttributes& a, int64_t i) {
  if (axis.in == axis.out && axis.scale == 1 && axis.begin == 0 && axis.end == 1) return {{i, 1}};
  double x = position(axis, a.coordinates, i), low = std::floor(x);
  std::vector<Tap> taps;
  if (a.mode == "nearest") taps = {{nearest(x, a.nearest_mode), 1}};
  if (a.mode == "linear") taps = {{int64_t(low), 1 - (x - low)}, {int64_t(low) + 1, x - low}};
  if (a.mode == "cubic")
    for (int64_t k = -1; k <= 2; ++k) taps.push_back({int64_t(low) + k, cubic_weight(x - low - double(k), a.cubic_coefficient)});
  if (a.antialias && axis.scale < 1 && a.mode != "nearest") {
    taps.clear();
    double reach = (a.mode == "linear" ? 1 : 2) / axis.scale;
    for (auto k = int64_t(std::ceil(x - reach)); double(k) <= x + reach; ++k) {
      double d = (double(k) - x) * axis.scale;
      taps.push_back({k, a.mode == "linear" ? std::max(1 - std::fabs(d), 0.0) : cubic_weight(d, a.cubic_coefficient)});
    }
  }
  double total = 0;
  for (Tap& tap : taps) {
    bool outside = tap.index < 0 || tap.index >= axis.in;
    if (a.exclude_outside && outside && a.mode != "nearest") tap.weight = 0;
    tap.index = std::clamp<int64_t>(tap.index, 0, axis.in - 1);
    total += tap.weight;
  }
  if (a.exclude_outside || a.antialias)
    for (Tap& tap : taps) tap.weight /= total;
  return taps;
}

bool is_outside(const Along& axis, const ResizeAttributes& a, int64_t i) {
  double x = position(axis, a.coordinates, i);
  return a.coordinates == "tf_crop_and_resize" && (x < 0 || x > double(axis.in - 1));
}

// All axes: the taps of every output index, and which indices sample outside.
struct Grid {
  std::vector<std::vector<std::vector<Tap>>> taps;
  std::vector<std::vector<bool>> outside;

  Grid(const Shape& from, const Shape& to, const ResizeAttributes& a) : taps(from.size()), outside(from.size()) {
    for (size_t k = 0; k < from.size(); ++k) {
      Along axis{from[k], to[k], a.scales[k], a.roi.empty() ? 0 : a.roi[k], a.roi.empty() ? 1 : a.roi[from.size() + k]};
      for (int64_t i = 0; i < to[k]; ++i) {
        taps[k].push_back(taps_of(axis, a, i));
        outside[k].push_back(is_outside(axis, a, i));
      }
    }
  }

  bool lies_outside(const Shape& index) const {
    bool any = false;
    for (size_t k = 0; k < index.size(); ++k) any = any || outside[k][size_t(index[k])];
    return any;
  }
};

}  // namespace

Results resize(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<ResizeAttributes>();
  const Shape &from = in[0].type().shape, &shape = node.output()->type.shape;
  Grid grid(from, shape, a);
  auto tap = [&](const Shape& index, const Shape& which, size_t k) { return grid.taps[k][size_t(index[k])][size_t(which[k])]; };
  if (a.mode == "nearest") {
    auto source = [&](const Shape& index) -> int64_t {
      Shape at;
      for (size_t k = 0; k < index.size(); ++k) at.push_back(tap(index, Shape(index.size(), 0), k).index);
      return grid.lies_outside(index) ? -1 : offset_of(from, at);
    };
    return {rearranged(in[0], shape, source, a.extrapolation)};
  }
  Reals x = to_reals(in[0]), y{shape, {}};
  for_each_index(shape, [&](const Shape& index) {
    if (grid.lies_outside(index)) return y.data.push_back(a.extrapolation);
    Shape counts;
    for (size_t k = 0; k < index.size(); ++k) counts.push_back(int64_t(grid.taps[k][size_t(index[k])].size()));
    double sum = 0;
    for_each_index(counts, [&](const Shape& which) {
      double weight = 1;
      Shape at;
      for (size_t k = 0; k < index.size(); ++k) {
        weight *= tap(index, which, k).weight;
        at.push_back(tap(index, which, k).index);
      }
      sum += weight * x[offset_of(from, at)];
    });
    y.data.push_back(sum);
  });
  return {to_constant(y)};
}

}  // namespace broach::reference_ops
