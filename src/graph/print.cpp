#include <algorithm>
#include <cmath>

#include "graph/op_def.h"
#include "graph/text.h"

namespace broach {
namespace {

// Collects "name: value" of each field.
class AttributePrinter : public AttributeVisitor {
 public:
  std::vector<std::pair<std::string, std::string>> fields;
  void visit(const char* name, int64_t& value) override { add(name, std::to_string(value)); }
  void visit(const char* name, double& value) override { add(name, fmt::format("{}", value)); }
  void visit(const char* name, bool& value) override { add(name, value ? "true" : "false"); }
  void visit(const char* name, std::string& value) override { add(name, quoted(value)); }
  void visit(const char* name, DType& value) override { add(name, info(value).name); }
  void visit(const char* name, Layout& value) override { add(name, to_string(value)); }
  void visit(const char* name, std::vector<int64_t>& value) override { add(name, to_string(value)); }
  void visit(const char* name, std::vector<double>& value) override { add(name, fmt::format("[{}]", fmt::join(value, ", "))); }

 private:
  void add(const char* name, std::string text) { fields.emplace_back(name, std::move(text)); }
};

auto fields_of(const Attributes& attributes) {
  AttributePrinter printer;
  attributes.clone()->accept(printer);
  return printer.fields;
}

// Fields that have their default value are left out.
std::string attributes_text(const Node& node) {
  auto fields = fields_of(*node.attributes), defaults = fields_of(*node.op->make_attributes());
  std::vector<std::string> shown;
  for (size_t i = 0; i < fields.size(); ++i)
    if (fields[i] != defaults[i]) shown.push_back(fields[i].first + ": " + fields[i].second);
  return shown.empty() ? "" : fmt::format(" {{{}}}", fmt::join(shown, ", "));
}

std::string value_text(const Value* value) {
  if (!value) return "none";
  return (value->is_constant() ? "@" : "%") + plain_or_quoted(value->name);
}

std::string element_text(const Constant& constant, int64_t i) {
  DType dtype = constant.type().dtype;
  if (!is_float(dtype)) return std::to_string(constant.int_at(i));
  if (dtype == DType::f32) return fmt::format("{}", float(constant.float_at(i)));
  return fmt::format("{}", constant.float_at(i));
}

std::string elements_text(const Constant& constant) {
  std::vector<std::string> elements;
  for (int64_t i = 0; i < constant.elements(); ++i) elements.push_back(element_text(constant, i));
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

std::string names_text(const std::vector<Value*>& values) {
  std::vector<std::string> names;
  for (const Value* value : values) names.push_back(value_text(value));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string node_text(const Node& node) {
  std::vector<std::string> results, origins;
  for (const Value* output : node.outputs) results.push_back(value_text(output) + ": " + to_string(output->type));
  for (const std::string& origin : node.origin) origins.push_back(plain_or_quoted(origin));
  std::string text = fmt::format("  {} = {}({}){}", fmt::join(results, ", "), node.op->name, names_text(node.inputs), attributes_text(node));
  return origins.empty() ? text : fmt::format("{} # {}", text, fmt::join(origins, ", "));
}

}  // namespace

bool is_plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '/' || c == '-'; }

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (static_cast<unsigned char>(c) < 32)
      result += fmt::format("\\x{:02x}", int(c));
    else
      result += c;
  }
  return result + "\"";
}

std::string plain_or_quoted(std::string_view text) {
  bool plain = !text.empty() && std::all_of(text.begin(), text.end(), is_plain);
  return plain ? std::string(text) : quoted(text);
}

bool is_written_in_text(const Constant& constant) {
  if (constant.elements() > 8) return false;
  for (int64_t i = 0; is_float(constant.type().dtype) && i < constant.elements(); ++i)
    if (std::isnan(constant.float_at(i))) return false;  // a NaN has bits that no text shows
  return true;
}

std::string to_string(const Graph& graph) {
  std::string text = fmt::format("graph {} {{\n", quoted(graph.name));
  for (const Value* input : graph.inputs) text += fmt::format("  input {}: {}\n", value_text(input), to_string(input->type));
  for (auto& value : graph.values()) {
    if (!value->is_constant()) continue;
    text += fmt::format("  constant {}: {}", value_text(value.get()), to_string(value->type));
    text += is_written_in_text(value->constant) ? " = " + elements_text(value->constant) + "\n" : "\n";
  }
  for (auto& node : graph.nodes()) text += node_text(*node) + "\n";
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    text += "  output " + value_text(graph.outputs[i]);
    if (graph.output_name(i) != graph.outputs[i]->name) text += " as " + plain_or_quoted(graph.output_name(i));
    text += "\n";
  }
  return text + "}\n";
}

}  // namespace broach
