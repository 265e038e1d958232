// Normalisations and softmax.
#include "ops/normalization.h"

#include <cmath>

#include "ops/softmax.h"
#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

// Axes before, in and after a run of axes, each as one extent: [outer, inner, after].
struct Cut {
  int64_t outer = 1, inner = 1, after = 1;
};
Cut cut(const Shape& shape, size_t first, size_t last) {
  Cut c;
  for (size_t i = 0; i < shape.size(); ++i) (i < first ? c.outer : i < last ? c.inner : c.after) *= shape[i];
  return c;
}

// x shifted and scaled to mean 0 and variance 1 in every run of `count` elements.
Reals standardized(Reals x, int64_t count, double epsilon) {
  for (int64_t begin = 0; begin < x.count(); begin += count) {
    double mean = 0, variance = 0;
    for (int64_t i = begin; i < begin + count; ++i) mean += x[i] / double(count);
    for (int64_t i = begin; i < begin + count; ++i) variance += (x[i] - mean) * (x[i] - mean) / double(count);
    for (int64_t i = begin; i < begin + count; ++i) x[i] = (x[i] - mean) / std::sqrt(variance + epsilon);
  }
  return x;
}

template <class F>  // f(element, its channel)
void each_with_channel(Reals& x, F f) {
  Cut c = cut(x.shape, 1, 2);
  for (int64_t i = 0; i < x.count(); ++i) f(x[i], i / c.after % c.inner);
}

}  // namespace

Results batch_norm(const Node& node, const Inputs& in) {
  double epsilon = node.attrs<NormAttributes>().epsilon;
  Reals y = to_reals(in[0]);
  each_with_channel(
      y, [&](double& v, int64_t c) { v = (v - in[3].float_at(c)) / std::sqrt(in[4].float_at(c) + epsilon) * in[1].float_at(c) + in[2].float_at(c); });
  return {to_constant(y)};
}

Results instance_norm(const Node& node, const Inputs& in) {
  Reals x = to_reals(in[0]);
  Reals y = standardized(x, cut(x.shape, 0, 2).after, node.attrs<NormAttributes>().epsilon);
  each_with_channel(y, [&](double& v, int64_t c) { v = v * in[1].float_at(c) + in[2].float_at(c); });
  return {to_constant(y)};
}

Results layer_norm(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<LayerNormAttributes>();
  Reals x = to_reals(in[0]);
  size_t axis = from_end(a.axis, x.shape.size());
  Reals y = standardized(x, cut(x.shape, axis, x.shape.size()).inner, a.epsilon);
  int64_t i = 0;
  for_each_index(y.shape, [&](const Shape& index) {
    double scale = in[1].float_at(broadcast_offset(in[1].type().shape, index));
    double bias = in.size() > 2 && in[2] ? in[2].float_at(broadcast_offset(in[2].type().shape, index)) : 0;
    y[i] = y[i] * scale + bias;
    ++i;
  });
  return {to_constant(y)};
}

Results lrn(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<LrnAttributes>();
  Reals x = to_reals(in[0]), y = x;
  int64_t channels = x.shape[1], after = cut(x.shape, 0, 2).after, before = (a.size - 1) / 2;
  for (int64_t i = 0; i < x.count(); ++i) {
    int64_t c = i / after % channels;
    double squares = 0;
    for (int64_t k = c - before; k < c - before + a.size; ++k)
      if (k >= 0 && k < channels) squares += std::pow(x[i + (k - c) * after], 2);
    y[i] = x[i] / std::pow(a.bias + a.alpha / double(a.size) * squares, a.beta);
  }
  return {to_constant(y)};
}

namespace {

// Every element becomes f(element - largest of its row, sum of exp(that) over the row), rows being along the axis.
template <class F>
Results along_axis(const Node& node, const Inputs& in, F f) {
  Reals x = to_reals(in[0]), y = x;
  size_t axis = from_end(node.attrs<SoftmaxAttributes>().axis, x.shape.size());
  Cut c = cut(x.shape, axis, axis + 1);
  for (int64_t row = 0; row < c.outer * c.after; ++row) {
    int64_t first = row / c.after * c.inner * c.after + row % c.after;
    double largest = -INFINITY, sum = 0;
    for (int64_t k = 0; k < c.inner; ++k) largest = std::fmax(largest, x[first + k * c.after]);
    for (int64_t k = 0; k < c.inner; ++k) sum += std::exp(x[first + k * c.after] - largest);
    for (int64_t k = 0; k < c.inner; ++k) y[first + k * c.after] = f(x[first + k * c.after] - largest, sum);
  }
  return {to_constant(y)};
}

}  // namespace

Results softmax(const Node& node, const Inputs& in) {
  return along_axis(node, in, [](double shifted, double sum) { return std::exp(shifted) / sum; });
}
Results log_softmax(const Node& node, const Inputs& in) {
  return along_axis(node, in, [](double shifted, double sum) { return shifted - std::log(sum); });
}

}  // namespace broach::reference_ops
