#pragma once
// Seeded damage to files: to bytes, and to ONNX models field by field.
#include <cstdint>
#include <random>
#include <string>

#include "onnx_subset.pb.h"

namespace broach::test {

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  // Some bytes changed, put in, taken out, repeated, or the end cut off.
  std::string damaged(std::string bytes);
  // One field changed so that the file still parses: a number, a name, a dimension, an attribute, an edge, a whole node.
  // Where the model has no such field it stays as it is.
  void change(broach_onnx::ModelProto& model);

 private:
  size_t below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  bool once_in(size_t count) { return below(count) == 0; }
  int64_t other(int64_t value);
  std::string other_name(const broach_onnx::GraphProto& graph);

  void change_node(broach_onnx::GraphProto& graph);
  void change_edge(broach_onnx::GraphProto& graph, broach_onnx::NodeProto& node);
  void change_nodes(broach_onnx::GraphProto& graph);
  void change_attribute(broach_onnx::NodeProto& node);
  void change_value(broach_onnx::AttributeProto& attribute);
  void change_tensor(broach_onnx::TensorProto& tensor);
  void change_input(broach_onnx::GraphProto& graph);

  std::mt19937_64 random_;
};

}  // namespace broach::test
