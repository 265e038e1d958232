#include "passes/eliminate_common_subexpressions.h"

#include <unordered_map>

#include "passes/rewrite.h"

namespace broach {
namespace {

bool join_constants(Graph& graph) {
  std::unordered_multimap<uint64_t, Value*> known;
  bool changed = false;
  for (auto& value : graph.values()) {
    if (!value->is_constant()) continue;
    Value* twin = nullptr;
    auto [begin, end] = known.equal_range(value->constant.hash());
    for (auto at = begin; at != end && !twin; ++at)
      if (at->second->constant == value->constant) twin = at->second;
    if (twin) {
      changed = changed || !value->users.empty() || graph.is_output(value.get());
      graph.replace_uses(value.get(), twin);
    } else {
      known.emplace(value->constant.hash(), value.get());
    }
  }
  return changed;
}

size_t hash_of(const Node& node) {
  size_t hash = std::hash<const void*>()(node.op);
  for (const Value* input : node.inputs) hash = hash * 1000003 + std::hash<const void*>()(input);
  return hash;
}

bool equal(const Node& a, const Node& b) { return a.op == b.op && a.inputs == b.inputs && a.attributes->equals(*b.attributes); }

bool join_nodes(Graph& graph) {
  std::unordered_multimap<size_t, Node*> known;
  bool changed = false;
  for (auto& node : graph.nodes()) {
    Node* twin = nullptr;
    auto [begin, end] = known.equal_range(hash_of(*node));
    for (auto at = begin; at != end && !twin; ++at)
      if (equal(*at->second, *node)) twin = at->second;
    if (!twin) {
      known.emplace(hash_of(*node), node.get());
      continue;
    }
    for (size_t i = 0; i < node->outputs.size(); ++i) graph.replace_uses(node->outputs[i], twin->outputs[i]);
    twin->origin = joined(twin->origin, node->origin);
    changed = true;
  }
  return changed;
}

}  // namespace

bool eliminate_common_subexpressions(Graph& graph) {
  bool changed = join_constants(graph);
  if (join_nodes(graph)) changed = true;
  if (changed) graph.remove_dead();
  return changed;
}

}  // namespace broach
