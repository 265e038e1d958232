#include "reference/reference.h"

#include <map>

#include "ops/op_def.h"
#include "reference/operators.h"

namespace broach {
namespace {

using ReferenceFunction = reference_ops::Results (*)(const Node&, const reference_ops::Inputs&);

ReferenceFunction find_reference(const OpDef* op) {
  static const std::map<const OpDef*, ReferenceFunction> functions{
#define BROACH_OP(name) {&op_##name, reference_ops::name},
#include "ops/ops.def"
#undef BROACH_OP
  };
  auto it = functions.find(op);
  BROACH_CHECK(it != functions.end(), "operator {} has no reference", op->name);
  return it->second;
}

std::map<const Value*, const Node*> last_users(const Graph& graph) {
  std::map<const Value*, const Node*> last;
  for (const auto& node : graph.nodes())
    for (const Value* input : node->inputs) last[input] = node.get();
  return last;
}

}  // namespace

std::vector<Constant> reference(const Node& node, const std::vector<Constant>& inputs) {
  std::vector<Constant> all = inputs;
  all.resize(std::max(all.size(), node.inputs.size()));
  std::vector<Constant> results = find_reference(node.op)(node, all);
  BROACH_CHECK(results.size() == node.outputs.size(), "the reference of {} gave {} results", node.op->name, results.size());
  for (size_t i = 0; i < results.size(); ++i)
    BROACH_CHECK(results[i].type().shape == node.outputs[i]->type.shape, "the reference of {} gave {}, inference {}", node.op->name,
                 to_string(results[i].type()), to_string(node.outputs[i]->type));
  return results;
}

std::vector<Constant> reference_graph(const Graph& graph, const std::vector<Constant>& inputs,
                                      const std::function<void(const Node&, const std::vector<Constant>&)>& observer) {
  BROACH_CHECK(inputs.size() == graph.inputs.size(), "{} inputs for a graph with {}", inputs.size(), graph.inputs.size());
  std::map<const Value*, Constant> values;
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs[i]] = inputs[i];
  auto value_of = [&](const Value* value) {
    if (!value) return Constant();
    return value->is_constant() ? value->constant : values.at(value);
  };
  std::map<const Value*, const Node*> last = last_users(graph);
  for (const auto& node : graph.nodes()) {
    std::vector<Constant> arguments;
    for (const Value* input : node->inputs) arguments.push_back(value_of(input));
    std::vector<Constant> results = reference(*node, arguments);
    if (observer) observer(*node, results);
    for (size_t i = 0; i < results.size(); ++i) values[node->outputs[i]] = results[i];
    for (const Value* input : node->inputs)
      if (input && last[input] == node.get() && !graph.is_output(input)) values.erase(input);
  }
  std::vector<Constant> outputs;
  for (const Value* output : graph.outputs) outputs.push_back(value_of(output));
  return outputs;
}

}  // namespace broach
