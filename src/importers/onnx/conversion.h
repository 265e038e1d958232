#pragma once
// One ONNX node on its way into the graph: what its converter reads and writes. Faults are thrown as Error without the node's
// name, which the importer adds.
#include <initializer_list>
#include <set>

#include "graph/op_def.h"
#include "importers/onnx/node_view.h"

namespace broach {

class Conversion {
 public:
  // `inputs` are parallel to the node's; null where one is absent.
  Conversion(const NodeView& node, int64_t opset, std::vector<Value*> inputs, Graph& graph, const ConstantEvaluator& evaluate);

  int64_t opset() const { return opset_; }
  size_t output_count() const;  // outputs that the node lists, absent ones too
  Graph& graph() { return graph_; }

  size_t input_count() const { return inputs_.size(); }
  Value* input(size_t i) const { return i < inputs_.size() ? inputs_[i] : nullptr; }  // null: absent
  const Shape& shape(size_t i) const { return inputs_[i]->type.shape; }
  size_t rank(size_t i) const { return shape(i).size(); }
  // Value of an input that must be known at compile time. `what` names it in the message: "shape".
  const Constant& constant(size_t i, const char* what) const;
  std::vector<int64_t> ints(size_t i, const char* what) const;
  std::vector<double> floats(size_t i, const char* what) const;
  double scalar(size_t i, const char* what) const;

  bool has(const char* attribute);
  // Null where the attribute is absent; Error where it has another type.
  template <class T>
  std::optional<T> attribute(const char* name);
  template <class T>
  T required(const char* name);
  int64_t int_attribute(const char* name, int64_t otherwise) { return attribute<int64_t>(name).value_or(otherwise); }
  bool bool_attribute(const char* name, bool otherwise) { return int_attribute(name, otherwise) != 0; }
  double float_attribute(const char* name, double otherwise) { return attribute<double>(name).value_or(otherwise); }
  std::string string_attribute(const char* name, const char* otherwise);
  std::vector<int64_t> ints_attribute(const char* name);  // empty where absent
  // Error where the attribute is there and is not `only`.
  void expect_int(const char* name, int64_t only);
  // The attribute has a meaning that no result here depends on (momentum, seed).
  void ignore(std::initializer_list<const char*> names) { asked_.insert(names.begin(), names.end()); }
  // Attributes of the node that were never asked for.
  std::vector<std::string> unasked_attributes() const;

  // Adds a node (or computes it, if its inputs are constants and small) and returns its first result.
  Value* add(const OpDef& op, std::vector<Value*> inputs);
  Value* add(const OpDef& op, std::vector<Value*> inputs, const Attributes& attributes);
  Value* constant(Constant value);
  Value* float_like(const Value* value, double number);  // a scalar constant of the type of `value`
  Value* reshape(Value* value, Shape shape);
  Value* cast(Value* value, DType dtype);

 private:
  std::optional<AttributeValue> find(const char* name);
  [[noreturn]] static void fail_type(const char* name, const AttributeValue& found, const AttributeValue& expected);
  Value* compute(const OpDef& op, const std::vector<Value*>& inputs, const Attributes& attributes);

  const NodeView& node_;
  int64_t opset_;
  std::vector<Value*> inputs_;
  Graph& graph_;
  const ConstantEvaluator& evaluate_;
  std::set<std::string> asked_;
};

template <class T>
std::optional<T> Conversion::attribute(const char* name) {
  std::optional<AttributeValue> value = find(name);
  if (!value) return std::nullopt;
  if (T* typed = std::get_if<T>(&*value)) return std::move(*typed);
  fail_type(name, *value, T{});
}

template <class T>
T Conversion::required(const char* name) {
  if (auto value = attribute<T>(name)) return std::move(*value);
  throw_error("attribute '{}' is missing", name);
}

// A converter returns the values of the node's outputs; the last ones may be left out: a model that uses them is refused.
using Converter = std::vector<Value*> (*)(Conversion& node);

struct OnnxOperator {
  const char* name;
  size_t least_inputs, most_inputs;
  Converter convert;
};

// The operators of ai.onnx that are supported, by name in alphabetical order.
const std::vector<OnnxOperator>& onnx_operators();
const OnnxOperator* find_onnx_operator(const std::string& domain, const std::string& op_type);

constexpr int64_t least_opset = 7, most_opset = 27;

}  // namespace broach
