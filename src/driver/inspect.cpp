#include "driver/inspect.h"

#include "driver/import.h"
#include "importers/onnx/describe.h"
#include "importers/onnx/import.h"
#include "ops/op_def.h"

namespace broach {
namespace {

std::string type_text(DType dtype, const Shape& shape) { return fmt::format("{}{}", info(dtype).numpy, to_string(shape)); }

std::vector<OperatorCount> as_list(const std::map<std::string, int64_t>& counts) {
  std::vector<OperatorCount> list;
  for (const auto& [name, count] : counts) list.push_back({name, count});
  return list;
}

// Points of all sums, by the operators' own expressions.
int64_t count_macs(const Graph& graph) {
  int64_t macs = 0;
  for (const auto& node : graph.nodes()) {
    if (node->op != &op_conv && node->op != &op_matmul) continue;
    std::vector<Tensor> inputs;
    for (const Value* input : node->inputs) inputs.push_back(input ? placeholder("x", input->type.dtype, input->type.shape) : nullptr);
    for (const Tensor& tensor : reachable(node->op->lower(*node, inputs))) {
      if (tensor->is_placeholder() || !tensor->is_reduction()) continue;
      int64_t points = element_count(tensor->shape);
      for (const Axis& axis : tensor->reduction.axes) points *= axis.extent;
      macs += points;
    }
  }
  return macs;
}

void count_macs(const std::string& path, const ModelOptions& options, ModelSummary& summary) {
  try {
    summary.macs = count_macs(import_model(path, options));
  } catch (const Error& error) {
    summary.macs_unknown = error.what();
  }
}

ModelSummary inspect_onnx(const std::string& path, const ModelOptions& options) {
  OnnxDescription onnx = describe_onnx(path);
  ModelSummary result;
  result.format = fmt::format("ONNX, opset {}{}", onnx.opset, onnx.producer.empty() ? "" : ", written by " + onnx.producer);
  auto summary = [](const OnnxDescription::Tensor& tensor) {
    return TensorSummary{tensor.name, fmt::format("{}[{}]", tensor.dtype, fmt::join(tensor.dims, ", "))};
  };
  for (const auto& input : onnx.inputs) result.inputs.push_back(summary(input));
  for (const auto& output : onnx.outputs) result.outputs.push_back(summary(output));
  result.operators = as_list(onnx.operators);
  result.parameters = onnx.parameters;
  result.parameter_bytes = onnx.parameter_bytes;
  count_macs(path, options, result);
  return result;
}

std::vector<OperatorCount> count_operators(const Graph& graph) {
  std::map<std::string, int64_t> counts;
  for (const auto& node : graph.nodes()) ++counts[node->op->name];
  return as_list(counts);
}

}  // namespace

ModelSummary inspect_model(const std::string& path, const ModelOptions& options) {
  if (model_format(path, options.format) == "onnx") return inspect_onnx(path, options);
  ModelSummary result;
  result.format = "Broach graph";
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
  result.macs = count_macs(graph);
  return result;
}

std::string type_text(const ImageTensor& tensor) {
  static constexpr const char* kinds[] = {"int", "uint", "float", "type3_", "bfloat", "complex"};
  std::string type = tensor.dtype_code == 6 ? "bool" : fmt::format("{}{}", kinds[tensor.dtype_code % 6], tensor.dtype_bits);
  std::vector<std::string> dims;
  for (int64_t dim : tensor.shape) dims.push_back(dim < 0 ? "?" : std::to_string(dim));
  return fmt::format("{}[{}]", type, fmt::join(dims, ", "));
}

CheckReport check_file(const std::string& model, const ModelOptions& options) {
  CheckReport report;
  if (model_format(model, options.format) == "onnx") {
    report.operators = as_list(describe_onnx(model).operators);
    for (const OperatorCount& op : report.operators) report.nodes += op.count;
    for (const UnsupportedOp& op : check_onnx(model)) report.unsupported.push_back({op.op, "no such operator", op.nodes});
    if (report.unsupported.empty()) import_model(model, options);
    return report;
  }
  Graph graph = import_model(model, options);
  report.operators = count_operators(graph);
  report.nodes = int64_t(graph.nodes().size());
  return report;
}

}  // namespace broach
