#include "ops/resize.h"

#include <algorithm>
#include <cmath>

#include "ops/inference.h"
#include "ops/op_cases.h"

namespace broach {
namespace {

// Positions and weights are formed in f64: in f32 a position may fall on the other side of an integer.
Expr real(double value) { return make_float(value, DType::f64); }

// What resizing means along one axis.
struct AxisResize {
  int64_t in = 1, out = 1;
  double scale = 1;
  double begin = 0, end = 1;  // tf_crop_and_resize: the part of the input that is sampled
};

constexpr const char* crop = "tf_crop_and_resize";

bool changes(const AxisResize& a) { return a.in != a.out || a.scale != 1 || a.begin != 0 || a.end != 1; }

std::vector<AxisResize> axes_of(const Shape& x, const ResizeAttributes& a) {
  std::vector<AxisResize> axes;
  for (size_t i = 0; i < x.size(); ++i) {
    axes.push_back({x[i], a.shape[i], a.scales[i]});
    if (a.coordinates == crop) axes.back().begin = a.roi[i], axes.back().end = a.roi[x.size() + i];
  }
  return axes;
}

template <size_t N>
void expect_word(const char* attribute, const std::string& word, const char* const (&words)[N]) {
  if (std::find(std::begin(words), std::end(words), word) == std::end(words))
    throw_error("resize has {} \"{}\", expected one of {}", attribute, word, fmt::join(words, ", "));
}

std::vector<TensorType> infer_resize(const Node& node) {
  expect_inputs(node, 1, 1);
  const TensorType& x = type_of(node, 0);
  const auto& a = node.attrs<ResizeAttributes>();
  expect_word("mode", a.mode, {"nearest", "linear", "cubic"});
  expect_word("coordinates", a.coordinates, {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric", crop});
  expect_word("nearest_mode", a.nearest_mode, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  if (a.mode != "nearest") expect_domain(node, 0, Domain::floats);
  if (a.shape.size() != x.shape.size() || a.scales.size() != x.shape.size())
    throw_error("resize has {} extents and {} scales for a tensor of {} dimensions", a.shape.size(), a.scales.size(), x.shape.size());
  for (size_t i = 0; i < a.shape.size(); ++i)
    if (x.shape[i] < 1 || a.shape[i] < 1 || !(a.scales[i] > 0) || !std::isfinite(a.scales[i]))
      throw_error("resize of axis {} from {} to {} by {} is not possible, expected positive numbers", i, x.shape[i], a.shape[i], a.scales[i]);
  if (a.coordinates == crop && a.roi.size() != 2 * x.shape.size())
    throw_error("resize has a roi of {} numbers for a tensor of {} dimensions, expected {}", a.roi.size(), x.shape.size(), 2 * x.shape.size());
  return {{x.dtype, a.shape, channel_layout(x, a.shape)}};
}

// ONNX's length of the output: scale * in where a scale was given, which need not be whole. A size gives itself, rounding apart.
double length_of(const AxisResize& axis) {
  double length = axis.scale * double(axis.in);
  return std::fabs(length - double(axis.out)) < 1e-6 ? double(axis.out) : length;
}

// Where element i of the output lies in the input, in f64.
Expr position(const AxisResize& axis, const std::string& coordinates, const Expr& i) {
  Expr x = cast(DType::f64, i);
  if (coordinates == "asymmetric") return x / real(axis.scale);
  bool single = axis.out == 1;
  if (single && (coordinates == "align_corners" || coordinates == "pytorch_half_pixel")) return real(0);
  if (coordinates == "align_corners") return x * real(double(axis.in - 1)) / real(length_of(axis) - 1);
  if (coordinates == crop) {
    double last = double(axis.in - 1), width = (axis.end - axis.begin) * last;
    return single ? real(axis.begin * last + width / 2) : x * real(width) / real(double(axis.out - 1)) + real(axis.begin * last);
  }
  Expr half_pixel = (x + real(0.5)) / real(axis.scale) - real(0.5);
  if (coordinates != "half_pixel_symmetric") return half_pixel;
  double adjustment = double(axis.out) / (axis.scale * double(axis.in));
  return half_pixel + real(double(axis.in) / 2 * (1 - adjustment));
}

Expr clamped(const Expr& index, int64_t extent) { return max(min(index, Expr(extent - 1)), 0); }

// False where tf_crop_and_resize samples outside the input.
Expr is_inside(const std::vector<AxisResize>& axes, const ResizeAttributes& a, Indices i) {
  Expr inside = make_bool(true);
  for (size_t k = 0; k < axes.size() && a.coordinates == crop; ++k) {
    if (!changes(axes[k])) continue;
    Expr x = position(axes[k], a.coordinates, i[k]);
    inside = inside && x >= real(0) && x <= real(double(axes[k].in - 1));
  }
  return inside;
}

Expr or_extrapolated(const Expr& inside, const Expr& value, const ResizeAttributes& a) {
  return is_const(inside, 1) ? value : select(inside, value, make_const(a.extrapolation, value.dtype()));
}

Expr rounded(const Expr& x, const std::string& mode) {
  if (mode == "floor") return make_unary(Op::floor, x);
  if (mode == "ceil") return make_unary(Op::ceil, x);
  return mode == "round_prefer_ceil" ? make_unary(Op::floor, x + real(0.5)) : make_unary(Op::ceil, x - real(0.5));
}

// --- nearest ---

// Whole enlargement by k where every k outputs have one source: the index is i / k.
bool is_repetition(const AxisResize& axis, const ResizeAttributes& a) {
  if (axis.scale < 1 || axis.scale != std::floor(axis.scale) || double(axis.out) != axis.scale * double(axis.in)) return false;
  bool centred = a.coordinates == "half_pixel" && a.nearest_mode.starts_with("round");
  return centred || (a.coordinates == "asymmetric" && a.nearest_mode == "floor");
}

std::vector<Tensor> lower_nearest(const Node& node, const Tensor& x, const ResizeAttributes& a) {
  std::vector<AxisResize> axes = axes_of(x->shape, a);
  std::vector<Tensor> tables(axes.size());  // the source index for each output index
  for (size_t k = 0; k < axes.size(); ++k)
    if (changes(axes[k]) && !is_repetition(axes[k], a))
      tables[k] = compute(fmt::format("{}_index{}", node.op->name, k), {axes[k].out}, [&](Indices i) {
        return clamped(cast(DType::i64, rounded(position(axes[k], a.coordinates, i[0]), a.nearest_mode)), axes[k].in);
      });
  return {compute(node.op->name, a.shape, [&](Indices i) {
    std::vector<Expr> at(i.begin(), i.end());
    for (size_t k = 0; k < axes.size(); ++k) {
      if (tables[k])
        at[k] = read(tables[k], {i[k]});
      else if (changes(axes[k]))
        at[k] = i[k] / Expr(int64_t(axes[k].scale));
    }
    return or_extrapolated(is_inside(axes, a, i), read(x, at), a);
  })};
}

// --- linear, cubic: weighted sums of 2 or 4 elements (of more with antialias) along each axis that changes ---

struct Taps {
  size_t axis = 0;
  Tensor index, weight;  // [out, taps]
};

// The weight of a source element at this distance from the position: a triangle, or Keys' cubic with the coefficient c.
Expr kernel(const Expr& distance, const ResizeAttributes& a) {
  Expr d = distance;
  if (a.mode == "linear") return max(real(1) - d, real(0));
  double c = a.cubic_coefficient;
  Expr near = ((real(c + 2) * d - real(c + 3)) * d) * d + real(1);
  Expr far = ((real(c) * d - real(5 * c)) * d + real(8 * c)) * d - real(4 * c);
  return select(d <= real(1), near, select(d < real(2), far, real(0)));
}

Taps make_taps(const std::string& name, size_t axis, const AxisResize& resize, const ResizeAttributes& a, DType dtype) {
  double narrow = a.antialias ? std::min(resize.scale, 1.0) : 1;  // of the kernel, per element
  int64_t count = 2 * int64_t(std::ceil((a.mode == "linear" ? 1 : 2) / narrow));
  bool normalise = a.exclude_outside || narrow < 1;
  auto source = [&](const Expr& i, const Expr& tap) {  // may be outside
    return cast(DType::i64, make_unary(Op::floor, position(resize, a.coordinates, i))) + tap - Expr(count / 2 - 1);
  };
  auto weight = [&](const Expr& i, const Expr& tap) {
    Expr s = source(i, tap);
    Expr w = kernel(make_unary(Op::abs, position(resize, a.coordinates, i) - cast(DType::f64, s)) * real(narrow), a);
    return a.exclude_outside ? select(s < 0 || s >= Expr(resize.in), real(0), w) : w;
  };
  Taps taps{axis, {}, {}};
  taps.index = compute(fmt::format("{}_index{}", name, axis), {resize.out, count}, [&](Indices i) { return clamped(source(i[0], i[1]), resize.in); });
  taps.weight = compute(fmt::format("{}_weight{}", name, axis), {resize.out, count}, [&](Indices i) {
    Expr w = weight(i[0], i[1]);
    if (normalise) {
      Expr total = weight(i[0], 0);
      for (int64_t t = 1; t < count; ++t) total = total + weight(i[0], t);
      w = w / total;
    }
    return cast(dtype, w);
  });
  return taps;
}

std::vector<Tensor> lower_interpolation(const Node& node, const Tensor& x, const ResizeAttributes& a) {
  std::vector<AxisResize> axes = axes_of(x->shape, a);
  std::vector<Taps> taps;
  std::vector<int64_t> counts;
  for (size_t k = 0; k < axes.size(); ++k) {
    if (!changes(axes[k])) continue;
    taps.push_back(make_taps(node.op->name, k, axes[k], a, accumulation_dtype(x->dtype)));
    counts.push_back(taps.back().weight->shape[1]);
  }
  if (taps.empty()) return {compute(node.op->name, a.shape, [&](Indices i) { return read(x, {i.begin(), i.end()}); })};
  auto element = [&](Indices i, Indices r) {
    std::vector<Expr> at(i.begin(), i.end());
    Expr weight;
    for (size_t t = 0; t < taps.size(); ++t) {
      std::vector<Expr> entry{i[taps[t].axis], r[t]};
      at[taps[t].axis] = read(taps[t].index, entry);
      Expr w = read(taps[t].weight, entry);
      weight = weight ? weight * w : w;
    }
    return weight * widened(read(x, at));
  };
  return {reduce(node.op->name, a.shape, Reducer::sum, counts, element,
                 [&](const Expr& sum, Indices i) { return or_extrapolated(is_inside(axes, a, i), cast(x->dtype, sum), a); })};
}

std::vector<Tensor> lower_resize(const Node& node, const std::vector<Tensor>& inputs) {
  const auto& a = node.attrs<ResizeAttributes>();
  return a.mode == "nearest" ? lower_nearest(node, inputs[0], a) : lower_interpolation(node, inputs[0], a);
}

// --- Test cases ---

OpCase resize_case(TensorType x, std::vector<int64_t> shape, const char* mode, const char* coordinates = "half_pixel",
                   const char* nearest_mode = "round_prefer_floor", bool exclude_outside = false) {
  ResizeAttributes a;
  for (size_t i = 0; i < shape.size(); ++i) a.scales.push_back(double(shape[i]) / double(x.shape[i]));
  a.shape = std::move(shape);
  a.mode = mode;
  a.coordinates = coordinates;
  a.nearest_mode = nearest_mode;
  a.exclude_outside = exclude_outside;
  return make_case({std::move(x)}, a);
}

std::vector<OpCase> cases_resize() {
  DType f32 = DType::f32;
  std::vector<OpCase> cases;
  for (const char* coordinates : {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric"}) {
    for (const char* nearest : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
      cases.push_back(resize_case({f32, {1, 2, 3, 5}}, {1, 2, 6, 10}, "nearest", coordinates, nearest));
      cases.push_back(resize_case({f32, {1, 1, 5, 7}}, {1, 1, 8, 3}, "nearest", coordinates, nearest));
    }
    for (const char* mode : {"linear", "cubic"}) {
      cases.push_back(resize_case({f32, {1, 2, 3, 5}}, {1, 2, 6, 10}, mode, coordinates));
      cases.push_back(resize_case({f32, {1, 1, 6, 7}}, {1, 1, 4, 1}, mode, coordinates));
    }
  }
  cases.push_back(resize_case({f32, {1, 1, 4, 5}}, {1, 1, 9, 7}, "cubic", "half_pixel", "floor", true));
  for (const char* mode : {"linear", "cubic"}) {
    ResizeAttributes antialias;
    antialias.shape = {1, 1, 3, 9}, antialias.scales = {1, 1, 0.4, 1.5}, antialias.mode = mode, antialias.antialias = true;
    cases.push_back(make_case({{f32, {1, 1, 8, 6}}}, antialias));
  }
  for (const char* mode : {"nearest", "linear"}) {
    ResizeAttributes part;
    part.shape = {1, 2, 3, 1}, part.scales = {1, 1, 0.75, 0.2}, part.mode = mode, part.coordinates = crop, part.extrapolation = 7;
    part.roi = {0, 0, 0.4, 0.3, 1, 1, 1.2, 0.6};
    cases.push_back(make_case({{f32, {1, 2, 4, 5}}}, part));
  }
  ResizeAttributes fraction;
  fraction.shape = {1, 1, 2, 3}, fraction.scales = {1, 1, 0.6, 0.8}, fraction.mode = "linear", fraction.coordinates = "align_corners";
  cases.push_back(make_case({{f32, {1, 1, 4, 4}}}, fraction));
  cases.push_back(resize_case({f32, {1, 2, 7}}, {1, 2, 11}, "linear"));
  cases.push_back(resize_case({f32, {2, 3, 4, 5}}, {2, 3, 4, 5}, "linear"));
  cases.push_back(resize_case({DType::u8, {1, 1, 3, 3}}, {1, 1, 6, 6}, "nearest", "asymmetric", "floor"));
  cases.push_back(resize_case({DType::f16, {1, 1, 3, 3}}, {1, 1, 5, 5}, "linear"));
  cases.push_back(resize_case({DType::f64, {1, 1, 3, 3}}, {1, 1, 5, 5}, "cubic"));
  return cases;
}

}  // namespace

const OpDef op_resize = {
    "resize",
    "The input sampled on another grid: nearest element, or linear or cubic interpolation along every axis whose extent or scale changes. One "
    "input of a float type, for `nearest` of any type. Elements outside repeat the edge. ONNX Resize with known sizes, Upsample.",
    make_attributes<ResizeAttributes>,
    infer_resize,
    lower_resize,
    nullptr,
    false,
    cases_resize};

}  // namespace broach
