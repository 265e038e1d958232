#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/op_def.h"

namespace broach {
namespace {

struct Verifier {
  const Graph& graph;
  std::unordered_set<const Value*> owned, defined;
  std::unordered_map<const Value*, std::unordered_map<const Node*, int>> uses = {};

  void check_values() {
    std::unordered_set<std::string> names;
    for (auto& value : graph.values()) {
      BROACH_CHECK(!value->name.empty() && names.insert(value->name).second, "the name '{}' is taken twice", value->name);
      owned.insert(value.get());
      element_count(value->type.shape);
      if (!value->is_constant()) continue;
      BROACH_CHECK(!value->producer, "constant {} has a producer", value->name);
      BROACH_CHECK(value->constant.type() == value->type, "constant {} of type {} holds {}", value->name, to_string(value->type),
                   to_string(value->constant.type()));
      defined.insert(value.get());
    }
    for (const Value* input : graph.inputs) {
      BROACH_CHECK(owned.count(input), "a graph input is not owned by the graph");
      BROACH_CHECK(!input->producer && !input->is_constant(), "graph input {} is computed or constant", input->name);
      BROACH_CHECK(defined.insert(input).second, "graph input {} is listed twice", input->name);
    }
  }

  void check_inputs(const Node& node) {
    for (const Value* input : node.inputs) {
      if (!input) continue;
      BROACH_CHECK(owned.count(input), "{} reads a value of another graph", node.op->name);
      BROACH_CHECK(defined.count(input), "{} reads {} before it is computed", node.op->name, input->name);
      ++uses[input][&node];
    }
  }

  void check_outputs(const Node& node) {
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const Value* output = node.outputs[i];
      BROACH_CHECK(owned.count(output), "{} writes a value of another graph", node.op->name);
      BROACH_CHECK(output->producer == &node && output->index == int(i), "{} is not result {} of {}", output->name, i, node.op->name);
      BROACH_CHECK(defined.insert(output).second, "{} is computed twice", output->name);
    }
  }

  void check_types(const Node& node) {
    std::vector<TensorType> types;
    try {
      types = node.op->infer(node);
    } catch (const Error& error) {
      BROACH_CHECK(false, "{} of {}: {}", node.op->name, fmt::join(node.origin, ", "), error.what());
    }
    BROACH_CHECK(types.size() == node.outputs.size(), "{} has {} results instead of {}", node.op->name, node.outputs.size(), types.size());
    for (size_t i = 0; i < types.size(); ++i) {
      const TensorType& type = node.outputs[i]->type;
      BROACH_CHECK(type == types[i], "{} has type {} but {} gives {}", node.outputs[i]->name, to_string(type), node.op->name, to_string(types[i]));
    }
  }

  void check_users() {
    for (const Value* output : graph.outputs) BROACH_CHECK(defined.count(output), "a graph output is never computed");
    for (auto& value : graph.values()) {
      BROACH_CHECK(defined.count(value.get()), "{} has no producer", value->name);
      std::unordered_map<const Node*, int> users;
      for (const Node* user : value->users) ++users[user];
      BROACH_CHECK(users == uses[value.get()], "the users of {} disagree with the nodes' inputs", value->name);
    }
  }
};

}  // namespace

void verify(const Graph& graph) {
  Verifier verifier{graph, {}, {}};
  verifier.check_values();
  for (auto& node : graph.nodes()) {
    BROACH_CHECK(node->op && node->attributes, "a node without operator or attributes");
    verifier.check_inputs(*node);
    verifier.check_outputs(*node);
    verifier.check_types(*node);
  }
  verifier.check_users();
}

}  // namespace broach
