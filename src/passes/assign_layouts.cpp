#include "passes/assign_layouts.h"

#include <algorithm>

#include "ops/conv.h"
#include "ops/layout.h"
#include "ops/op_def.h"
#include "ops/pool.h"
#include "passes/route_channels.h"

namespace broach {
namespace {

constexpr int64_t smallest_block = 4;
constexpr int64_t most_plain_channels = 4;  // of a convolution's input read as it is: the first layer

// A vector of channels; fewer lanes where there are not that many channels.
int64_t block_for(int64_t channels, const Target& target) {
  int64_t block = target.lanes(32);
  while (block > smallest_block && block / 2 >= channels) block /= 2;
  return block;
}

class LayoutAssignment {
 public:
  LayoutAssignment(Graph& graph, const Target& target) : graph_(graph), target_(target) {}

  bool run() {
    std::vector<Node*> order;
    for (const auto& node : graph_.nodes()) order.push_back(node.get());
    for (Node* node : order) visit(node);
    for (Value*& output : graph_.outputs)
      if (output->type.layout.blocked()) output = plain_output(output);
    return graph_.remove_dead() || changed_;
  }

 private:
  void visit(Node* node) {
    if (Value* joined = join_concat(graph_, *node)) {
      graph_.replace_uses(node->output(), joined);
      graph_.erase(node);
      changed_ = true;
      return;
    }
    compose_gathers(graph_, *node);
    if (node->op == &op_conv)
      visit_conv(node);
    else if (node->op == &op_max_pool || node->op == &op_average_pool)
      visit_pool(node);
    else
      visit_other(node);
    std::vector<TensorType> types = node->op->infer(*node);
    for (size_t i = 0; i < types.size(); ++i) {
      changed_ = changed_ || types[i] != node->outputs[i]->type;
      node->outputs[i]->type = types[i];
    }
  }

  void visit_conv(Node* node) {
    auto& attributes = dynamic_cast<ConvAttributes&>(*node->attributes);
    const Shape& x = node->inputs[0]->type.shape;
    const Shape& w = node->inputs[1]->type.shape;
    if (x.size() != 3 && x.size() != 4) return;
    if (!node->inputs[1]->is_constant()) return;
    bool depthwise = w[1] == 1 && attributes.group > 1;
    int64_t per_group = w[0] / attributes.group;
    int64_t block = block_for(w[0], target_);
    // A block of output channels must not straddle two groups: its lanes would read different inputs.
    while (!depthwise && attributes.group > 1 && block > 1 && per_group % block != 0) block /= 2;
    if (depthwise && (x[1] != w[0] || !node->inputs[0]->type.layout.blocked())) {
      if (x[1] == w[0])
        convert_input(node, 0, Layout{block});
      else
        block = 1;
    }
    if (depthwise && x[1] == w[0]) block = node->inputs[0]->type.layout.block;
    if (block < smallest_block) return;
    attributes.layout = Layout{block};
    if (!depthwise && !node->inputs[0]->type.layout.blocked() && x[1] > most_plain_channels) convert_input(node, 0, Layout{block_for(x[1], target_)});
    pad_graph_input(node, attributes.pads);
  }

  void visit_pool(Node* node) {
    auto& attributes = dynamic_cast<PoolAttributes&>(*node->attributes);
    attributes.layout = node->inputs[0]->type.layout;
    pad_graph_input(node, attributes.pads);
  }

  // Operands of one elementwise operator that could be blocked alike are made so.
  void visit_other(Node* node) {
    const Value* blocked = nullptr;
    for (const Value* input : node->inputs)
      if (input && input->type.layout.blocked() && (!blocked || element_count(input->type.shape) > element_count(blocked->type.shape)))
        blocked = input;
    if (!blocked || node->op == &op_to_layout || node->op->infer(*node)[0].layout.blocked()) return;
    std::vector<Value*> before = node->inputs;
    std::vector<Layout> layouts;
    for (Value* input : node->inputs) layouts.push_back(input ? input->type.layout : Layout{});
    // Would it stay blocked if all full operands had this layout? Asked of inference itself.
    for (Value* input : node->inputs)
      if (convertible(input, blocked)) input->type.layout = blocked->type.layout;
    bool helps = node->op->infer(*node)[0].layout.blocked();
    for (size_t i = 0; i < before.size(); ++i)
      if (before[i]) before[i]->type.layout = layouts[i];
    if (!helps) return;
    for (size_t i = 0; i < node->inputs.size(); ++i)
      if (convertible(node->inputs[i], blocked) && node->inputs[i]->type.layout != blocked->type.layout) convert_input(node, i, blocked->type.layout);
  }

  static bool convertible(const Value* input, const Value* like) {
    return input && !input->is_constant() && input->type.shape.size() == like->type.shape.size() && input->type.shape[1] == like->type.shape[1];
  }

  // A window with padding over a graph input: its copy can have a rim, the user's memory cannot.
  void pad_graph_input(Node* node, const std::vector<int64_t>& pads) {
    const Value* input = node->inputs[0];
    if (input->producer || std::all_of(pads.begin(), pads.end(), [](int64_t p) { return p == 0; })) return;
    convert_input(node, 0, input->type.layout);
  }

  void convert_input(Node* node, size_t index, Layout layout) {
    Value* value = node->inputs[index];
    for (Node* user : value->users)  // one conversion serves all
      if (user->op == &op_to_layout && user->attrs<ToLayoutAttributes>().layout == layout && precedes(user, node))
        return graph_.replace_input(node, index, user->output());
    graph_.replace_input(node, index, to_layout(node, value, layout)->output());
  }

  Node* to_layout(Node* before, Value* value, Layout layout) {
    auto attributes = std::make_unique<ToLayoutAttributes>();
    attributes->layout = layout;
    changed_ = true;
    Origin origin = value->producer ? value->producer->origin : Origin{value->name};
    return graph_.insert_before(before, op_to_layout, {value}, std::move(attributes), origin, value->name + ".layout");
  }

  Value* plain_output(Value* value) {
    auto attributes = std::make_unique<ToLayoutAttributes>();
    changed_ = true;
    return graph_.add(op_to_layout, {value}, std::move(attributes), value->producer->origin)->output();
  }

  bool precedes(const Node* a, const Node* b) const {
    for (const auto& node : graph_.nodes()) {
      if (node.get() == a) return true;
      if (node.get() == b) return false;
    }
    return false;
  }

  Graph& graph_;
  const Target& target_;
  bool changed_ = false;
};

}  // namespace

bool assign_layouts(Graph& graph, const Target& target) { return LayoutAssignment(graph, target).run(); }

int count_layout_changes(const Graph& graph) {
  int count = 0;
  for (const auto& node : graph.nodes()) {
    if (node->op != &op_to_layout) continue;
    bool at_input = !node->inputs[0]->producer, at_output = graph.is_output(node->output());
    count += !at_input && !at_output;
  }
  return count;
}

}  // namespace broach
