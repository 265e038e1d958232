#include "importers/onnx/proto_node.h"

#include "onnx_subset.pb.h"
#include "support/errors.h"

namespace broach {
namespace {

using broach_onnx::AttributeProto;

AttributeValue value_of(const AttributeProto& attribute, TensorReader& tensors) {
  switch (attribute.type()) {
    case AttributeProto::FLOAT: return double(attribute.f());
    case AttributeProto::INT: return int64_t(attribute.i());
    case AttributeProto::STRING: return attribute.s();
    case AttributeProto::FLOATS: return std::vector<double>(attribute.floats().begin(), attribute.floats().end());
    case AttributeProto::INTS: return std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end());
    case AttributeProto::STRINGS: return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
    case AttributeProto::TENSOR: {
      broach_onnx::TensorProto tensor = attribute.t();  // reading takes the data away
      return tensors.read(tensor);
    }
    case AttributeProto::UNDEFINED: throw_error("attribute '{}' has no type", attribute.name());
    case AttributeProto::GRAPH:
    case AttributeProto::GRAPHS: return UnsupportedAttribute{"a graph"};
    case AttributeProto::TENSORS: return UnsupportedAttribute{"a list of tensors"};
    case AttributeProto::SPARSE_TENSOR:
    case AttributeProto::SPARSE_TENSORS: return UnsupportedAttribute{"a sparse tensor"};
    default: return UnsupportedAttribute{"a type"};
  }
}

}  // namespace

std::string display_name(const NodeView& node) {
  std::string name = node.name();
  if (!name.empty()) return name;
  for (const std::string& output : node.outputs())
    if (!output.empty()) return output;
  return node.op_type();
}

std::string ProtoNode::name() const { return node_.name(); }
std::string ProtoNode::op_type() const { return node_.op_type(); }
std::string ProtoNode::domain() const { return node_.domain() == "ai.onnx" ? "" : node_.domain(); }
std::vector<std::string> ProtoNode::inputs() const { return {node_.input().begin(), node_.input().end()}; }
std::vector<std::string> ProtoNode::outputs() const { return {node_.output().begin(), node_.output().end()}; }

std::vector<std::string> ProtoNode::attribute_names() const {
  std::vector<std::string> names;
  for (const AttributeProto& attribute : node_.attribute()) names.push_back(attribute.name());
  return names;
}

std::optional<AttributeValue> ProtoNode::attribute(const std::string& name) const {
  for (const AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    if (!attribute.ref_attr_name().empty()) throw_error("attribute '{}' refers to an attribute of a function, and there is none here", name);
    return value_of(attribute, tensors_);
  }
  return std::nullopt;
}

}  // namespace broach
