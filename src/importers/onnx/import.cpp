#include "importers/onnx/import.h"

#include <filesystem>
#include <limits>

#include "importers/onnx/conversion.h"
#include "importers/onnx/model_inputs.h"
#include "importers/onnx/names.h"
#include "importers/onnx/proto_node.h"
#include "onnx_subset.pb.h"

namespace broach {
namespace {

using broach_onnx::GraphProto;
using broach_onnx::ModelProto;
using broach_onnx::NodeProto;

constexpr size_t most_faults_told = 20;

ModelProto parse(std::span<const std::byte> bytes) {
  if (bytes.empty()) throw_error("the file is empty; an ONNX model was expected");
  if (bytes.size() > size_t(std::numeric_limits<int>::max()))
    throw_error("the model has {} bytes, more than the 2 GiB of the format; keep its weights as external data", bytes.size());
  ModelProto model;
  // Real files parse; so may other files by chance, but without a graph.
  if (!model.ParseFromArray(bytes.data(), int(bytes.size())) || !model.has_graph())
    throw_error("it is not an ONNX model, or it is cut off or damaged");
  return model;
}

int64_t opset_of(const ModelProto& model) {
  for (auto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (import.version() < least_opset || import.version() > most_opset)
      throw_error("the model uses opset {} of ONNX, supported are {} to {}", import.version(), least_opset, most_opset);
    return import.version();
  }
  throw_error("the model names no opset of ONNX; supported are {} to {}", least_opset, most_opset);
}

void collect_unsupported(const GraphProto& graph, TensorReader& tensors, std::vector<UnsupportedOp>& found) {
  for (const NodeProto& proto : graph.node()) {
    ProtoNode node(proto, tensors);
    if (!find_onnx_operator(node.domain(), node.op_type())) {
      std::string op = node.domain().empty() ? node.op_type() : node.domain() + "::" + node.op_type();
      auto at = std::find_if(found.begin(), found.end(), [&](auto& entry) { return entry.op == op; });
      if (at == found.end()) at = found.insert(found.end(), {op, {}});
      at->nodes.push_back(display_name(node));
    }
    for (auto& attribute : proto.attribute())
      if (attribute.has_g()) collect_unsupported(attribute.g(), tensors, found);
  }
}

std::string unsupported_text(const UnsupportedOp& entry) {
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min<size_t>(entry.nodes.size(), 3); ++i) names.push_back(quote_name(entry.nodes[i]));
  return fmt::format("{} ({} node{}: {}{})", printable(entry.op), entry.nodes.size(), entry.nodes.size() == 1 ? "" : "s", fmt::join(names, ", "),
                     entry.nodes.size() > names.size() ? ", ..." : "");
}

// Empty where there are none.
std::string unsupported_operators(ModelProto& model) {
  std::vector<UnsupportedOp> found;
  TensorReader tensors("");
  collect_unsupported(model.graph(), tensors, found);
  if (found.empty()) return "";
  std::vector<std::string> texts;
  for (auto& entry : found) texts.push_back(unsupported_text(entry));
  return fmt::format("the model has operators that are not supported: {}", fmt::join(texts, ", "));
}

// Reads one model's graph. Values go by their ONNX names.
class Importer {
 public:
  // faults: what is known to be wrong already; told with what else is found.
  Importer(GraphProto& proto, int64_t opset, const std::string& folder, const ImportOptions& options, std::vector<std::string> faults)
      : proto_(proto), opset_(opset), tensors_(folder), options_(options), faults_(std::move(faults)) {}

  Graph import() {
    try {
      add_graph();
    } catch (const Error& error) {  // what leaves nothing to go on with
      faults_.push_back(error.what());
    }
    if (!faults_.empty()) fail();
    graph_.remove_dead();
    return std::move(graph_);
  }

 private:
  void add_graph() {
    if (!proto_.name().empty()) graph_.name = checked_name(proto_.name());
    if (proto_.sparse_initializer_size() != 0) throw_error("the model has sparse weights, which are not supported");
    add_inputs();
    add_initializers();
    for (const NodeProto& node : proto_.node()) add_node(ProtoNode(node, tensors_));
    add_outputs();
  }

  void add_inputs() {
    std::set<std::string> initialized;
    for (auto& tensor : proto_.initializer()) initialized.insert(tensor.name());
    for (ModelInput& input : resolve_inputs(proto_, initialized, options_.input_shapes))
      define(input.name, graph_.add_input(checked_name(input.name), input.type));
  }

  void add_initializers() {
    for (auto& tensor : *proto_.mutable_initializer()) try {
        define(tensor.name(), graph_.add_constant(tensors_.read(tensor), checked_name(tensor.name())));
      } catch (const Error& error) {
        fault(fmt::format("tensor {}", quote_name(tensor.name())), error, {tensor.name()});
      }
  }

  void add_node(const ProtoNode& node) {
    try {
      std::optional<std::vector<Value*>> inputs = inputs_of(node);
      if (!inputs || !find_onnx_operator(node.domain(), node.op_type())) return forget(node.outputs());
      size_t first_new = graph_.values().size();
      std::vector<Value*> results = convert(node, std::move(*inputs));
      std::vector<std::string> outputs = node.outputs();
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].empty()) continue;
        if (i < results.size() && results[i])
          define(outputs[i], named(results[i], checked_name(outputs[i]), first_new));
        else
          unavailable_.emplace(outputs[i], node.op_type());
      }
    } catch (const Error& error) {
      fault(fmt::format("node {} ({})", quote_name(display_name(node)), node.op_type()), error, node.outputs());
    }
  }

  std::vector<Value*> convert(const ProtoNode& node, std::vector<Value*> inputs) {
    checked_name(node.name());
    const OnnxOperator& op = *find_onnx_operator(node.domain(), node.op_type());
    while (!inputs.empty() && !inputs.back()) inputs.pop_back();
    if (inputs.size() < op.least_inputs || inputs.size() > op.most_inputs)
      throw_error("it has {} inputs, expected are {}", inputs.size(), range_text(op));
    for (size_t i = 0; i < op.least_inputs; ++i)
      if (!inputs[i]) throw_error("its input {} is missing", i);
    Conversion conversion(node, opset_, std::move(inputs), graph_, options_.evaluate);
    std::vector<Value*> results = op.convert(conversion);
    if (auto unasked = conversion.unasked_attributes(); !unasked.empty())
      throw_error("attribute {} is not supported in opset {}", quote_name(unasked[0]), opset_);
    return results;
  }

  static std::string range_text(const OnnxOperator& op) {
    if (op.least_inputs == op.most_inputs) return std::to_string(op.least_inputs);
    if (op.most_inputs > 1000) return fmt::format("{} or more", op.least_inputs);
    return fmt::format("{} to {}", op.least_inputs, op.most_inputs);
  }

  // Nothing where an input is the result of a node that failed: the fault is told once.
  std::optional<std::vector<Value*>> inputs_of(const ProtoNode& node) {
    std::vector<Value*> inputs;
    for (const std::string& name : node.inputs()) {
      if (unknown_.count(name)) return std::nullopt;
      inputs.push_back(name.empty() ? nullptr : find(name));
    }
    return inputs;
  }

  Value* find(const std::string& name) const {
    auto at = values_.find(name);
    if (at != values_.end()) return at->second;
    auto of = unavailable_.find(name);
    if (of != unavailable_.end()) throw_error("the output {} of {} is not supported", quote_name(name), of->second);
    throw_error("{} is used but nothing before it computes it", quote_name(name));
  }

  void define(const std::string& name, Value* value) {
    if (name.empty()) throw_error("an input or tensor has no name");
    if (!values_.emplace(name, value).second) throw_error("the name {} is taken twice", quote_name(name));
  }

  // A value that the node has made takes the name of its output.
  Value* named(Value* value, const std::string& name, size_t first_new) {
    bool is_new = false;
    for (size_t i = first_new; i < graph_.values().size(); ++i) is_new = is_new || graph_.values()[i].get() == value;
    if (is_new) graph_.rename(value, name);
    return value;
  }

  void add_outputs() {
    if (proto_.output_size() == 0) throw_error("the model has no outputs");
    for (auto& output : proto_.output()) try {
        if (!unknown_.count(output.name())) graph_.add_output(find(output.name()), checked_name(output.name()));
      } catch (const Error& error) {
        fault("the model's outputs", error, {});
      }
  }

  void fault(const std::string& where, const Error& error, const std::vector<std::string>& outputs) {
    faults_.push_back(fmt::format("{}: {}", where, error.what()));
    forget(outputs);
  }

  void forget(const std::vector<std::string>& outputs) {
    unknown_.insert(outputs.begin(), outputs.end());
    unknown_.erase("");
  }

  [[noreturn]] void fail() const {
    std::vector<std::string> told(faults_.begin(), faults_.begin() + long(std::min(faults_.size(), most_faults_told)));
    size_t rest = faults_.size() - told.size();
    throw_error("{}{}", fmt::join(told, "; "), rest ? fmt::format("; and {} more", rest) : "");
  }

  GraphProto& proto_;
  int64_t opset_;
  TensorReader tensors_;
  const ImportOptions& options_;
  Graph graph_;
  std::map<std::string, Value*> values_;
  std::map<std::string, std::string> unavailable_;  // outputs that converters leave out, and of which operator
  std::set<std::string> unknown_;                   // results of nodes that failed
  std::vector<std::string> faults_;
};

// Adds the file's name to what is thrown.
template <class F>
auto with_path(const std::string& path, F f) {
  auto file = MappedFile::open(path);
  try {
    return f(file->bytes());
  } catch (const Error& error) {
    throw_error("model '{}': {}", path, error.what());
  }
}

}  // namespace

Graph import_onnx(const std::string& path, const ImportOptions& options) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return with_path(path, [&](auto bytes) { return import_onnx_bytes(bytes, folder.empty() ? "." : folder, options); });
}

Graph import_onnx_bytes(std::span<const std::byte> bytes, const std::string& folder, const ImportOptions& options) {
  ModelProto model = parse(bytes);
  std::vector<std::string> faults;
  if (std::string unsupported = unsupported_operators(model); !unsupported.empty()) faults.push_back(std::move(unsupported));
  int64_t opset = 0;
  try {
    opset = opset_of(model);
  } catch (const Error& error) {
    faults.push_back(error.what());
    throw_error("{}", fmt::join(faults, "; "));
  }
  return Importer(*model.mutable_graph(), opset, folder, options, std::move(faults)).import();
}

std::vector<UnsupportedOp> check_onnx(const std::string& path) {
  return with_path(path, [&](auto bytes) {
    ModelProto model = parse(bytes);
    std::vector<UnsupportedOp> unsupported;
    TensorReader tensors("");
    collect_unsupported(model.graph(), tensors, unsupported);
    return unsupported;
  });
}

std::vector<std::string> supported_onnx_ops() {
  std::vector<std::string> names;
  for (const OnnxOperator& op : onnx_operators()) names.push_back(op.name);
  return names;
}

}  // namespace broach
