#include "passes/rewrite.h"

#include <algorithm>

namespace broach {

bool rewrite(Graph& graph, const std::function<bool(Graph&, Node&)>& rule) {
  bool changed = false, changed_now = true;
  while (changed_now) {
    changed_now = false;
    // By index: a rule moves the nodes after its own, and what it moves past is seen in the next round.
    for (size_t i = 0; i < graph.nodes().size(); ++i)
      if (rule(graph, *graph.nodes()[i])) changed_now = true;
    changed = changed || changed_now;
  }
  return changed;
}

Node& replace_node(Graph& graph, Node& node, const OpDef& op, std::vector<Value*> inputs, const Attributes& attributes, const Origin& also) {
  Node* replacement = graph.insert_before(&node, op, std::move(inputs), attributes.clone(), joined(node.origin, also));
  BROACH_CHECK(replacement->output()->type == node.output()->type, "{} of type {} replaces {} of type {}", op.name,
               to_string(replacement->output()->type), node.op->name, to_string(node.output()->type));
  std::string name = node.output()->name;
  replace_node(graph, node, replacement->output());
  graph.rename(replacement->output(), name);
  return *replacement;
}

void replace_node(Graph& graph, Node& node, Value* value) {
  graph.replace_uses(node.output(), value);
  graph.erase(&node);
}

Node* sole_producer(const Graph& graph, const Value* value, const OpDef& op) {
  Node* producer = value ? value->producer : nullptr;
  return producer && is(*producer, op) && value->users.size() == 1 && !graph.is_output(value) ? producer : nullptr;
}

bool is(const Node& node, const OpDef& op) { return node.op == &op; }

bool is_splat(const Value* value, double number) {
  if (!value || !value->is_constant()) return false;
  for (int64_t i = 0; i < value->constant.elements(); ++i)
    if (value->constant.float_at(i) != number) return false;
  return value->constant.elements() > 0;
}

std::optional<std::vector<double>> along_axis(const Value* value, const Shape& shape, size_t axis) {
  if (!value || !value->is_constant() || !is_float(value->type.dtype) || axis >= shape.size()) return std::nullopt;
  const Shape& from = value->type.shape;
  if (from.size() > shape.size()) return std::nullopt;
  size_t skipped = shape.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1 && (skipped + i != axis || from[i] != shape[axis])) return std::nullopt;
  std::vector<double> numbers = value->constant.floats();
  if (numbers.size() == 1) numbers.resize(size_t(shape[axis]), numbers[0]);
  return numbers;
}

Origin joined(const Origin& a, const Origin& b) {
  Origin result = a;
  for (const std::string& name : b)
    if (std::find(result.begin(), result.end(), name) == result.end()) result.push_back(name);
  return result;
}

}  // namespace broach
