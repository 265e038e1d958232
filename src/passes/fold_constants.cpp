#include "passes/fold_constants.h"

#include <algorithm>
#include <cstring>

#include "ops/op_def.h"

namespace broach {
namespace {

constexpr int64_t most_bytes = int64_t(1) << 30, most_bytes_together = int64_t(8) << 30;

bool has_constant_inputs(const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(), [](const Value* value) { return !value || value->is_constant(); });
}

int64_t bytes_of_outputs(const Node& node) {
  int64_t bytes = 0;
  for (const Value* output : node.outputs) bytes += element_count(output->type.shape) * byte_size(output->type.dtype);
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

std::vector<Constant> compute(const Node& node, const std::vector<Constant>& inputs, const ConstantEvaluator& evaluate) {
  if (node.op == &op_expand && inputs[0].elements() == 1) return {repeated(inputs[0], node.output()->type)};
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
    int64_t bytes = bytes_of_outputs(*node);
    if (!has_constant_inputs(*node) || bytes > most_bytes || together + bytes > most_bytes_together) continue;
    together += bytes;
    fold(graph, *node, evaluate);
    changed = true;
  }
  if (changed) graph.remove_dead();
  return changed;
}

}  // namespace broach
