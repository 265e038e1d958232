// concat, slice and pad: tensors put together, cut and widened.
#include <algorithm>
#include <cmath>

#include "ops/inference.h"
#include "ops/movement.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

// --- concat ---

std::vector<TensorType> infer_concat(const Node& node) {
  expect_inputs(node, 1, node.inputs.size());
  expect_rank(node, 0, 1);
  TensorType result = type_of(node, 0);
  size_t axis = normalize_axis(node.attrs<ConcatAttributes>().axis, result.shape.size());
  int64_t total = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.inputs[i]) throw_error("input {} of concat is missing", i);
    expect_same_dtype(node, 0, i);
    const TensorType& x = type_of(node, i);
    Shape expected = result.shape;
    if (x.shape.size() == expected.size()) expected[axis] = x.shape[axis];
    if (x.shape != expected)
      throw_error("concat on axis {} has inputs of shapes {} and {}, which may differ on that axis only", axis, to_string(result.shape),
                  to_string(x.shape));
    // Blocks can be put one after the other where each but the last is full.
    bool fits = x.layout == result.layout && (axis != 1 || !x.layout.blocked() || total % x.layout.block == 0);
    if (!fits) result.layout = {};
    total += x.shape[axis];
  }
  result.shape[axis] = total;
  return {result};
}

std::vector<Tensor> lower_concat(const Node& node, const std::vector<Tensor>& inputs) {
  size_t axis = normalize_axis(node.attrs<ConcatAttributes>().axis, inputs[0]->shape.size());
  Shape shape = inputs[0]->shape;
  for (size_t k = 1; k < inputs.size(); ++k) shape[axis] += inputs[k]->shape[axis];
  return {compute(node.op->name, shape, [&](Indices i) {
    Expr value;
    int64_t end = shape[axis];
    for (size_t k = inputs.size(); k-- > 0;) {  // last first: each earlier one is asked before it
      int64_t begin = end - inputs[k]->shape[axis];
      std::vector<Expr> at(i.begin(), i.end());
      if (begin > 0) at[axis] = i[axis] - Expr(begin);
      Expr element = read(inputs[k], at);
      value = value ? select(i[axis] < Expr(end), element, value) : element;
      end = begin;
    }
    return value;
  })};
}

std::vector<OpCase> cases_concat() {
  auto concat_case = [](std::vector<TensorType> inputs, int64_t axis) {
    ConcatAttributes a;
    a.axis = axis;
    return make_case(std::move(inputs), a);
  };
  DType f32 = DType::f32;
  return case_list(concat_case({{f32, {1, 3, 4}}, {f32, {1, 5, 4}}}, 1), concat_case({{f32, {2, 3}}, {f32, {1, 3}}, {f32, {4, 3}}}, 0),
                   concat_case({{DType::i64, {1}}, {DType::i64, {1}}, {DType::i64, {2}}}, -1), concat_case({{f32, {2, 2}}}, 1),
                   concat_case({{DType::f16, {2, 1, 3}}, {DType::f16, {2, 1, 2}}}, 2),
                   concat_case({{DType::boolean, {3}}, {DType::boolean, {0}}, {DType::boolean, {2}}}, 0));
}

// --- slice ---

struct Range {
  int64_t start = 0, step = 1, count = 0;
};

Range clamped_range(int64_t start, int64_t end, int64_t step, int64_t extent) {
  int64_t limit = int64_t(1) << 41;  // longer steps reach as little
  step = std::clamp(step, -limit, limit);
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, extent);
    end = std::clamp<int64_t>(end, 0, extent);
    return {start, step, end > start ? (end - start - 1) / step + 1 : 0};
  }
  start = std::clamp<int64_t>(start, -1, extent - 1);
  end = std::clamp<int64_t>(end, -1, extent - 1);
  return {start, step, start > end ? (start - end - 1) / -step + 1 : 0};
}

std::vector<Range> ranges_of(const Shape& x, const SliceAttributes& a) {
  std::vector<Range> ranges;
  for (int64_t extent : x) ranges.push_back({0, 1, extent});
  size_t count = a.starts.size();
  if (a.ends.size() != count || (!a.axes.empty() && a.axes.size() != count) || (!a.steps.empty() && a.steps.size() != count))
    throw_error("slice has {} starts, {} ends, {} axes and {} steps, expected as many of each", count, a.ends.size(), a.axes.size(), a.steps.size());
  normalize_axes(a.axes, x.size());  // each once
  for (size_t k = 0; k < count; ++k) {
    size_t axis = normalize_axis(a.axes.empty() ? int64_t(k) : a.axes[k], x.size());
    int64_t step = a.steps.empty() ? 1 : a.steps[k];
    if (step == 0) throw_error("slice has a step of 0 on axis {}", axis);
    ranges[axis] = clamped_range(a.starts[k], a.ends[k], step, x[axis]);
  }
  return ranges;
}

std::vector<TensorType> infer_slice(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  TensorType result{x.dtype, {}, x.layout};
  std::vector<Range> ranges = ranges_of(x.shape, node.attrs<SliceAttributes>());
  for (const Range& r : ranges) result.shape.push_back(r.count);
  if (x.layout.blocked() && (ranges[1].step != 1 || ranges[1].start % x.layout.block != 0)) result.layout = {};
  return {result};
}

std::vector<Tensor> lower_slice(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  std::vector<Range> ranges = ranges_of(x->shape, node.attrs<SliceAttributes>());
  Shape shape;
  for (const Range& r : ranges) shape.push_back(r.count);
  return {compute(node.op->name, shape, [&](Indices i) {
    std::vector<Expr> at(i.begin(), i.end());
    for (size_t k = 0; k < at.size(); ++k) {
      if (ranges[k].step != 1) at[k] = at[k] * Expr(ranges[k].step);
      if (ranges[k].start != 0) at[k] = at[k] + Expr(ranges[k].start);
    }
    return read(x, at);
  })};
}

std::vector<OpCase> cases_slice() {
  auto slice_case = [](TensorType x, std::vector<int64_t> starts, std::vector<int64_t> ends, std::vector<int64_t> axes, std::vector<int64_t> steps) {
    SliceAttributes a;
    a.starts = std::move(starts);
    a.ends = std::move(ends);
    a.axes = std::move(axes);
    a.steps = std::move(steps);
    return make_case({std::move(x)}, a);
  };
  constexpr int64_t far = INT64_MAX;
  return case_list(slice_case({DType::f32, {4, 6}}, {1, 2}, {3, 5}, {}, {}), slice_case({DType::f32, {4, 6, 3}}, {-4}, {far}, {1}, {2}),
                   slice_case({DType::f32, {9}}, {-1}, {-far}, {0}, {-1}), slice_case({DType::i64, {9}}, {7}, {1}, {0}, {-3}),
                   slice_case({DType::f16, {2, 8}}, {0, 1}, {100, 7}, {0, -1}, {1, 4}), slice_case({DType::u8, {3, 4}}, {0}, {0}, {1}, {}),
                   slice_case({DType::f32, {1, 8, 3, 3}}, {4}, {8}, {1}, {1}));
}

// --- pad ---

struct AxisPad {
  int64_t begin, end;
};

std::vector<AxisPad> pads_of(const Shape& x, const PadAttributes& a) {
  size_t rank = x.size();
  if (a.pads.size() != 2 * rank) throw_error("pad has {} pads for a tensor of {} dimensions, expected {}", a.pads.size(), rank, 2 * rank);
  if (a.mode != "constant" && a.mode != "reflect" && a.mode != "edge" && a.mode != "wrap")
    throw_error("pad has the mode \"{}\", expected \"constant\", \"reflect\", \"edge\" or \"wrap\"", a.mode);
  std::vector<AxisPad> pads;
  for (size_t i = 0; i < rank; ++i) {
    AxisPad p{a.pads[i], a.pads[rank + i]};
    constexpr int64_t limit = int64_t(1) << 40;
    if (p.begin < -limit || p.begin > limit || p.end < -limit || p.end > limit || x[i] + p.begin + p.end < 0)
      throw_error("pad of axis {} by {} and {} does not fit its {} elements", i, p.begin, p.end, x[i]);
    if (a.mode != "constant" && x[i] == 0 && x[i] + p.begin + p.end > 0) throw_error("pad has nothing to fill axis {} with: it has no elements", i);
    pads.push_back(p);
  }
  return pads;
}

Shape padded_shape(const Shape& x, const std::vector<AxisPad>& pads) {
  Shape shape;
  for (size_t i = 0; i < x.size(); ++i) shape.push_back(x[i] + pads[i].begin + pads[i].end);
  return shape;
}

std::vector<TensorType> infer_pad(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  std::vector<AxisPad> pads = pads_of(x.shape, node.attrs<PadAttributes>());
  bool channels_stay = pads.size() < 2 || (pads[1].begin == 0 && pads[1].end == 0);
  return {{x.dtype, padded_shape(x.shape, pads), channels_stay ? x.layout : Layout{}}};
}

// The index inside that stands for index j, which may lie outside of 0..extent-1.
Expr folded_index(const std::string& mode, const Expr& j, int64_t extent, const AxisPad& pad) {
  if (mode == "edge") return max(min(j, Expr(extent - 1)), 0);
  if (mode == "wrap") return j % Expr(extent);
  if (extent == 1) return 0;
  int64_t period = 2 * (extent - 1);
  bool once = pad.begin < extent && pad.end < extent;  // no element is mirrored twice
  Expr forward = once ? max(j, -j) : j % Expr(period);
  return min(forward, Expr(period) - forward);
}

std::vector<Tensor> lower_pad(const Node& node, const std::vector<Tensor>& inputs) {
  const Tensor& x = inputs[0];
  const auto& a = node.attrs<PadAttributes>();
  std::vector<AxisPad> pads = pads_of(x->shape, a);
  return {compute(node.op->name, padded_shape(x->shape, pads), [&](Indices i) {
    std::vector<Expr> at(i.begin(), i.end());
    bool outside = false;
    for (size_t k = 0; k < at.size(); ++k) {
      if (pads[k].begin != 0) at[k] = at[k] - Expr(pads[k].begin);
      if (pads[k].begin <= 0 && pads[k].end <= 0) continue;
      if (a.mode == "constant")
        outside = true;
      else
        at[k] = folded_index(a.mode, at[k], x->shape[k], pads[k]);
    }
    return outside ? read_or(x, at, make_const(a.value, x->dtype)) : read(x, at);
  })};
}

std::vector<OpCase> cases_pad() {
  auto pad_case = [](TensorType x, std::vector<int64_t> pads, const char* mode = "constant", double value = 0) {
    PadAttributes a;
    a.pads = std::move(pads);
    a.mode = mode;
    a.value = value;
    return make_case({std::move(x)}, a);
  };
  DType f32 = DType::f32;
  return case_list(pad_case({f32, {2, 3, 4}}, {0, 1, 2, 0, 0, 1}), pad_case({f32, {3, 4}}, {1, 0, 0, 3}, "constant", 2.5),
                   pad_case({DType::i32, {5}}, {2, 1}, "constant", -7), pad_case({f32, {3, 5}}, {-1, 2, 0, -2}),
                   pad_case({f32, {2, 5}}, {0, 3, 1, 4}, "reflect"), pad_case({f32, {3}}, {7, 5}, "reflect"), pad_case({f32, {1}}, {2, 1}, "reflect"),
                   pad_case({f32, {3, 2}}, {2, 0, 1, 3}, "edge"), pad_case({f32, {4}}, {5, 3}, "wrap"), pad_case({DType::f16, {2, 2}}, {1, 1, 1, 1}),
                   pad_case({DType::u8, {2, 2}}, {1, 1, 1, 1}, "edge"), pad_case({DType::boolean, {3}}, {1, 1}, "constant", 1),
                   pad_case({f32, {4}}, {1, 0}, "constant", -INFINITY));
}

}  // namespace

const OpDef op_concat = {
    "concat",
    "The inputs one after the other along `axis`. One or more inputs of one type and of shapes that differ on that axis only. ONNX "
    "Concat.",
    make_attributes<ConcatAttributes>,
    infer_concat,
    lower_concat,
    nullptr,
    false,
    cases_concat};

const OpDef op_slice = {"slice",
                        "Elements starts, starts + steps, ... before ends, along `axes`. One input of any type. ONNX Slice, Split.",
                        make_attributes<SliceAttributes>,
                        infer_slice,
                        lower_slice,
                        nullptr,
                        false,
                        cases_slice};

const OpDef op_pad = {
    "pad",
    "The input with elements before and after it on every axis: `value`, a mirror image, the edge or the tensor over again. One input "
    "of any type. ONNX Pad.",
    make_attributes<PadAttributes>,
    infer_pad,
    lower_pad,
    nullptr,
    false,
    cases_pad};

}  // namespace broach
