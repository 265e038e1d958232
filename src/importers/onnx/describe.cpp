#include "importers/onnx/describe.h"

#include <limits>
#include <set>

#include "importers/onnx/names.h"
#include "importers/onnx/tensor_data.h"
#include "onnx_subset.pb.h"
#include "support/errors.h"

namespace broach {
namespace {

using broach_onnx::GraphProto;
using broach_onnx::TensorProto;
using broach_onnx::ValueInfoProto;

OnnxDescription::Tensor describe(const ValueInfoProto& value) {
  OnnxDescription::Tensor tensor{printable(value.name()), "?", {}};
  if (!value.type().has_tensor_type()) return tensor;
  const auto& type = value.type().tensor_type();
  auto dtype = dtype_of_onnx(type.elem_type());
  tensor.dtype = dtype ? info(*dtype).numpy : onnx_dtype_name(type.elem_type());
  for (const auto& dim : type.shape().dim())
    tensor.dims.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? std::to_string(dim.dim_value())
                          : dim.dim_param().empty()                  ? "?"
                                                                     : printable(dim.dim_param()));
  return tensor;
}

void count_operators(const GraphProto& graph, std::map<std::string, int64_t>& counts) {
  for (const auto& node : graph.node()) {
    bool standard = node.domain().empty() || node.domain() == "ai.onnx";
    ++counts[printable(standard ? node.op_type() : node.domain() + "::" + node.op_type())];
    for (const auto& attribute : node.attribute())
      if (attribute.has_g()) count_operators(attribute.g(), counts);
  }
}

// Dims are the file's word: a claim that no memory could hold counts as none.
int64_t elements_of(const TensorProto& tensor) {
  int64_t elements = 1;
  for (int64_t dim : tensor.dims())
    if (dim < 0 || __builtin_mul_overflow(elements, dim, &elements) || elements > int64_t{1} << 40) return 0;
  return elements;
}

}  // namespace

OnnxDescription describe_onnx(const std::string& path) {
  auto file = MappedFile::open(path);
  auto bytes = file->bytes();
  broach_onnx::ModelProto model;
  bool parsed = !bytes.empty() && bytes.size() <= size_t(std::numeric_limits<int>::max()) && model.ParseFromArray(bytes.data(), int(bytes.size()));
  if (!parsed || !model.has_graph()) throw_error("'{}' is not an ONNX model, or it is cut off or damaged", path);
  OnnxDescription result;
  result.ir_version = model.ir_version();
  result.producer = printable(model.producer_name());
  for (const auto& import : model.opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx") result.opset = import.version();
  std::set<std::string> initialised;
  for (const TensorProto& tensor : model.graph().initializer()) {
    initialised.insert(tensor.name());
    auto dtype = dtype_of_onnx(tensor.data_type());
    result.parameters += elements_of(tensor);
    if (dtype) result.parameter_bytes += elements_of(tensor) * byte_size(*dtype);
  }
  for (const auto& input : model.graph().input())
    if (!initialised.contains(input.name())) result.inputs.push_back(describe(input));
  for (const auto& output : model.graph().output()) result.outputs.push_back(describe(output));
  count_operators(model.graph(), result.operators);
  return result;
}

}  // namespace broach
