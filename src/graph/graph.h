#pragma once
// The graph of a model: nodes in topological order, values between them. Mutable; the graph owns its nodes and values.
//
// Semantics: nodes have no side effects; a node may run once all its inputs exist. Shapes are static: symbolic dimensions
// are resolved when the model is imported. Every value has exactly one type; constants are values without a producer.
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph/attributes.h"
#include "support/errors.h"

namespace broach {

struct OpDef;  // ops/op_def.h
struct Node;

// Where something comes from: the model's node names, for errors, profiles and verify.
using Origin = std::vector<std::string>;

// One result of a node, a graph input or a constant.
struct Value {
  std::string name;  // unique in its graph
  TensorType type;
  Node* producer = nullptr;  // null: input or constant
  int index = 0;             // which result of the producer
  Constant constant;         // set: this value is a constant
  std::vector<Node*> users;  // one entry per use

  bool is_constant() const { return bool(constant); }
};

struct Node {
  const OpDef* op = nullptr;
  std::unique_ptr<Attributes> attributes;
  std::vector<Value*> inputs;  // null: an optional input that is absent
  std::vector<Value*> outputs;
  Origin origin;

  template <class T>
  const T& attrs() const {
    return dynamic_cast<const T&>(*attributes);
  }
  Value* input(size_t i) const { return i < inputs.size() ? inputs[i] : nullptr; }
  Value* output(size_t i = 0) const { return outputs[i]; }
};

class Graph {
 public:
  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;
  Graph clone() const;

  std::string name = "model";
  std::vector<Value*> inputs;
  std::vector<Value*> outputs;            // may repeat, may be inputs or constants
  std::vector<std::string> output_names;  // the model's names of the outputs; where there is none, the value's name

  void add_output(Value* value, std::string name);
  const std::string& output_name(size_t i) const { return i < output_names.size() ? output_names[i] : outputs[i]->name; }

  Value* add_input(std::string name, TensorType type);
  Value* add_constant(Constant constant, std::string name = "");
  // Appends a node; the types of its outputs come from the operator's inference, which throws Error for what does not fit.
  // The first output takes `name`, further ones "name.1", ...; an empty or taken name is made unique.
  Node* add(const OpDef& op, std::vector<Value*> inputs, std::unique_ptr<Attributes> attributes, Origin origin, std::string name = "");
  // The same, put before `position` (a node of this graph) in the order.
  Node* insert_before(Node* position, const OpDef& op, std::vector<Value*> inputs, std::unique_ptr<Attributes> attributes, Origin origin,
                      std::string name = "");

  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }  // in topological order
  const std::vector<std::unique_ptr<Value>>& values() const { return values_; }

  void replace_input(Node* node, size_t index, Value* value);
  void replace_uses(Value* from, Value* to);  // also among the graph's outputs
  void rename(Value* value, std::string name);  // a taken name is made unique
  void erase(Node* node);                     // its outputs must be unused
  void sort();                                // restores topological order, stable
  bool is_output(const Value* value) const;
  // Removes nodes without used results and unused constants; inputs stay. True if something went.
  bool remove_dead();

 private:
  Value* new_value(std::string name, TensorType type);
  std::string unique_name(std::string name);

  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Value>> values_;
  std::set<std::string> names_;          // of all values
  std::map<std::string, int> counters_;  // the number that was last put after a name; after none: that comes next
};

// Text without the constants' data: one line a node, e.g. "%12: f32[1, 64, 56, 56] = conv(%11, @w, @b) {strides: [1, 1]} # layer1.0.conv1".
std::string to_string(const Graph& graph);

// Throws InternalError: users and producers that disagree, order, types that differ from inference, names taken twice.
void verify(const Graph& graph);

// A model of its own: "x.graph" is a tar of graph.txt (to_string) and constants (named, 64-byte aligned). Parses back equal.
Graph parse_graph(std::string_view text, const std::function<Constant(const std::string& name, const TensorType& type)>& constants,
                  const std::function<const OpDef*(std::string_view name)>& find_op);

}  // namespace broach
