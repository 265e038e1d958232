#include "driver/inspect.h"

#include <filesystem>

#include "broach/abi.h"
#include "broach/runtime.hpp"
#include "driver/import.h"
#include "importers/onnx/import.h"

namespace broach {
namespace {

std::string type_text(DType dtype, const Shape& shape) { return fmt::format("{}{}", info(dtype).numpy, to_string(shape)); }

TensorSummary summary(const runtime::TensorInfo& tensor) {
  static constexpr const char* kinds[] = {"int", "uint", "float", "", "bfloat", "complex", "bool"};
  std::string type = tensor.dtype.code == 6 ? "bool" : fmt::format("{}{}", kinds[tensor.dtype.code % 7], int(tensor.dtype.bits));
  return {tensor.name, type + to_string(tensor.shape)};
}

std::vector<OperatorCount> count_operators(const Graph& graph) {
  std::map<std::string, int64_t> counts;
  for (const auto& node : graph.nodes()) ++counts[node->op->name];
  std::vector<OperatorCount> list;
  for (const auto& [name, count] : counts) list.push_back({name, count});
  return list;
}

}  // namespace

ModelSummary inspect_model(const std::string& path, const ModelOptions& options) {
  ModelSummary result;
  result.format = model_format(path, options.format) == "onnx" ? "ONNX" : "Broach graph";
  Graph graph = import_model(path, options);
  for (const Value* input : graph.inputs) result.inputs.push_back({input->name, type_text(input->type.dtype, input->type.shape)});
  for (size_t i = 0; i < graph.outputs.size(); ++i)
    result.outputs.push_back({graph.output_name(i), type_text(graph.outputs[i]->type.dtype, graph.outputs[i]->type.shape)});
  result.operators = count_operators(graph);
  for (const auto& value : graph.values())
    if (value->is_constant()) {
      result.parameters += value->constant.elements();
      result.parameter_bytes += value->constant.bytes();
    }
  return result;
}

ArtifactSummary inspect_artifact(const std::string& path) {
  runtime::Module module(path);
  ArtifactSummary result;
  result.format_version = fmt::format("{}.{}", BROACH_ABI_MAJOR, BROACH_ABI_MINOR);
  result.target = module.target();
  result.meta = module.meta();
  for (uint32_t i = 0; i < module.input_count(); ++i) result.inputs.push_back(summary(module.input(i)));
  for (uint32_t i = 0; i < module.output_count(); ++i) result.outputs.push_back(summary(module.output(i)));
  result.file_bytes = int64_t(std::filesystem::file_size(path));
  return result;
}

CheckReport check_file(const std::string& model, const ModelOptions& options) {
  CheckReport report;
  if (model_format(model, options.format) == "onnx")
    for (const UnsupportedOp& op : check_onnx(model)) report.unsupported.push_back({op.op, "no such operator", op.nodes});
  if (!report.unsupported.empty()) return report;
  Graph graph = import_model(model, options);
  report.operators = count_operators(graph);
  report.nodes = int64_t(graph.nodes().size());
  return report;
}

}  // namespace broach
