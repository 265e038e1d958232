#include "passes/fold_constants.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "ops/op_def.h"

namespace broach {
namespace {

constexpr int64_t most_bytes = int64_t(1) << 30;
// A few nodes can make any number of bytes of a few: what a node adds to its inputs' is bounded, in all and, where it is not the
// mere filling of a shape, by itself.
constexpr int64_t most_growth = int64_t(64) << 20, most_growth_together = int64_t(2) << 30;

bool has_constant_inputs(const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(), [](const Value* value) { return !value || value->is_constant(); });
}

int64_t bytes_of(const TensorType& type) { return element_count(type.shape) * byte_size(type.dtype); }

int64_t bytes_of_inputs(const Node& node) {
  int64_t bytes = 0;
  for (const Value* input : std::set<const Value*>(node.inputs.begin(), node.inputs.end()))
    if (input) bytes += bytes_of(input->type);
  return bytes;
}

int64_t bytes_of_outputs(const Node& node) {
  int64_t bytes = 0;
  for (const Value* output : node.outputs) bytes += bytes_of(output->type);
  return bytes;
}

// One element repeated: the weights of models that are shipped without theirs. Evaluators are too slow for hundreds of megabytes.
Constant repeated(const Constant& element, const TensorType& type) {
  auto size = size_t(byte_size(type.dtype)), bytes = size_t(element_count(type.shape)) * size;
  auto data = std::make_shared<std::vector<std::byte>>(bytes);
  if (bytes != 0) std::memcpy(data->data(), element.data(), size);
  for (size_t done = size; done < bytes; done *= 2) std::memcpy(data->data() + done, data->data(), std::min(done, bytes - done));
  return Constant(type, data, bytes ? data->data() : element.data());
}

bool fills_a_shape(const Node& node) { return node.op == &op_expand && element_count(node.inputs[0]->type.shape) == 1; }

std::vector<Constant> compute(const Node& node, const std::vector<Constant>& inputs, const ConstantEvaluator& evaluate) {
  if (fills_a_shape(node)) return {repeated(inputs[0], node.output()->type)};
  return evaluate(node, inputs);
}

void fold(Graph& graph, Node& node, const ConstantEvaluator& evaluate) {
  std::vector<Constant> inputs;
  for (const Value* input : node.inputs) inputs.push_back(input ? input->constant : Constant());
  std::vector<Constant> results = compute(node, inputs, evaluate);
  BROACH_CHECK(results.size() == node.outputs.size(), "{} was evaluated to {} results", node.op->name, results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    Value* output = node.outputs[i];
    BROACH_CHECK(results[i].type() == output->type, "{} was evaluated to {} instead of {}", node.op->name, to_string(results[i].type()),
                 to_string(output->type));
    graph.replace_uses(output, graph.add_constant(std::move(results[i]), output->name));
  }
}

}  // namespace

bool fold_constants(Graph& graph, const ConstantEvaluator& evaluate) {
  int64_t together = 0;
  bool changed = false;
  for (auto& node : graph.nodes()) {
    if (!has_constant_inputs(*node)) continue;
    int64_t bytes = bytes_of_outputs(*node), growth = std::max<int64_t>(0, bytes - bytes_of_inputs(*node));
    if (bytes > most_bytes || (growth > most_growth && !fills_a_shape(*node)) || together + growth > most_growth_together) continue;
    together += growth;
    fold(graph, *node, evaluate);
    changed = true;
  }
  if (changed) graph.remove_dead();
  return changed;
}

}  // namespace broach
