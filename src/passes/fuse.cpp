#include "passes/fuse.h"

#include <algorithm>
#include <set>

#include "ops/layout.h"
#include "ops/op_def.h"

namespace broach {
namespace {

constexpr size_t most_followers = 12;  // a longer chain gains nothing and makes large kernels

class Fusion {
 public:
  Fusion(const Graph& graph, size_t most_nodes) : graph_(graph), most_nodes_(most_nodes) {
    for (size_t i = 0; i < graph.nodes().size(); ++i) position_[graph.nodes()[i].get()] = i;
  }

  std::vector<FusionGroup> run() {
    std::vector<FusionGroup> groups;
    for (const auto& node : graph_.nodes()) {
      if (taken_.count(node.get()) || is_alias(*node) || is_inlined(*node)) continue;
      std::vector<Node*> members = {node.get()};
      // A concatenation is best no kernel at all: its parts are written in place.
      if (node->outputs.size() == 1 && node->op != &op_concat && node->op != &op_join_channels) follow(node->output(), &members);
      for (Node* member : members) taken_.insert(member);
      if (reads_channels_by_table(*node)) members.insert(members.begin(), node->inputs[0]->producer);
      groups.push_back(make_group(std::move(members)));
    }
    // A group runs where its last node stood: all its operands exist by then.
    std::stable_sort(groups.begin(), groups.end(),
                     [&](const FusionGroup& a, const FusionGroup& b) { return position_[a.nodes.back()] < position_[b.nodes.back()]; });
    return groups;
  }

 private:
  // A dense convolution broadcasts its input channels one by one: it can take them from anywhere at no cost.
  static bool reads_channels_by_table(const Node& node) {
    if (node.op != &op_conv) return false;
    const Node* producer = node.inputs[0]->producer;
    return producer && producer->op == &op_gather_channels && node.inputs[1]->type.shape[1] > 1;
  }
  // Part of each of its readers, so no kernel of its own.
  bool is_inlined(const Node& node) const {
    if (node.op != &op_gather_channels || graph_.is_output(node.output())) return false;
    const auto& users = node.output()->users;
    return std::all_of(users.begin(), users.end(),
                       [&](const Node* user) { return reads_channels_by_table(*user) && user->inputs[0] == node.output(); });
  }

  bool can_follow(const Node* node, const Value* anchor) const {
    return node && is_elementwise(*node) && !taken_.count(node) && node->outputs.size() == 1 && node->output()->type.shape == anchor->type.shape &&
           node->output()->type.layout == anchor->type.layout;
  }

  // Adds elementwise users as long as the group has one result again: x * sigmoid(x) takes both nodes or none.
  void follow(Value* anchor, std::vector<Node*>* members) const {
    std::vector<Node*> set = *members;
    Value* frontier = anchor;
    while (set.size() < std::min(members->size() + most_followers, most_nodes_)) {
      Node* next = nullptr;
      for (Node* member : set)
        for (Node* user : member->output()->users)
          if (can_follow(user, anchor) && std::find(set.begin(), set.end(), user) == set.end() && (!next || position_.at(user) < position_.at(next)))
            next = user;
      if (!next) return;
      set.push_back(next);
      std::vector<Value*> open = results(set);
      if (open.size() == 1 && open[0] == next->output() && open[0] != frontier && convex(set)) {
        *members = set;
        frontier = open[0];
      }
    }
  }

  std::vector<Value*> results(const std::vector<Node*>& set) const {
    std::vector<Value*> open;
    for (Node* member : set)
      for (Value* output : member->outputs) {
        auto inside = [&](Node* user) { return std::find(set.begin(), set.end(), user) != set.end(); };
        if (graph_.is_output(output) || !std::all_of(output->users.begin(), output->users.end(), inside)) open.push_back(output);
      }
    return open;
  }

  // No operand from outside may depend on a member. With one result, which is the last node's, only a path through it could: and nothing
  // uses it yet. What remains are operands computed after the first member but independent of it: the group runs at its last node.
  bool convex(const std::vector<Node*>& set) const {
    for (size_t i = 0; i + 1 < set.size(); ++i)
      if (position_.at(set[i]) >= position_.at(set[i + 1])) return false;
    return true;
  }

  FusionGroup make_group(std::vector<Node*> members) const {
    FusionGroup group;
    for (Node* member : members)
      for (Value* input : member->inputs) {
        if (!input) continue;
        bool inside = input->producer && std::find(members.begin(), members.end(), input->producer) != members.end();
        if (!inside && std::find(group.inputs.begin(), group.inputs.end(), input) == group.inputs.end()) group.inputs.push_back(input);
      }
    std::vector<Node*> computed = members;  // an inlined producer gives the group nothing but its reads
    if (reads_channels_by_table(*members[std::min<size_t>(1, members.size() - 1)])) computed.erase(computed.begin());
    group.outputs = results(computed);
    for (Node* member : computed)  // results that nobody uses still need a place
      for (Value* output : member->outputs)
        if (output->users.empty() && std::find(group.outputs.begin(), group.outputs.end(), output) == group.outputs.end())
          group.outputs.push_back(output);
    group.nodes = std::move(members);
    return group;
  }

  const Graph& graph_;
  const size_t most_nodes_;
  std::map<const Node*, size_t> position_;
  std::set<const Node*> taken_;
};

// Elements lie in the order of their indices: no blocks, or [N, C, 1, 1] in whole blocks.
bool is_row_major(const TensorType& type) {
  if (!type.layout.blocked()) return true;
  int64_t pixels = 1;
  for (size_t d = 2; d < type.shape.size(); ++d) pixels *= type.shape[d];
  return pixels == 1 && type.shape[1] % type.layout.block == 0;
}

}  // namespace

Origin FusionGroup::origin() const {
  Origin all;
  for (const Node* node : nodes)
    for (const std::string& name : node->origin)
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  return all;
}

bool is_alias(const Node& node) {
  if (node.inputs.empty() || !node.inputs[0] || node.outputs.size() != 1) return false;
  const TensorType &from = node.inputs[0]->type, &to = node.output()->type;
  bool changes_layout = node.op == &op_to_layout && from.layout != to.layout;  // an equal layout: a copy that was asked for
  return (node.op->is_view || changes_layout) && is_row_major(from) && is_row_major(to);
}

// Asked of the operator's own expressions: no reduction, and every operand read at the element's place (or broadcast).
bool is_elementwise(const Node& node) {
  if (!node.op->lower || node.outputs.size() != 1) return false;
  std::vector<Tensor> inputs;
  for (const Value* input : node.inputs) inputs.push_back(input ? placeholder("x", input->type.dtype, input->type.shape) : nullptr);
  Tensor tensor = node.op->lower(node, inputs)[0];
  if (tensor->is_placeholder() || tensor->is_reduction()) return false;
  bool same_place = true;
  visit(tensor->result, [&](const Expr& e) {
    if (e.is(Op::read_or)) same_place = false;
    if (!e.is(Op::read)) return;
    if (!e->tensor->is_placeholder() || e->args.size() > tensor->axes.size()) return void(same_place = false);
    size_t skipped = tensor->axes.size() - e->args.size();
    for (size_t d = 0; d < e->args.size(); ++d) {
      bool own_axis = e->args[d].is(Op::var) && e->args[d]->var == tensor->axes[skipped + d].var;
      same_place = same_place && (own_axis || (e->tensor->shape[d] == 1 && is_const(e->args[d], 0)));
    }
  });
  return same_place;
}

std::vector<FusionGroup> fuse(const Graph& graph, size_t most_nodes) { return Fusion(graph, most_nodes).run(); }

}  // namespace broach
