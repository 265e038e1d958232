#include "passes/merge_pads.h"

#include <algorithm>
#include <limits>

#include "ops/conv.h"
#include "ops/elementwise.h"
#include "ops/movement.h"
#include "ops/pool.h"
#include "passes/rewrite.h"

namespace broach {
namespace {

std::vector<int64_t> or_zeros(std::vector<int64_t> pads, size_t count) {
  if (pads.empty()) pads.assign(count, 0);
  return pads;
}

bool all_zero(const std::vector<int64_t>& pads) {
  return std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; });
}

// The pads of the spatial axes; nothing if others are padded, something is cut off, or the mode is not "constant".
std::optional<std::vector<int64_t>> spatial_pads(const Node& pad) {
  auto& attributes = pad.attrs<PadAttributes>();
  const auto& pads = attributes.pads;
  size_t rank = pads.size() / 2;
  bool negative = std::any_of(pads.begin(), pads.end(), [](int64_t amount) { return amount < 0; });
  if (attributes.mode != "constant" || rank < 3 || negative || pads[0] || pads[1] || pads[rank] || pads[rank + 1]) return std::nullopt;
  std::vector<int64_t> result(pads.begin() + 2, pads.begin() + long(rank));
  result.insert(result.end(), pads.begin() + long(rank) + 2, pads.end());
  return result;
}

std::vector<int64_t> sum(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

bool is_never_negative(const Value* value) {
  const Node* node = value->producer;
  if (!node) return false;
  if (is(*node, op_relu) || is(*node, op_sigmoid)) return true;
  if (is(*node, op_clip)) return node->attrs<ClipAttributes>().low >= 0;
  return (is(*node, op_max_pool) || is(*node, op_average_pool)) && is_never_negative(node->input(0));
}

bool merge_into_conv(Graph& graph, Node& conv, const Node& pad, const std::vector<int64_t>& pads) {
  if (pad.attrs<PadAttributes>().value != 0) return false;
  ConvAttributes attributes = conv.attrs<ConvAttributes>();
  attributes.pads = sum(or_zeros(attributes.pads, pads.size()), pads);
  std::vector<Value*> inputs = conv.inputs;
  inputs[0] = pad.input(0);
  replace_node(graph, conv, op_conv, inputs, attributes, pad.origin);
  return true;
}

// A pool's window reaches over its padding: no window lies in it altogether.
bool reaches_over(const PoolAttributes& pool) {
  size_t rank = pool.kernel.size();
  for (size_t i = 0; i < pool.pads.size(); ++i) {
    int64_t dilation = pool.dilations.empty() ? 1 : pool.dilations[i % rank];
    if (pool.pads[i] > (pool.kernel[i % rank] - 1) * dilation) return false;
  }
  return true;
}

bool merge_into_pool(Graph& graph, Node& node, const Node& pad, const std::vector<int64_t>& pads) {
  PoolAttributes pool = node.attrs<PoolAttributes>();
  if (pool.ceil_mode) return false;
  double value = pad.attrs<PadAttributes>().value;
  bool is_max = is(node, op_max_pool);
  bool neutral = is_max ? value == -std::numeric_limits<double>::infinity() || (value == 0 && is_never_negative(pad.input(0)))
                        : value == 0 && (pool.count_include_pad || all_zero(pool.pads));
  bool dilated = std::any_of(pool.dilations.begin(), pool.dilations.end(), [](int64_t step) { return step != 1; });
  pool.pads = sum(or_zeros(pool.pads, pads.size()), pads);
  if (!neutral || dilated || !reaches_over(pool)) return false;
  pool.count_include_pad = !is_max;
  replace_node(graph, node, *node.op, {pad.input(0)}, pool, pad.origin);
  return true;
}

bool merge_pad(Graph& graph, Node& node) {
  bool is_conv = is(node, op_conv);
  if (!is_conv && !is(node, op_max_pool) && !is(node, op_average_pool)) return false;
  const Node* pad = node.input(0)->producer;
  if (!pad || !is(*pad, op_pad)) return false;
  auto pads = spatial_pads(*pad);
  if (!pads) return false;
  return is_conv ? merge_into_conv(graph, node, *pad, *pads) : merge_into_pool(graph, node, *pad, *pads);
}

}  // namespace

bool merge_pads(Graph& graph) {
  bool changed = rewrite(graph, merge_pad);
  if (changed) graph.remove_dead();
  return changed;
}

}  // namespace broach
