#include "passes/canonicalize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ops/elementwise.h"
#include "ops/inference.h"
#include "ops/pool.h"
#include "ops/reduction.h"
#include "passes/rewrite.h"

namespace broach {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_any_of(const Node& node, std::initializer_list<const OpDef*> ops) { return std::find(ops.begin(), ops.end(), node.op) != ops.end(); }

bool constant_to_the_right(Graph& graph, Node& node) {
  if (!is_any_of(node, {&op_add, &op_mul, &op_minimum, &op_maximum, &op_equal, &op_logical_and, &op_logical_or, &op_logical_xor})) return false;
  Value *a = node.input(0), *b = node.input(1);
  if (!a->is_constant() || b->is_constant()) return false;
  replace_node(graph, node, *node.op, {b, a}, *node.attributes);
  return true;
}

bool sub_to_add(Graph& graph, Node& node) {
  Value* b = node.input(1);
  if (!is(node, op_sub) || !b->is_constant() || node.input(0)->is_constant() || !is_float(b->type.dtype)) return false;
  std::vector<double> negated = b->constant.floats();
  for (double& number : negated) number = -number;
  Value* constant = graph.add_constant(Constant::of_floats(negated, b->type.shape, b->type.dtype), b->name);
  replace_node(graph, node, op_add, {node.input(0), constant}, NoAttributes());
  return true;
}

// Powers of two whose reciprocal is a normal number of every float type wider than 16 bits.
bool has_exact_reciprocal(double number) {
  int exponent;
  return std::fabs(std::frexp(number, &exponent)) == 0.5 && std::abs(exponent) <= 100;
}

bool div_to_mul(Graph& graph, Node& node) {
  Value* b = node.input(1);
  if (!is(node, op_div) || !b->is_constant() || (b->type.dtype != DType::f32 && b->type.dtype != DType::f64)) return false;
  std::vector<double> numbers = b->constant.floats();
  if (!std::all_of(numbers.begin(), numbers.end(), has_exact_reciprocal)) return false;
  for (double& number : numbers) number = 1 / number;
  Value* constant = graph.add_constant(Constant::of_floats(numbers, b->type.shape, b->type.dtype), b->name);
  replace_node(graph, node, op_mul, {node.input(0), constant}, NoAttributes());
  return true;
}

struct Bounds {
  double low, high;
};

// Of a relu or clip over floats.
std::optional<Bounds> bounds_of(const Node* node) {
  if (!node || node->inputs.empty() || !is_float(node->output()->type.dtype)) return std::nullopt;
  if (is(*node, op_relu)) return Bounds{0, infinity};
  if (!is(*node, op_clip)) return std::nullopt;
  auto& clip = node->attrs<ClipAttributes>();
  return clip.low <= clip.high ? std::optional(Bounds{clip.low, clip.high}) : std::nullopt;
}

// A clip of a clip is one clip to both ranges: the second range applied to the bounds of the first.
bool join_clips(Graph& graph, Node& node) {
  auto outer = bounds_of(&node);
  if (!outer) return false;
  Node* first = node.input(0)->producer;
  auto inner = bounds_of(first);
  if (!inner) {
    bool is_relu = is(node, op_clip) && outer->low == 0 && outer->high == infinity;
    if (is_relu) replace_node(graph, node, op_relu, {node.input(0)}, NoAttributes());
    return is_relu;
  }
  ClipAttributes both;
  both.low = std::clamp(inner->low, outer->low, outer->high);
  both.high = std::clamp(inner->high, outer->low, outer->high);
  replace_node(graph, node, op_clip, {first->input(0)}, both, first->origin);
  return true;
}

// A pool whose one window is the whole input.
bool pool_to_reduction(Graph& graph, Node& node) {
  if (!is_any_of(node, {&op_average_pool, &op_max_pool})) return false;
  auto& pool = node.attrs<PoolAttributes>();
  const Shape &in = node.input(0)->type.shape, &out = node.output()->type.shape;
  bool whole = pool.kernel == Shape(in.begin() + 2, in.end()) && element_count({out.begin() + 2, out.end()}) == 1;
  bool plain = std::all_of(pool.pads.begin(), pool.pads.end(), [](int64_t pad) { return pad == 0; }) &&
               std::all_of(pool.dilations.begin(), pool.dilations.end(), [](int64_t step) { return step == 1; });
  if (!whole || !plain || pool.layout.blocked()) return false;
  ReduceAttributes attributes;
  attributes.axes.resize(in.size() - 2);
  std::iota(attributes.axes.begin(), attributes.axes.end(), 2);
  replace_node(graph, node, is(node, op_max_pool) ? op_reduce_max : op_reduce_mean, {node.input(0)}, attributes);
  return true;
}

// An elementwise operator stretches its operands itself.
bool drop_expand(Graph& graph, Node& node) {
  if (!is_any_of(node, {&op_add, &op_sub, &op_mul, &op_div, &op_pow, &op_minimum, &op_maximum, &op_equal, &op_greater, &op_less, &op_where}))
    return false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Node* expand = node.inputs[i]->producer;
    if (!expand || !is(*expand, op_expand)) continue;
    Shape shape;
    for (size_t k = 0; k < node.inputs.size(); ++k)
      shape = broadcast_shapes(shape, k == i ? expand->input(0)->type.shape : node.inputs[k]->type.shape);
    if (shape != node.output()->type.shape) continue;
    graph.replace_input(&node, i, expand->input(0));
    return true;
  }
  return false;
}

bool canonicalize_node(Graph& graph, Node& node) {
  return constant_to_the_right(graph, node) || sub_to_add(graph, node) || div_to_mul(graph, node) || join_clips(graph, node) ||
         pool_to_reduction(graph, node) || drop_expand(graph, node);
}

}  // namespace

bool canonicalize(Graph& graph) {
  bool changed = rewrite(graph, canonicalize_node);
  return graph.remove_dead() || changed;
}

}  // namespace broach
