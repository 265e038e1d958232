// Operators that move elements: each says for an element of the result which one of the input it is.
#include "ops/movement.h"

#include <algorithm>
#include <cmath>

#include "ops/gather.h"
#include "reference/operators.h"

namespace broach::reference_ops {
namespace {

const Shape& output_shape(const Node& node) { return node.output()->type.shape; }

// source(index) is the index of the input's element.
Results moved(const Node& node, const Constant& x, const std::function<Shape(const Shape& index)>& source) {
  return {rearranged(x, output_shape(node), [&](const Shape& index) { return offset_of(x.type().shape, source(index)); })};
}

Results unchanged(const Node& node, const Constant& x) {
  int64_t i = 0;
  return {rearranged(x, output_shape(node), [&](const Shape&) { return i++; })};
}

}  // namespace

Results reshape(const Node& node, const Inputs& in) { return unchanged(node, in[0]); }
Results to_layout(const Node& node, const Inputs& in) { return unchanged(node, in[0]); }

Results gather_channels(const Node& node, const Inputs& in) {
  return moved(node, in[0], [&](const Shape& index) {
    Shape source = index;
    source[1] = in[1].int_at(index[1]);
    return source;
  });
}

// The lanes between the parts are zero here.
Results join_channels(const Node& node, const Inputs& in) {
  const Shape& shape = output_shape(node);
  int64_t block = std::max<int64_t>(1, node.inputs[0]->type.layout.block), inner = 1;
  for (size_t i = 2; i < shape.size(); ++i) inner *= shape[i];
  Reals result{shape, std::vector<double>(size_t(shape[0] * shape[1] * inner))};
  int64_t first = 0;
  for (const Constant& x : in) {
    int64_t channels = x.type().shape[1];
    for (int64_t n = 0; n < shape[0]; ++n)
      for (int64_t i = 0; i < channels * inner; ++i) result.data[size_t((n * shape[1] + first) * inner + i)] = x.float_at(n * channels * inner + i);
    first += (channels + block - 1) / block * block;
  }
  return {to_constant(result)};
}

Results transpose(const Node& node, const Inputs& in) {
  std::vector<int64_t> order = node.attrs<TransposeAttributes>().order;
  size_t rank = in[0].type().shape.size();
  if (order.empty())
    for (size_t i = 0; i < rank; ++i) order.push_back(int64_t(rank - 1 - i));
  return moved(node, in[0], [&](const Shape& index) {
    Shape source(rank);
    for (size_t i = 0; i < rank; ++i) source[from_end(order[i], rank)] = index[i];
    return source;
  });
}

Results concat(const Node& node, const Inputs& in) {
  const Shape& shape = output_shape(node);
  size_t axis = from_end(node.attrs<ConcatAttributes>().axis, shape.size());
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < shape.size(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
  auto joined = [&](auto get, auto result) {
    for (int64_t o = 0; o < outer; ++o)
      for (const Constant& x : in) {
        int64_t run = x.type().shape[axis] * inner;
        for (int64_t i = o * run; i < (o + 1) * run; ++i) result.data.push_back(get(x, i));
      }
    return result;
  };
  DType dtype = in[0].type().dtype;
  if (is_float(dtype)) return {to_constant(joined([](const Constant& x, int64_t i) { return x.float_at(i); }, Reals{shape, {}}))};
  return {to_constant(joined([](const Constant& x, int64_t i) { return x.int_at(i); }, Ints{shape, {}}), dtype)};
}

namespace {

// Positions that a slice takes along an axis of `extent` elements.
std::vector<int64_t> positions(int64_t start, int64_t end, int64_t step, int64_t extent) {
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  if (start < 0) start = step > 0 ? 0 : -1;
  if (start >= extent) start = step > 0 ? extent : extent - 1;
  std::vector<int64_t> result;
  for (int64_t p = start; p >= 0 && p < extent && (step > 0 ? p < end : p > end); p += step) {
    result.push_back(p);
    if (std::abs(step) > extent) break;
  }
  return result;
}

}  // namespace

Results slice(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<SliceAttributes>();
  const Shape& x = in[0].type().shape;
  std::vector<std::vector<int64_t>> taken;
  for (int64_t extent : x) taken.push_back(positions(0, extent, 1, extent));
  for (size_t k = 0; k < a.starts.size(); ++k) {
    size_t axis = a.axes.empty() ? k : from_end(a.axes[k], x.size());
    taken[axis] = positions(a.starts[k], a.ends[k], a.steps.empty() ? 1 : a.steps[k], x[axis]);
  }
  return moved(node, in[0], [&](const Shape& index) {
    Shape source;
    for (size_t k = 0; k < index.size(); ++k) source.push_back(taken[k].at(size_t(index[k])));
    return source;
  });
}

namespace {

// Walks from position p towards the tensor, turning round at its ends.
int64_t reflected(int64_t p, int64_t extent) {
  if (extent == 1) return 0;
  while (p < 0 || p >= extent) p = p < 0 ? -p : 2 * (extent - 1) - p;
  return p;
}

int64_t pad_source(const std::string& mode, int64_t p, int64_t extent) {
  if (mode == "reflect") return reflected(p, extent);
  if (mode == "edge") return std::clamp<int64_t>(p, 0, extent - 1);
  if (mode == "wrap") return ((p % extent) + extent) % extent;
  return p;
}

}  // namespace

Results pad(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<PadAttributes>();
  const Shape& x = in[0].type().shape;
  auto source = [&](const Shape& index) -> int64_t {
    Shape from;
    for (size_t k = 0; k < index.size(); ++k) {
      int64_t p = pad_source(a.mode, index[k] - a.pads[k], x[k]);
      if (p < 0 || p >= x[k]) return -1;
      from.push_back(p);
    }
    return offset_of(x, from);
  };
  return {rearranged(in[0], output_shape(node), source, a.value)};
}

Results expand(const Node& node, const Inputs& in) {
  return {rearranged(in[0], output_shape(node), [&](const Shape& index) { return broadcast_offset(in[0].type().shape, index); })};
}

Results tile(const Node& node, const Inputs& in) {
  return moved(node, in[0], [&](Shape index) {
    for (size_t k = 0; k < index.size(); ++k) index[k] %= in[0].type().shape[k];
    return index;
  });
}

Results depth_to_space(const Node& node, const Inputs& in) {
  const auto& a = node.attrs<BlockAttributes>();
  int64_t channels = output_shape(node)[1], b = a.block;
  return moved(node, in[0], [&](const Shape& i) {
    int64_t position = i[2] % b * b + i[3] % b;
    return Shape{i[0], a.column_first ? i[1] * b * b + position : position * channels + i[1], i[2] / b, i[3] / b};
  });
}

Results space_to_depth(const Node& node, const Inputs& in) {
  int64_t channels = in[0].type().shape[1], b = node.attrs<BlockAttributes>().block;
  return moved(node, in[0], [&](const Shape& i) {
    int64_t position = i[1] / channels;
    return Shape{i[0], i[1] % channels, i[2] * b + position / b, i[3] * b + position % b};
  });
}

namespace {

int64_t taken_index(int64_t i, int64_t extent) { return std::clamp<int64_t>(i < 0 ? i + extent : i, 0, extent - 1); }

}  // namespace

Results gather(const Node& node, const Inputs& in) {
  const Shape &x = in[0].type().shape, &indices = in[1].type().shape;
  auto axis = int64_t(from_end(node.attrs<GatherAttributes>().axis, x.size())), rank = int64_t(indices.size());
  return moved(node, in[0], [&](const Shape& index) {
    Shape which(index.begin() + axis, index.begin() + axis + rank), source(index.begin(), index.begin() + axis);
    source.push_back(taken_index(in[1].int_at(offset_of(indices, which)), x[size_t(axis)]));
    source.insert(source.end(), index.begin() + axis + rank, index.end());
    return source;
  });
}

Results gather_elements(const Node& node, const Inputs& in) {
  const Shape& x = in[0].type().shape;
  size_t axis = from_end(node.attrs<GatherAttributes>().axis, x.size());
  return moved(node, in[0], [&](const Shape& index) {
    Shape source = index;
    source[axis] = taken_index(in[1].int_at(offset_of(in[1].type().shape, index)), x[axis]);
    return source;
  });
}

Results iota(const Node& node, const Inputs&) {
  const auto& a = node.attrs<IotaAttributes>();
  Reals y{{a.count}, {}};
  for (int64_t i = 0; i < a.count; ++i) y.data.push_back(a.start + double(i) * a.delta);
  if (is_float(a.dtype)) return {to_constant(y)};
  return {to_constant(Ints{y.shape, {y.data.begin(), y.data.end()}}, a.dtype)};
}

}  // namespace broach::reference_ops
