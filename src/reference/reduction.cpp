#include "ops/reduction.h"

#include <algorithm>
#include <cmath>

#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

std::vector<bool> reduced_axes(const ReduceAttributes& a, size_t rank) {
  std::vector<bool> reduced(rank, a.axes.empty());
  for (int64_t axis : a.axes) reduced[from_end(axis, rank)] = true;
  return reduced;
}

// For every result the elements that it is made of, in the order of the input.
template <class T>
std::vector<std::vector<T>> groups(const Array<T>& x, const std::vector<bool>& reduced) {
  Shape kept = x.shape;
  for (size_t i = 0; i < kept.size(); ++i)
    if (reduced[i]) kept[i] = 1;
  std::vector<std::vector<T>> result(size_t(element_count(kept)));
  int64_t i = 0;
  for_each_index(x.shape, [&](const Shape& index) { result[size_t(broadcast_offset(kept, index))].push_back(x[i++]); });
  return result;
}

// combine(all elements of a group), which are doubles or int64.
template <class F>
Results reduced(const Node& node, const Inputs& in, F combine) {
  auto run = [&]<class T>(const Array<T>& x) {
    Array<T> y{node.output()->type.shape, {}};
    for (const std::vector<T>& group : groups(x, reduced_axes(node.attrs<ReduceAttributes>(), x.shape.size()))) y.data.push_back(T(combine(group)));
    return y;
  };
  DType dtype = in[0].type().dtype;
  if (is_float(dtype)) return {to_constant(run(to_reals(in[0])))};
  return {to_constant(run(to_ints(in[0])), dtype)};
}

// The least and the greatest value; as doubles, which hold those of all types but the 64-bit ones.
std::pair<double, double> range_of(DType dtype) {
  if (is_float(dtype)) return {-INFINITY, INFINITY};
  int bits = is_signed_int(dtype) ? info(dtype).bits - 1 : info(dtype).bits;
  return {is_signed_int(dtype) ? -std::ldexp(1, bits) : 0, bits < 53 ? std::ldexp(1, bits) - 1 : std::nextafter(std::ldexp(1, bits), 0)};
}

template <class T>
T sum_of(const std::vector<T>& group) {
  T sum = 0;
  for (T v : group) sum += v;
  return sum;
}

}  // namespace

Results reduce_sum(const Node& node, const Inputs& in) {
  return reduced(node, in, [](const auto& group) { return sum_of(group); });
}
Results reduce_mean(const Node& node, const Inputs& in) {
  return reduced(node, in, []<class T>(const std::vector<T>& group) { return sum_of(group) / T(group.size()); });
}
// Of no elements: the value of the type that any other would replace.
Results reduce_max(const Node& node, const Inputs& in) {
  return reduced(node, in, [&]<class T>(const std::vector<T>& group) {
    return group.empty() ? T(range_of(in[0].type().dtype).first) : *std::max_element(group.begin(), group.end());
  });
}
Results reduce_min(const Node& node, const Inputs& in) {
  return reduced(node, in, [&]<class T>(const std::vector<T>& group) {
    return group.empty() ? T(range_of(in[0].type().dtype).second) : *std::min_element(group.begin(), group.end());
  });
}
Results reduce_prod(const Node& node, const Inputs& in) {
  return reduced(node, in, []<class T>(const std::vector<T>& group) {
    T product = 1;
    for (T v : group) product *= v;
    return product;
  });
}

namespace {

// The position of the element that comes before all others, the first or last of equal ones; NaN comes first of all.
template <class T, class F>
int64_t position_of_best(const std::vector<T>& group, bool last, F before) {
  size_t best = 0;
  for (size_t i = 1; i < group.size(); ++i) {
    bool nan = group[i] != group[i], best_nan = group[best] != group[best];
    bool better = nan ? !best_nan : !best_nan && before(group[i], group[best]);
    bool same = nan ? best_nan : group[i] == group[best];
    if (better || (same && last)) best = i;
  }
  return int64_t(best);
}

template <class F>
Results best_along_axis(const Node& node, const Inputs& in, F before) {
  const auto& a = node.attrs<ArgAttributes>();
  auto run = [&]<class T>(const Array<T>& x) {
    std::vector<bool> axes(x.shape.size(), false);
    axes[from_end(a.axis, x.shape.size())] = true;
    Ints y{node.output()->type.shape, {}};
    for (const std::vector<T>& group : groups(x, axes)) y.data.push_back(position_of_best(group, a.select_last_index, before));
    return to_constant(y, DType::i64);
  };
  return {is_float(in[0].type().dtype) ? run(to_reals(in[0])) : run(to_ints(in[0]))};
}

}  // namespace

Results arg_max(const Node& node, const Inputs& in) {
  return best_along_axis(node, in, [](auto x, auto y) { return x > y; });
}
Results arg_min(const Node& node, const Inputs& in) {
  return best_along_axis(node, in, [](auto x, auto y) { return x < y; });
}

}  // namespace broach::reference_ops
