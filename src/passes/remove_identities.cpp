#include "passes/remove_identities.h"

#include <algorithm>
#include <numeric>

#include "ops/elementwise.h"
#include "ops/movement.h"
#include "ops/pool.h"
#include "ops/reduction.h"
#include "ops/resize.h"
#include "passes/rewrite.h"

namespace broach {
namespace {

bool all_equal(const std::vector<int64_t>& values, int64_t to) {
  return std::all_of(values.begin(), values.end(), [&](int64_t value) { return value == to; });
}

bool has_input_type(const Node& node) { return node.input(0) && node.input(0)->type == node.output()->type; }

std::vector<int64_t> order_of(const Node& transpose) {
  std::vector<int64_t> order = transpose.attrs<TransposeAttributes>().order;
  size_t rank = transpose.input(0)->type.shape.size();
  if (order.empty() && rank != 0) {
    order.resize(rank);
    std::iota(order.rbegin(), order.rend(), 0);
  }
  for (int64_t& axis : order) axis += axis < 0 ? int64_t(rank) : 0;
  return order;
}

bool is_window_of_one(const PoolAttributes& pool) { return all_equal(pool.kernel, 1) && all_equal(pool.strides, 1) && all_equal(pool.pads, 0); }

// Adding 0, multiplying by 1 and the like. The other operand may not stretch the input.
bool is_neutral(const Node& node) {
  const Value* b = node.input(1);
  if (is(node, op_add) || is(node, op_sub)) return is_splat(b, 0);
  if (is(node, op_mul) || is(node, op_div) || is(node, op_pow)) return is_splat(b, 1);
  return false;
}

// The node's only result is its first input. Types were compared.
bool gives_input_back(const Node& node) {
  if (is(node, op_reshape) || is(node, op_cast) || is(node, op_expand) || is(node, op_tile)) return true;
  if (is(node, op_concat)) return node.inputs.size() == 1;
  if (is(node, op_pad)) return all_equal(node.attrs<PadAttributes>().pads, 0);
  if (is(node, op_slice)) {
    auto& steps = node.attrs<SliceAttributes>().steps;
    return std::all_of(steps.begin(), steps.end(), [](int64_t step) { return step > 0; });
  }
  if (is(node, op_transpose)) {
    std::vector<int64_t> order = order_of(node);
    return std::is_sorted(order.begin(), order.end());
  }
  if (is(node, op_max_pool) || is(node, op_average_pool)) return is_window_of_one(node.attrs<PoolAttributes>());
  if (is(node, op_clip)) return node.attrs<ClipAttributes>().equals(ClipAttributes());
  if (is(node, op_resize)) {
    auto& scales = node.attrs<ResizeAttributes>().scales;
    return std::all_of(scales.begin(), scales.end(), [](double scale) { return scale == 1; });
  }
  return is_neutral(node);
}

// Moving axes of extent 1 moves no element.
bool moves_no_element(const Node& transpose) {
  std::vector<int64_t> order = order_of(transpose);
  std::erase_if(order, [&](int64_t axis) { return transpose.input(0)->type.shape[size_t(axis)] == 1; });
  return std::is_sorted(order.begin(), order.end());
}

// A sum, mean, largest, ... over axes of extent 1 is a reshape.
bool reduces_nothing(const Node& node) {
  for (const OpDef* op : {&op_reduce_sum, &op_reduce_mean, &op_reduce_max, &op_reduce_min, &op_reduce_prod})
    if (is(node, *op)) return element_count(node.input(0)->type.shape) == element_count(node.output()->type.shape);
  return false;
}

bool to_reshape(Graph& graph, Node& node, Value* of) {
  if (of->type.layout.blocked() || node.output()->type.layout.blocked()) return false;
  ShapeAttributes attributes;
  attributes.shape = node.output()->type.shape;
  if (element_count(attributes.shape) == 0) return false;
  replace_node(graph, node, op_reshape, {of}, attributes, of != node.input(0) ? node.input(0)->producer->origin : Origin());
  return true;
}

bool join_transposes(Graph& graph, Node& node) {
  const Node* first = node.input(0)->producer;
  if (!first || !is(*first, op_transpose)) return false;
  std::vector<int64_t> inner = order_of(*first);
  TransposeAttributes attributes;
  for (int64_t axis : order_of(node)) attributes.order.push_back(inner[size_t(axis)]);
  replace_node(graph, node, op_transpose, {first->input(0)}, attributes, first->origin);
  return true;
}

bool remove_identity(Graph& graph, Node& node) {
  if (node.outputs.size() != 1 || !node.input(0)) return false;
  if (has_input_type(node) && gives_input_back(node)) return replace_node(graph, node, node.input(0)), true;
  const Node* producer = node.input(0)->producer;
  if (is(node, op_reshape) && producer && is(*producer, op_reshape)) return to_reshape(graph, node, producer->input(0));
  if (is(node, op_transpose)) return join_transposes(graph, node) || (moves_no_element(node) && to_reshape(graph, node, node.input(0)));
  return reduces_nothing(node) && to_reshape(graph, node, node.input(0));
}

}  // namespace

bool remove_identities(Graph& graph) {
  bool changed = rewrite(graph, remove_identity);
  return graph.remove_dead() || changed;
}

}  // namespace broach
