#pragma once
// A node of an ONNX model as the converters see it. Who provides it (a file, or a runtime that has the model in memory)
// is hidden behind this interface.
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graph/constant.h"

namespace broach {

// Graphs, sparse tensors, types and lists of tensors: known to ONNX, used by no operator that is supported.
struct UnsupportedAttribute {
  std::string kind;
};
using AttributeValue =
    std::variant<int64_t, double, std::string, Constant, std::vector<int64_t>, std::vector<double>, std::vector<std::string>, UnsupportedAttribute>;

class NodeView {
 public:
  virtual ~NodeView() = default;
  virtual std::string name() const = 0;     // may be empty
  virtual std::string op_type() const = 0;  // "Conv"
  virtual std::string domain() const = 0;   // "" is ai.onnx
  virtual std::vector<std::string> inputs() const = 0;  // names of values; "": absent
  virtual std::vector<std::string> outputs() const = 0;
  virtual std::vector<std::string> attribute_names() const = 0;
  virtual std::optional<AttributeValue> attribute(const std::string& name) const = 0;  // throws Error where it cannot be read
};

// What messages and origins call a node: its name, or else that of its first output.
std::string display_name(const NodeView& node);

}  // namespace broach
