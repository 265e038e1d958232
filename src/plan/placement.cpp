#include "plan/placement.h"

#include <set>

#include "expr/simplify.h"
#include "ops/movement.h"
#include "ops/op_def.h"

namespace broach {
namespace {

bool has_alias_user(const Value* value) {
  return std::any_of(value->users.begin(), value->users.end(), [](const Node* user) { return is_alias(*user); });
}

int64_t batch_of(const Value* value) { return value->type.shape.empty() ? 1 : value->type.shape[0]; }

int64_t channels_taken(const Node& node, const TensorType& part) {
  if (node.op != &op_join_channels) return part.shape[1];
  return TensorBuffer::of(part).padded_extent(1);
}

// Channels are where parts meet; in blocks every part but the last must end with a block.
bool joins_channels(const Node& node) {
  if (node.op == &op_join_channels) return true;
  if (node.op != &op_concat) return false;
  const TensorType& out = node.output()->type;
  int64_t axis = node.attrs<ConcatAttributes>().axis, rank = int64_t(out.shape.size());
  if ((axis < 0 ? axis + rank : axis) != 1 || rank < 2) return false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorType& part = node.inputs[i]->type;
    if (part.layout != out.layout) return false;
    if (out.layout.blocked() && i + 1 < node.inputs.size() && part.shape[1] % out.layout.block != 0) return false;
  }
  return true;
}

int64_t inner_elements(TensorBuffer buffer) {
  buffer.shape[0] = 1;
  buffer.batch_pitch = 0;
  return buffer.elements();
}

int64_t channel_offset(const TensorBuffer& parent, int64_t channel) {
  std::vector<Expr> indices(parent.shape.size(), Expr(int64_t(0)));
  indices[1] = Expr(channel);
  for (size_t d = 2; d < indices.size(); ++d) indices[d] = Expr(-parent.halo_low(d));
  return evaluate_int(simplify(parent.offset(indices))) * byte_size(parent.dtype);
}

}  // namespace

Placement::Placement(const Graph& graph, const std::vector<GroupExpressions>& groups) {
  find_views(graph);
  make_roots(graph);
  add_rims(groups);
  place_values(graph);
  copy_to_outputs(graph);
}

bool Placement::can_join(const Graph& graph, const Value* part, const Node* concat) const {
  if (!part->producer || part->is_constant() || members_.count(part) || graph.is_output(part)) return false;
  if (is_alias(*part->producer) || std::count(concat->inputs.begin(), concat->inputs.end(), part) > 1) return false;
  return batch_of(part) == 1 || !has_alias_user(part);
}

void Placement::find_views(const Graph& graph) {
  const auto& nodes = graph.nodes();
  for (size_t i = nodes.size(); i-- > 0;) {
    const Node* node = nodes[i].get();
    if (is_alias(*node)) members_[node->output()] = {node->inputs[0], 0, true};
    if (!joins_channels(*node)) continue;
    concats_.push_back(node);
    int64_t channel = 0;
    for (const Value* part : node->inputs) {
      if (can_join(graph, part, node)) members_[part] = {node->output(), channel, false};
      channel += channels_taken(*node, part->type);
    }
  }
}

const Value* Placement::top(const Value* value) const {
  auto found = members_.find(value);
  return found == members_.end() ? value : top(found->second.parent);
}

void Placement::make_roots(const Graph& graph) {
  auto add = [&](const Value* value, Root::Kind kind, int index) {
    root_of_[value] = int(roots_.size());
    roots_.push_back({kind, index, value, TensorBuffer::of(value->type)});
  };
  for (size_t i = 0; i < graph.inputs.size(); ++i) add(graph.inputs[i], Root::Kind::input, int(i));
  for (const auto& value : graph.values())
    if (value->is_constant()) add(value.get(), Root::Kind::constant, 0);
  for (const auto& node : graph.nodes())
    for (const Value* output : node->outputs)
      if (top(output) == output) add(output, Root::Kind::arena, 0);
  // A result is written to the user's memory at once where its root holds just that.
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const Value* value = top(graph.outputs[i]);
    Root& root = roots_[size_t(root_of_.at(value))];
    bool whole = element_count(value->type.shape) == element_count(graph.outputs[i]->type.shape) && !value->type.layout.blocked();
    if (root.kind == Root::Kind::arena && whole) {
      root.kind = Root::Kind::output;
      root.index = int(i);
    }
  }
}

void Placement::add_rims(const std::vector<GroupExpressions>& groups) {
  std::set<int> rigid;
  for (const auto& [value, member] : members_)
    if (member.alias) rigid.insert(root_of_.at(top(value)));
  for (const GroupExpressions& group : groups)
    for (size_t i = 0; i < group.inputs.size(); ++i) {
      const Value* value = group.group.inputs[i];
      int index = root_of_.at(top(value));
      Root& root = roots_[size_t(index)];
      if (root.kind != Root::Kind::arena || rigid.count(index)) continue;
      auto need = rim_needed(group, group.inputs[i]);
      if (!need) continue;
      Halo& halo = root.buffer.halo;
      if (halo.low.empty()) {
        halo.low.assign(need->low.size(), 0);
        halo.high.assign(need->high.size(), 0);
        halo.fill = need->fill;
      }
      if (halo.fill != need->fill) continue;  // the first reader decides; others test the edges themselves
      for (size_t d = 0; d < need->low.size(); ++d) {
        halo.low[d] = std::max(halo.low[d], need->low[d]);
        halo.high[d] = std::max(halo.high[d], need->high[d]);
      }
    }
}

void Placement::place_values(const Graph& graph) {
  std::function<const Place&(const Value*)> locate = [&](const Value* value) -> const Place& {
    auto known = places_.find(value);
    if (known != places_.end()) return known->second;
    Place place;
    auto member = members_.find(value);
    if (member == members_.end()) {
      place.root = root_of_.at(value);
      place.buffer = roots_[size_t(place.root)].buffer;
    } else {
      const Place& parent = locate(member->second.parent);
      place.root = parent.root;
      place.offset = parent.offset;
      place.buffer = TensorBuffer::of(value->type);
      if (!member->second.alias) {
        place.offset += channel_offset(parent.buffer, member->second.first_channel);
        place.buffer.halo = parent.buffer.halo;
        if (batch_of(value) > 1) place.buffer.batch_pitch = parent.buffer.batch_pitch ? parent.buffer.batch_pitch : inner_elements(parent.buffer);
      }
    }
    return places_[value] = place;
  };
  for (const auto& value : graph.values()) {
    if (!value->producer && !root_of_.count(value.get())) continue;
    locate(value.get());
  }
  for (const Node* node : concats_) {
    int64_t channel = 0;
    for (const Value* part : node->inputs) {
      auto member = members_.find(part);
      if (member == members_.end() || member->second.alias || member->second.parent != node->output()) {
        const Place& whole = places_.at(node->output());
        Place to{whole.root, whole.offset + channel_offset(whole.buffer, channel), TensorBuffer::of(part->type)};
        to.buffer.halo = whole.buffer.halo;
        if (batch_of(part) > 1) to.buffer.batch_pitch = whole.buffer.batch_pitch ? whole.buffer.batch_pitch : inner_elements(whole.buffer);
        copies_.push_back({part, to, node->output(), node->origin});
      }
      channel += channels_taken(*node, part->type);
    }
  }
}

void Placement::copy_to_outputs(const Graph& graph) {
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const Value* value = graph.outputs[i];
    const Root& root = roots_[size_t(places_.at(value).root)];
    if (root.kind == Root::Kind::output && root.index == int(i)) continue;
    Root copy{Root::Kind::output, int(i), nullptr, TensorBuffer::of(value->type)};
    Place to{int(roots_.size()), 0, copy.buffer};
    roots_.push_back(copy);
    copies_.push_back({value, to, nullptr, value->producer ? value->producer->origin : Origin{value->name}});
  }
}

}  // namespace broach
