#pragma once
// A small convolutional classifier as an ONNX model, written in code, so that tests of artifacts need no file.
#include <string>
#include <vector>

#include "onnx_subset.pb.h"

namespace broach::test {

class SmallOnnx {
 public:
  explicit SmallOnnx(const std::string& name, unsigned seed = 1) : state_(seed) {
    model_.set_ir_version(8);
    auto* opset = model_.add_opset_import();
    opset->set_version(17);
    graph().set_name(name);
  }

  broach_onnx::ModelProto& model() { return model_; }
  broach_onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  std::string bytes() const { return model_.SerializeAsString(); }

  void input(const std::string& name, const std::vector<int64_t>& shape) { describe(*graph().add_input(), name, shape); }
  void output(const std::string& name, const std::vector<int64_t>& shape) { describe(*graph().add_output(), name, shape); }

  // Seeded values in [-0.5, 0.5).
  std::string weights(const std::string& name, const std::vector<int64_t>& shape) {
    auto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(broach_onnx::TensorProto::FLOAT);
    int64_t count = 1;
    for (int64_t d : shape) {
      tensor->add_dims(d);
      count *= d;
    }
    for (int64_t i = 0; i < count; ++i) tensor->add_float_data(next());
    return name;
  }

  broach_onnx::NodeProto& node(const std::string& type, const std::string& output, const std::vector<std::string>& inputs) {
    auto* node = graph().add_node();
    node->set_op_type(type);
    node->set_name(output + "_node");
    node->add_output(output);
    for (auto& input : inputs) node->add_input(input);
    return *node;
  }

  static void ints(broach_onnx::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(broach_onnx::AttributeProto::INTS);
    for (int64_t v : values) attribute->add_ints(v);
  }

 private:
  float next() {
    state_ = state_ * 1664525u + 1013904223u;
    return float(state_ >> 8) / float(1 << 24) - 0.5f;
  }

  static void describe(broach_onnx::ValueInfoProto& info, const std::string& name, const std::vector<int64_t>& shape) {
    info.set_name(name);
    auto* type = info.mutable_type()->mutable_tensor_type();
    type->set_elem_type(broach_onnx::TensorProto::FLOAT);
    for (int64_t d : shape) type->mutable_shape()->add_dim()->set_dim_value(d);
  }

  broach_onnx::ModelProto model_;
  unsigned state_;
};

// image [1, 3, size, size] to scores [1, 5] and features [1, 12, size/2, size/2]: convolutions, pooling, a residual sum, a matrix.
inline SmallOnnx small_classifier(int64_t size = 16, unsigned seed = 1) {
  SmallOnnx m("small", seed);
  m.input("image", {1, 3, size, size});
  SmallOnnx::ints(m.node("Conv", "stem", {"image", m.weights("stem.w", {12, 3, 3, 3}), m.weights("stem.b", {12})}), "pads", {1, 1, 1, 1});
  m.node("Relu", "stem_relu", {"stem"});
  auto& pool = m.node("MaxPool", "pool", {"stem_relu"});
  SmallOnnx::ints(pool, "kernel_shape", {2, 2});
  SmallOnnx::ints(pool, "strides", {2, 2});
  m.node("Conv", "point", {"pool", m.weights("point.w", {12, 12, 1, 1}), m.weights("point.b", {12})});
  m.node("Relu", "point_relu", {"point"});
  m.node("Add", "features", {"point_relu", "pool"});
  m.node("GlobalAveragePool", "mean", {"features"});
  m.node("Flatten", "flat", {"mean"});
  m.node("Gemm", "logits", {"flat", m.weights("fc.w", {12, 5}), m.weights("fc.b", {5})});
  m.node("Softmax", "scores", {"logits"});
  m.output("scores", {1, 5});
  m.output("features", {1, 12, size / 2, size / 2});
  return m;
}

}  // namespace broach::test
