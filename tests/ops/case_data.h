#pragma once
// An operator's test case as a graph of one node with random inputs.
#include <cmath>
#include <random>

#include "ops/op_def.h"

namespace broach {

struct CaseData {
  Graph graph;
  Node* node = nullptr;
  std::vector<Constant> inputs;  // by the node's inputs
};

inline Constant random_constant(const TensorType& type, double low, double high, std::mt19937_64& random) {
  auto count = size_t(element_count(type.shape));
  if (is_float(type.dtype)) {
    std::uniform_real_distribution<double> values(low, high);
    std::vector<double> data(count);
    for (double& v : data) v = values(random);
    return Constant::of_floats(data, type.shape, type.dtype);
  }
  if (type.dtype == DType::boolean) low = 0, high = 1;
  if (is_unsigned_int(type.dtype)) low = std::max(low, 0.0);
  std::uniform_int_distribution<int64_t> values{int64_t(std::ceil(low)), int64_t(std::floor(high))};
  std::vector<int64_t> data(count);
  for (int64_t& v : data) v = values(random);
  return Constant::of_ints(data, type.shape, type.dtype);
}

inline CaseData make_case_data(const OpDef& op, OpCase c) {
  CaseData data;
  std::mt19937_64 random(1);
  std::vector<Value*> values;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    bool given = i < c.constants.size() && c.constants[i];
    data.inputs.push_back(given ? c.constants[i] : random_constant(c.inputs[i], c.low, c.high, random));
    values.push_back(given ? data.graph.add_constant(c.constants[i]) : data.graph.add_input(fmt::format("x{}", i), c.inputs[i]));
  }
  if (!c.attributes) c.attributes = op.make_attributes();
  data.node = data.graph.add(op, values, std::move(c.attributes), {op.name});
  data.graph.outputs = data.node->outputs;
  return data;
}

inline std::vector<Tensor> make_placeholders(const Node& node) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    tensors.push_back(placeholder(fmt::format("x{}", i), node.inputs[i]->type.dtype, node.inputs[i]->type.shape));
  return tensors;
}

}  // namespace broach
