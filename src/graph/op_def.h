#pragma once
// What an operator is, as the graph sees it. The operators themselves, and the list of them, are in src/ops.
#include "graph/graph.h"

namespace broach {

struct TensorNode;  // te/tensor.h: a graph only passes them on
using Tensor = std::shared_ptr<const TensorNode>;

// One test case of an operator: types of the inputs, attributes and how to fill the inputs.
struct OpCase {
  std::vector<TensorType> inputs;          // an entry with an empty name is absent: see `absent`
  std::unique_ptr<Attributes> attributes;  // null: defaults
  std::vector<Constant> constants = {};    // non-empty Constant at i: input i is this constant
  double low = -2, high = 2;               // range of random floats
};

struct OpDef {
  const char* name;  // lower case: "conv"
  const char* doc;   // contract: inputs with shapes and dtypes, attributes, result, source
  std::unique_ptr<Attributes> (*make_attributes)();
  // Types of the outputs. Throws Error (message without node name: the caller adds it) for inputs that do not fit.
  // May read the values of constant inputs through node.inputs[i]->constant.
  std::vector<TensorType> (*infer)(const Node& node);
  // Tensor expressions of the outputs over the inputs (null for absent ones). Null: the operator is expanded or has no computation.
  std::vector<Tensor> (*lower)(const Node& node, const std::vector<Tensor>& inputs) = nullptr;
  // Writes the node as other operators, before it in the graph, and returns the values that replace its outputs. Null: it is lowered.
  std::vector<Value*> (*expand)(Graph& graph, Node& node) = nullptr;
  // True: the output is the first input's memory with another shape (row-major); no step is made where the layout allows.
  bool is_view = false;
  std::vector<OpCase> (*cases)() = nullptr;
};

// Computes the outputs of a node from its inputs' values (empty for absent inputs), without looking at the inputs of `node`.
// The types of the outputs are those of the node. Throws Error for an operator that it cannot compute.
using ConstantEvaluator = std::function<std::vector<Constant>(const Node& node, const std::vector<Constant>& inputs)>;

}  // namespace broach
