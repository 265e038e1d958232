#include "passes/route_channels.h"

#include <algorithm>
#include <numeric>

#include "ops/inference.h"
#include "ops/movement.h"
#include "ops/op_def.h"
#include "passes/rewrite.h"

namespace broach {
namespace {

Value* gather(Graph& graph, Node* before, Value* x, const std::vector<int64_t>& table, const Origin& origin) {
  Value* constant = graph.add_constant(Constant::of_ints(table, {int64_t(table.size())}), x->name + ".channels");
  return graph.insert_before(before, op_gather_channels, {x, constant}, nullptr, origin)->output();
}

// [N, C, rest] -> [N, g, C/g, rest] -> [N, C/g, g, rest] -> [N, C, rest]: channel c comes from (c % g) * (C/g) + c / g.
bool route_shuffle(Graph& graph, Node& node) {
  if (node.op != &op_reshape) return false;
  Node* transpose = sole_producer(graph, node.inputs[0], op_transpose);
  Node* split = transpose ? sole_producer(graph, transpose->inputs[0], op_reshape) : nullptr;
  if (!split) return false;
  const Shape &from = split->inputs[0]->type.shape, &middle = split->output()->type.shape, &to = node.output()->type.shape;
  size_t rank = from.size();
  if (rank < 3 || from != to || middle.size() != rank + 1 || from[0] != middle[0] || from[1] != middle[1] * middle[2]) return false;
  if (!std::equal(from.begin() + 2, from.end(), middle.begin() + 3)) return false;
  std::vector<int64_t> order(rank + 1);
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[1], order[2]);
  if (transpose->attrs<TransposeAttributes>().order != order) return false;
  int64_t groups = middle[1], per_group = middle[2];
  std::vector<int64_t> table;
  for (int64_t c = 0; c < from[1]; ++c) table.push_back(c % groups * per_group + c / groups);
  graph.replace_uses(node.output(), gather(graph, &node, split->inputs[0], table, joined(split->origin, node.origin)));
  return true;
}

bool route_slice(Graph& graph, Node& node) {
  if (node.op != &op_slice) return false;
  const Shape &from = node.inputs[0]->type.shape, &to = node.output()->type.shape;
  if (from.size() != 4 || from[0] != to[0] || from[2] != to[2] || from[3] != to[3] || to[1] == 0) return false;
  const auto& attributes = node.attrs<SliceAttributes>();
  int64_t start = 0, step = 1;
  for (size_t i = 0; i < attributes.starts.size(); ++i) {
    size_t axis = attributes.axes.empty() ? i : normalize_axis(attributes.axes[i], 4);
    int64_t this_step = attributes.steps.empty() ? 1 : attributes.steps[i];
    if (axis != 1) {
      if (this_step != 1) return false;
      continue;
    }
    step = this_step;
    start = attributes.starts[i] < 0 ? attributes.starts[i] + from[1] : attributes.starts[i];
    start = std::clamp<int64_t>(start, 0, step > 0 ? from[1] : from[1] - 1);
  }
  std::vector<int64_t> table;
  for (int64_t c = 0; c < to[1]; ++c) table.push_back(start + c * step);
  graph.replace_uses(node.output(), gather(graph, &node, node.inputs[0], table, node.origin));
  return true;
}

bool fully_blocked(const Node& node) {
  const Layout layout = node.inputs[0]->type.layout;
  return layout.blocked() && std::all_of(node.inputs.begin(), node.inputs.end(), [&](const Value* v) { return v->type.layout == layout; });
}

}  // namespace

bool route_channels(Graph& graph) {
  bool changed = rewrite(graph, [](Graph& g, Node& node) {
    if (node.output()->users.empty() && !g.is_output(node.output())) return false;
    return route_shuffle(g, node) || route_slice(g, node) || compose_gathers(g, node);
  });
  return graph.remove_dead() || changed;
}

bool compose_gathers(Graph& graph, Node& node) {
  if (node.op != &op_gather_channels) return false;
  const Node* inner = node.inputs[0]->producer;
  if (!inner || inner->op != &op_gather_channels) return false;
  std::vector<int64_t> table = node.inputs[1]->constant.ints(), first = inner->inputs[1]->constant.ints();
  for (int64_t& channel : table) channel = first[size_t(channel)];
  Value* constant = graph.add_constant(Constant::of_ints(table, {int64_t(table.size())}), inner->inputs[0]->name + ".channels");
  node.origin = joined(inner->origin, node.origin);
  graph.replace_input(&node, 0, inner->inputs[0]);
  graph.replace_input(&node, 1, constant);
  return true;
}

Value* join_concat(Graph& graph, Node& node) {
  if (node.op != &op_concat || node.inputs[0]->type.shape.size() < 3) return nullptr;
  if (normalize_axis(node.attrs<ConcatAttributes>().axis, node.inputs[0]->type.shape.size()) != 1 || !fully_blocked(node)) return nullptr;
  int64_t block = node.inputs[0]->type.layout.block;
  auto gathered = [](const Value* v) { return v->producer && v->producer->op == &op_gather_channels; };
  bool plain = true;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    plain = plain && !gathered(node.inputs[i]) && (i + 1 == node.inputs.size() || node.inputs[i]->type.shape[1] % block == 0);
  if (plain) return nullptr;

  std::vector<Value*> parents;
  std::vector<int64_t> first_channel, table;
  int64_t channels = 0;
  for (Value* part : node.inputs) {
    Value* parent = gathered(part) ? part->producer->inputs[0] : part;
    size_t known = size_t(std::find(parents.begin(), parents.end(), parent) - parents.begin());
    if (known == parents.size()) {
      parents.push_back(parent);
      first_channel.push_back(channels);
      channels += (parent->type.shape[1] + block - 1) / block * block;
    }
    for (int64_t c = 0; c < part->type.shape[1]; ++c)
      table.push_back(first_channel[known] + (gathered(part) ? part->producer->inputs[1]->constant.int_at(c) : c));
  }
  Node* join = graph.insert_before(&node, op_join_channels, parents, nullptr, node.origin);
  return gather(graph, &node, join->output(), table, node.origin);
}

}  // namespace broach
