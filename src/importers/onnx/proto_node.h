#pragma once
// The nodes of an ONNX file.
#include "importers/onnx/node_view.h"
#include "importers/onnx/tensor_data.h"

namespace broach_onnx {
class NodeProto;
class AttributeProto;
}  // namespace broach_onnx

namespace broach {

// Refers to a message and to the reader of its tensors; both must outlive it.
class ProtoNode : public NodeView {
 public:
  ProtoNode(const broach_onnx::NodeProto& node, TensorReader& tensors) : node_(node), tensors_(tensors) {}
  std::string name() const override;
  std::string op_type() const override;
  std::string domain() const override;
  std::vector<std::string> inputs() const override;
  std::vector<std::string> outputs() const override;
  std::vector<std::string> attribute_names() const override;
  std::optional<AttributeValue> attribute(const std::string& name) const override;

 private:
  const broach_onnx::NodeProto& node_;
  TensorReader& tensors_;
};

}  // namespace broach
