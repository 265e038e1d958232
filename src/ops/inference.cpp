#include "ops/inference.h"

#include <algorithm>

namespace broach {

void expect_inputs(const Node& node, size_t least, size_t most) {
  size_t count = node.inputs.size();
  while (count > least && !node.inputs[count - 1]) --count;
  if (count < least || count > most)
    throw_error("{} has {} inputs, expected {}", node.op->name, count,
                least == most ? fmt::format("{}", least) : fmt::format("{} to {}", least, most));
  for (size_t i = 0; i < least; ++i)
    if (!node.inputs[i]) throw_error("input {} of {} is missing", i, node.op->name);
}

const TensorType& type_of(const Node& node, size_t input) {
  BROACH_CHECK(node.input(input), "input {} of {} is missing", input, node.op->name);
  return node.inputs[input]->type;
}

bool contains(Domain domain, DType dtype) {
  switch (domain) {
    case Domain::floats: return is_float(dtype);
    case Domain::signed_numbers: return is_float(dtype) || is_signed_int(dtype);
    case Domain::numbers: return dtype != DType::boolean;
    case Domain::booleans: return dtype == DType::boolean;
    case Domain::any: return true;
  }
  return false;
}

void expect_domain(const Node& node, size_t input, Domain domain) {
  static constexpr const char* names[] = {"a float type", "a float or signed integer type", "a number type", "bool", "any type"};
  DType dtype = type_of(node, input).dtype;
  if (!contains(domain, dtype)) throw_error("input {} of {} is {}, expected {}", input, node.op->name, info(dtype).name, names[int(domain)]);
}

void expect_same_dtype(const Node& node, size_t a, size_t b) {
  DType x = type_of(node, a).dtype, y = type_of(node, b).dtype;
  if (x != y) throw_error("inputs {} and {} of {} are {} and {}, expected the same type", a, b, node.op->name, info(x).name, info(y).name);
}

void expect_rank(const Node& node, size_t input, size_t least) {
  const Shape& shape = type_of(node, input).shape;
  if (shape.size() < least)
    throw_error("input {} of {} has shape {}, expected at least {} dimensions", input, node.op->name, to_string(shape), least);
}

void expect_shape(const Node& node, size_t input, const Shape& shape) {
  const Shape& found = type_of(node, input).shape;
  if (found != shape) throw_error("input {} of {} has shape {}, expected {}", input, node.op->name, to_string(found), to_string(shape));
}

size_t normalize_axis(int64_t axis, size_t rank) {
  auto r = int64_t(rank);
  if (axis < -r || axis >= r) throw_error("axis {} is outside of a tensor of {} dimensions", axis, rank);
  return size_t(axis < 0 ? axis + r : axis);
}

std::vector<size_t> normalize_axes(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<size_t> result;
  for (int64_t axis : axes) result.push_back(normalize_axis(axis, rank));
  std::sort(result.begin(), result.end());
  auto twice = std::adjacent_find(result.begin(), result.end());
  if (twice != result.end()) throw_error("axis {} is named twice", *twice);
  return result;
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {  // i counts from the end
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) throw_error("shapes {} and {} do not broadcast: {} against {}", to_string(a), to_string(b), x, y);
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

std::vector<Expr> broadcast_indices(const Shape& from, const Shape& to, Indices indices) {
  std::vector<Expr> result;
  size_t skipped = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) result.push_back(from[i] == 1 && to[skipped + i] != 1 ? Expr(0) : indices[skipped + i]);
  return result;
}

Layout elementwise_layout(const Node& node, const Shape& output) {
  bool wide_seen = false;
  Layout wide, narrow;
  for (const Value* input : node.inputs) {
    if (!input || output.size() < 2) continue;
    const TensorType& type = input->type;
    if (type.shape.size() != output.size() || type.shape[1] != output[1]) continue;
    if (element_count(type.shape) == type.shape[1]) {
      if (!narrow.blocked()) narrow = type.layout;
    } else if (!wide_seen) {
      wide = type.layout;
      wide_seen = true;
    } else if (wide != type.layout) {
      return {};
    }
  }
  return wide_seen ? wide : narrow;
}

Layout channel_layout(const TensorType& input, const Shape& output) {
  bool same_channels = input.shape.size() >= 2 && output.size() == input.shape.size() && output[1] == input.shape[1];
  return same_channels ? input.layout : Layout{};
}

DType accumulation_dtype(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype; }

Expr widened(Expr element) { return cast(accumulation_dtype(element.dtype()), element); }

}  // namespace broach
