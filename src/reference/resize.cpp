#include "ops/resize.h"

#include <algorithm>
#include <cmath>

#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

struct Along {  // one axis
  int64_t in, out;
  double scale;
};

double position(const Along& axis, const std::string& coordinates, int64_t i) {
  auto in = double(axis.in), out = double(axis.out), x = double(i);
  if (coordinates == "asymmetric") return x / axis.scale;
  if (coordinates == "align_corners") return out == 1 ? 0 : x * (in - 1) / (out - 1);
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
  if (axis.in == axis.out && axis.scale == 1) return {{i, 1}};
  double x = position(axis, a.coordinates, i), low = std::floor(x);
  std::vector<Tap> taps;
  if (a.mode == "nearest") taps = {{nearest(x, a.nearest_mode), 1}};
  if (a.mode == "linear") taps = {{int64_t(low), 1 - (x - low)}, {int64_t(low) + 1, x - low}};
  if (a.mode == "cubic")
    for (int64_t k = -1; k <= 2; ++k) taps.push_back({int64_t(low) + k, cubic_weight(x - low - double(k), a.cubic_coefficient)});
  double total = 0;
  for (Tap& tap : taps) {
    bool outside = tap.index < 0 || tap.index >= axis.in;
    if (a.exclude_outside && outside && a.mode != "nearest") tap.weight = 0;
    tap.index = std::clamp<int64_t>(tap.index, 0, axis.in - 1);
    total += tap.weight;
  }
  if (a.exclude_outside)
    for (Tap& tap : taps) tap.weight /= total;
  return taps;
}

}  // namespace

Results resize(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<ResizeAttributes>();
  const Shape &from = in[0].type().shape, &shape = node.output()->type.shape;
  std::vector<std::vector<std::vector<Tap>>> taps(from.size());  // by axis and output index
  for (size_t k = 0; k < from.size(); ++k)
    for (int64_t i = 0; i < shape[k]; ++i) taps[k].push_back(taps_of({from[k], shape[k], a.scales[k]}, a, i));
  if (a.mode == "nearest") {
    return {rearranged(in[0], shape, [&](const Shape& index) {
      Shape source;
      for (size_t k = 0; k < index.size(); ++k) source.push_back(taps[k][size_t(index[k])][0].index);
      return offset_of(from, source);
    })};
  }
  Reals x = to_reals(in[0]), y{shape, {}};
  for_each_index(shape, [&](const Shape& index) {
    Shape counts;
    for (size_t k = 0; k < index.size(); ++k) counts.push_back(int64_t(taps[k][size_t(index[k])].size()));
    double sum = 0;
    for_each_index(counts, [&](const Shape& which) {
      double weight = 1;
      Shape source;
      for (size_t k = 0; k < index.size(); ++k) {
        const Tap& tap = taps[k][size_t(index[k])][size_t(which[k])];
        weight *= tap.weight;
        source.push_back(tap.index);
      }
      sum += weight * x[offset_of(from, source)];
    });
    y.data.push_back(sum);
  });
  return {to_constant(y)};
}

}  // namespace broach::reference_ops
