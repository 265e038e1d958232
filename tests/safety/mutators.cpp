#include "safety/mutators.h"

#include <limits>
#include <vector>

namespace broach::test {

using namespace broach_onnx;

std::string Mutator::damaged(std::string bytes) {
  for (size_t edits = 1 + below(4); edits > 0 && !bytes.empty(); --edits) {
    const size_t at = below(bytes.size()), length = std::min(bytes.size() - at, 1 + below(16));
    switch (below(7)) {
      case 0: bytes[at] = char(bytes[at] ^ (1 << below(8))); break;
      case 1: bytes[at] = char(random_()); break;
      case 2: bytes.replace(at, length, length, once_in(2) ? '\xff' : '\0'); break;
      case 3: bytes.erase(at, length); break;
      case 4: bytes.insert(at, bytes.substr(at, length)); break;
      case 5: bytes.insert(at, std::string(length, char(random_()))); break;
      case 6:
        if (once_in(4)) bytes.resize(at);
        break;
    }
  }
  return bytes;
}

int64_t Mutator::other(int64_t value) {
  constexpr int64_t extremes[] = {
      0, -1, 1, 1 << 20, int64_t{1} << 31, int64_t{1} << 40, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
  switch (below(4)) {
    case 0: return extremes[below(std::size(extremes))];
    case 1: return value + 1;
    case 2: return value - 1;
    default: return value * 2 + int64_t(below(3));
  }
}

std::string Mutator::other_name(const GraphProto& graph) {
  if (graph.node_size() && !once_in(4)) {
    const NodeProto& node = graph.node(int(below(size_t(graph.node_size()))));
    if (node.output_size()) return node.output(int(below(size_t(node.output_size()))));
  }
  if (graph.initializer_size() && once_in(2)) return graph.initializer(int(below(size_t(graph.initializer_size())))).name();
  if (graph.input_size() && once_in(2)) return graph.input(int(below(size_t(graph.input_size())))).name();
  return once_in(2) ? "" : std::string("\xff\n\0\"", 4);
}

void Mutator::change(ModelProto& model) {
  GraphProto& graph = *model.mutable_graph();
  switch (below(8)) {
    case 0: change_nodes(graph); break;
    case 1:
      if (graph.initializer_size()) change_tensor(*graph.mutable_initializer(int(below(size_t(graph.initializer_size())))));
      break;
    case 2: change_input(graph); break;
    case 3:
      if (model.opset_import_size()) model.mutable_opset_import(0)->set_version(once_in(4) ? other(13) : int64_t(7 + below(21)));
      break;
    case 4:
      if (graph.output_size()) graph.mutable_output(int(below(size_t(graph.output_size()))))->set_name(other_name(graph));
      break;
    default: change_node(graph);
  }
}

void Mutator::change_node(GraphProto& graph) {
  if (!graph.node_size()) return;
  NodeProto& node = *graph.mutable_node(int(below(size_t(graph.node_size()))));
  switch (below(6)) {
    case 0: change_edge(graph, node); break;
    case 1: node.set_op_type(graph.node(int(below(size_t(graph.node_size())))).op_type()); break;
    case 2: node.set_name(other_name(graph)); break;
    default:
      // Most of what a model says stands in attributes.
      for (int tries = 0; tries < 20; ++tries) {
        NodeProto& candidate = *graph.mutable_node(int(below(size_t(graph.node_size()))));
        if (candidate.attribute_size()) return change_attribute(candidate);
      }
  }
}

void Mutator::change_edge(GraphProto& graph, NodeProto& node) {
  switch (below(5)) {
    case 0:
      if (node.input_size()) node.mutable_input()->RemoveLast();
      break;
    case 1: node.add_input(other_name(graph)); break;
    case 2:
      if (node.output_size()) node.set_output(int(below(size_t(node.output_size()))), other_name(graph));
      break;
    case 3:
      if (node.input_size() > 1) node.mutable_input()->SwapElements(0, int(below(size_t(node.input_size()))));
      break;
    default:
      if (node.input_size()) node.set_input(int(below(size_t(node.input_size()))), other_name(graph));
  }
}

void Mutator::change_nodes(GraphProto& graph) {
  if (!graph.node_size()) return;
  const int at = int(below(size_t(graph.node_size())));
  switch (below(3)) {
    case 0: graph.mutable_node()->DeleteSubrange(at, 1); break;
    case 1: {
      NodeProto copy = graph.node(at);
      for (auto& output : *copy.mutable_output()) output += "_again";
      *graph.add_node() = copy;
      break;
    }
    case 2: graph.mutable_node()->SwapElements(at, int(below(size_t(graph.node_size())))); break;
  }
}

void Mutator::change_attribute(NodeProto& node) {
  const int at = int(below(size_t(node.attribute_size())));
  AttributeProto& attribute = *node.mutable_attribute(at);
  switch (below(10)) {
    case 0: node.mutable_attribute()->DeleteSubrange(at, 1); break;
    case 1: *node.add_attribute() = AttributeProto(attribute); break;
    case 2: attribute.set_name(attribute.name() + "x"); break;
    case 3: attribute.set_type(AttributeProto::AttributeType(below(15))); break;
    default: change_value(attribute);
  }
}

void Mutator::change_value(AttributeProto& attribute) {
  if (attribute.has_t()) return change_tensor(*attribute.mutable_t());
  if (attribute.has_s()) {
    const char* words[] = {"", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "linear", "nearest", "\xff"};
    return attribute.set_s(words[below(std::size(words))]);
  }
  if (attribute.has_f()) {
    const float numbers[] = {0, -1, 1e30f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
    return attribute.set_f(numbers[below(std::size(numbers))]);
  }
  if (attribute.ints_size()) {
    if (once_in(5)) return attribute.add_ints(other(1));
    if (once_in(5)) return attribute.mutable_ints()->RemoveLast();
    const int at = int(below(size_t(attribute.ints_size())));
    return attribute.set_ints(at, other(attribute.ints(at)));
  }
  attribute.set_i(other(attribute.i()));
}

void Mutator::change_tensor(TensorProto& tensor) {
  const auto change_number = [&](auto& numbers) {
    if (numbers.size()) numbers.Set(int(below(size_t(numbers.size()))), static_cast<std::decay_t<decltype(numbers[0])>>(other(1)));
  };
  switch (below(6)) {
    case 0:
      if (tensor.dims_size()) {
        const int at = int(below(size_t(tensor.dims_size())));
        tensor.set_dims(at, other(tensor.dims(at)));
      }
      break;
    case 1: tensor.set_data_type(int(below(20))); break;
    case 2:
      if (!tensor.raw_data().empty()) *tensor.mutable_raw_data() = damaged(tensor.raw_data());
      break;
    case 3: change_number(*tensor.mutable_int64_data()); break;
    case 4: change_number(*tensor.mutable_float_data()); break;
    case 5:
      // A number of a shape or an axis, in place.
      if (tensor.data_type() == TensorProto::INT64 && tensor.raw_data().size() >= 8) {
        const int64_t value = other(int64_t(below(8)));
        tensor.mutable_raw_data()->replace(below(tensor.raw_data().size() / 8) * 8, 8, reinterpret_cast<const char*>(&value), 8);
      }
      break;
  }
}

void Mutator::change_input(GraphProto& graph) {
  if (!graph.input_size()) return;
  auto& type = *graph.mutable_input(once_in(2) ? 0 : int(below(size_t(graph.input_size()))))->mutable_type()->mutable_tensor_type();
  auto& shape = *type.mutable_shape();
  if (once_in(6)) return type.set_elem_type(int(below(20)));
  if (!shape.dim_size() || once_in(8)) return shape.add_dim()->set_dim_value(other(1));
  auto& dim = *shape.mutable_dim(int(below(size_t(shape.dim_size()))));
  once_in(8) ? dim.set_dim_param("n") : dim.set_dim_value(other(dim.dim_value()));
}

}  // namespace broach::test
