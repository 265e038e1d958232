#include "importers/onnx/conversion.h"
#include "ops/op_def.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/movement.h"

namespace broach {
namespace {

// What is computed at once while a model is read: arithmetic on shapes, not folding of weights.
constexpr int64_t most_eager_elements = 1 << 16;

const char* const kinds[] = {"an int", "a float", "a string", "a tensor", "a list of ints", "a list of floats", "a list of strings", "unsupported"};

std::string kind_of(const AttributeValue& value) {
  auto* unsupported = std::get_if<UnsupportedAttribute>(&value);
  return unsupported ? unsupported->kind : kinds[value.index()];
}

bool is_small_constant(const Value* value) { return !value || (value->is_constant() && value->constant.elements() <= most_eager_elements); }

}  // namespace

Conversion::Conversion(const NodeView& node, int64_t opset, std::vector<Value*> inputs, Graph& graph, const ConstantEvaluator& evaluate)
    : node_(node), opset_(opset), inputs_(std::move(inputs)), graph_(graph), evaluate_(evaluate) {}

size_t Conversion::output_count() const { return node_.outputs().size(); }

const Constant& Conversion::constant(size_t i, const char* what) const {
  BROACH_CHECK(input(i), "input {} is read but absent", i);
  if (!inputs_[i]->is_constant()) throw_error("its {} is computed from the model's inputs, and only what is known when compiling is supported", what);
  return inputs_[i]->constant;
}

std::vector<int64_t> Conversion::ints(size_t i, const char* what) const {
  const Constant& value = constant(i, what);
  if (!is_int(value.type().dtype)) throw_error("its {} has type {}, integers were expected", what, to_string(value.type()));
  if (value.type().shape.size() > 1) throw_error("its {} has shape {}, a list was expected", what, to_string(value.type().shape));
  return value.ints();
}

std::vector<double> Conversion::floats(size_t i, const char* what) const {
  const Constant& value = constant(i, what);
  if (!is_float(value.type().dtype)) throw_error("its {} has type {}, floats were expected", what, to_string(value.type()));
  if (value.type().shape.size() > 1) throw_error("its {} has shape {}, a list was expected", what, to_string(value.type().shape));
  return value.floats();
}

double Conversion::scalar(size_t i, const char* what) const {
  const Constant& value = constant(i, what);
  if (value.elements() != 1) throw_error("its {} has shape {}, one element was expected", what, to_string(value.type().shape));
  return value.float_at(0);
}

bool Conversion::has(const char* attribute) { return find(attribute).has_value(); }

std::string Conversion::string_attribute(const char* name, const char* otherwise) { return attribute<std::string>(name).value_or(otherwise); }

std::vector<int64_t> Conversion::ints_attribute(const char* name) { return attribute<std::vector<int64_t>>(name).value_or(std::vector<int64_t>()); }

void Conversion::expect_int(const char* name, int64_t only) {
  int64_t found = int_attribute(name, only);
  if (found != only) throw_error("attribute '{}' is {}, only {} is supported", name, found, only);
}

std::vector<std::string> Conversion::unasked_attributes() const {
  std::vector<std::string> names = node_.attribute_names();
  std::erase_if(names, [&](const std::string& name) { return asked_.count(name) != 0; });
  return names;
}

std::optional<AttributeValue> Conversion::find(const char* name) {
  asked_.insert(name);
  return node_.attribute(name);
}

void Conversion::fail_type(const char* name, const AttributeValue& found, const AttributeValue& expected) {
  throw_error("attribute '{}' is {}, {} was expected", name, kind_of(found), kind_of(expected));
}

Value* Conversion::add(const OpDef& op, std::vector<Value*> inputs) { return add(op, std::move(inputs), *op.make_attributes()); }

Value* Conversion::add(const OpDef& op, std::vector<Value*> inputs, const Attributes& attributes) {
  if (evaluate_ && std::all_of(inputs.begin(), inputs.end(), is_small_constant))
    if (Value* known = compute(op, inputs, attributes)) return known;
  std::string name = fmt::format("{}/{}", display_name(node_), op.name);
  return graph_.add(op, std::move(inputs), attributes.clone(), {display_name(node_)}, name)->output();
}

Value* Conversion::constant(Constant value) { return graph_.add_constant(std::move(value), display_name(node_) + "/constant"); }

Value* Conversion::float_like(const Value* value, double number) { return constant(Constant::of_floats({number}, {}, value->type.dtype)); }

Value* Conversion::reshape(Value* value, Shape shape) {
  if (value->type.shape == shape) return value;
  ShapeAttributes attributes;
  attributes.shape = std::move(shape);
  return add(op_reshape, {value}, attributes);
}

Value* Conversion::cast(Value* value, DType dtype) {
  if (value->type.dtype == dtype) return value;
  CastAttributes attributes;
  attributes.to = dtype;
  return add(op_cast, {value}, attributes);
}

// The node's first result as a constant; null if it is large.
Value* Conversion::compute(const OpDef& op, const std::vector<Value*>& inputs, const Attributes& attributes) {
  Node node;
  node.op = &op;
  node.attributes = attributes.clone();
  node.inputs = inputs;
  std::vector<TensorType> types = op.infer(node);
  std::vector<Value> outputs(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    if (element_count(types[i].shape) > most_eager_elements) return nullptr;
    outputs[i].type = types[i];
    node.outputs.push_back(&outputs[i]);
  }
  std::vector<Constant> values;
  for (const Value* input : inputs) values.push_back(input ? input->constant : Constant());
  return constant(evaluate_(node, values).at(0));
}

}  // namespace broach
