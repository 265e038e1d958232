#include "driver/import.h"

#include <filesystem>

#include "driver/host.h"
#include "graph/save.h"
#include "importers/onnx/import.h"
#include "ops/evaluate.h"
#include "ops/op_def.h"

namespace broach {
namespace {

constexpr int64_t most_interpreted_elements = 1 << 14;

bool ends_with(const std::string& text, std::string_view suffix) {
  return text.size() >= suffix.size() && std::string_view(text).substr(text.size() - suffix.size()) == suffix;
}

int64_t work(const Node& node, const std::vector<Constant>& inputs) {
  int64_t elements = 0;
  for (const Constant& input : inputs)
    if (input) elements += input.elements();
  for (const Value* output : node.outputs) elements += element_count(output->type.shape);
  return elements;
}

}  // namespace

std::string model_format(const std::string& path, const std::string& given) {
  if (!given.empty()) {
    if (given == "onnx" || given == "graph") return given;
    throw_error("there is no importer for the model format '{}'; there are onnx and graph", given);
  }
  if (ends_with(path, ".onnx")) return "onnx";
  if (ends_with(path, ".graph")) return "graph";
  if (std::filesystem::is_directory(path)) throw_error("'{}' is a directory; a model file was expected", path);
  if (!std::filesystem::exists(path)) throw_error("cannot read '{}': no such file", path);
  throw_error("the suffix of '{}' does not tell its format: name it with --model-format onnx or graph", path);
}

Graph import_model(const std::string& path, const ModelOptions& options) {
  if (model_format(path, options.format) == "graph") {
    if (!options.input_shapes.empty()) throw_error("'{}' is a saved graph, whose shapes are fixed: leave out --input-shapes", path);
    return load_graph(path, find_op);
  }
  return import_onnx(path, {options.input_shapes, evaluate_constant_node});
}

Graph import_model(std::span<const std::byte> bytes, const ModelOptions& options) {
  if (!options.format.empty() && options.format != "onnx") throw_error("a model in memory must be ONNX, not {}", options.format);
  return import_onnx_bytes(bytes, "", {options.input_shapes, evaluate_constant_node});
}

std::vector<Constant> evaluate_constant_node(const Node& node, const std::vector<Constant>& inputs) {
  if (node.op->is_view) {  // the same bytes with another shape
    auto owner = std::make_shared<Constant>(inputs[0]);
    return {Constant(node.output()->type, owner, owner->data())};
  }
  if (work(node, inputs) <= most_interpreted_elements) return evaluate_node(node, inputs);
  Graph graph;
  std::vector<Value*> values;
  for (const Constant& input : inputs) values.push_back(input ? graph.add_constant(input) : nullptr);
  Node* copy = graph.add(*node.op, values, node.attributes ? node.attributes->clone() : nullptr, node.origin);
  for (size_t i = 0; i < copy->outputs.size(); ++i) graph.add_output(copy->outputs[i], fmt::format("y{}", i));
  return evaluate_on_host(graph);
}

}  // namespace broach
