#include "graph/graph.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "graph/op_def.h"

namespace broach {
namespace {

void remove_user(Value* value, Node* node) {
  auto at = std::find(value->users.begin(), value->users.end(), node);
  BROACH_CHECK(at != value->users.end(), "node is no user of {}", value->name);
  value->users.erase(at);
}

}  // namespace

std::string Graph::unique_name(std::string name) {
  if (!name.empty() && names_.insert(name).second) return name;
  // "w.1" is taken: the next is "w.2", not "w.1.1".
  size_t dot = name.find_last_of('.');
  bool numbered = dot != std::string::npos && dot + 1 < name.size() && name.find_first_not_of("0123456789", dot + 1) == std::string::npos;
  std::string base = numbered ? name.substr(0, dot) : name;
  int& next = counters_[base];
  std::string candidate;
  do candidate = base.empty() ? std::to_string(next++) : fmt::format("{}.{}", base, ++next);
  while (!names_.insert(candidate).second);
  return candidate;
}

Value* Graph::new_value(std::string name, TensorType type) {
  auto value = std::make_unique<Value>();
  value->name = unique_name(std::move(name));
  value->type = std::move(type);
  values_.push_back(std::move(value));
  return values_.back().get();
}

Value* Graph::add_input(std::string name, TensorType type) {
  element_count(type.shape);  // refuses what cannot be
  inputs.push_back(new_value(std::move(name), std::move(type)));
  return inputs.back();
}

Value* Graph::add_constant(Constant constant, std::string name) {
  BROACH_CHECK(constant, "constant {} has no data", name);
  Value* value = new_value(std::move(name), constant.type());
  value->constant = std::move(constant);
  return value;
}

void Graph::add_output(Value* value, std::string name) {
  for (size_t i = output_names.size(); i < outputs.size(); ++i) output_names.push_back(outputs[i]->name);
  outputs.push_back(value);
  output_names.push_back(std::move(name));
}

Node* Graph::add(const OpDef& op, std::vector<Value*> inputs, std::unique_ptr<Attributes> attributes, Origin origin, std::string name) {
  return insert_before(nullptr, op, std::move(inputs), std::move(attributes), std::move(origin), std::move(name));
}

Node* Graph::insert_before(Node* position, const OpDef& op, std::vector<Value*> inputs, std::unique_ptr<Attributes> attributes, Origin origin,
                           std::string name) {
  auto node = std::make_unique<Node>();
  node->op = &op;
  node->attributes = attributes ? std::move(attributes) : op.make_attributes();
  node->inputs = std::move(inputs);
  node->origin = std::move(origin);
  std::vector<TensorType> types = op.infer(*node);  // may throw: nothing is changed before
  for (const TensorType& type : types) element_count(type.shape);

  for (Value* input : node->inputs)
    if (input) input->users.push_back(node.get());
  for (size_t i = 0; i < types.size(); ++i) {
    Value* output = new_value(i == 0 || name.empty() ? name : fmt::format("{}.{}", name, i), std::move(types[i]));
    output->producer = node.get();
    output->index = int(i);
    node->outputs.push_back(output);
  }
  auto at = nodes_.end();
  if (position) at = std::find_if(nodes_.begin(), nodes_.end(), [&](auto& n) { return n.get() == position; });
  BROACH_CHECK(!position || at != nodes_.end(), "the position is no node of this graph");
  return nodes_.insert(at, std::move(node))->get();
}

void Graph::replace_input(Node* node, size_t index, Value* value) {
  BROACH_CHECK(index < node->inputs.size(), "{} has no input {}", node->op->name, index);
  if (node->inputs[index]) remove_user(node->inputs[index], node);
  node->inputs[index] = value;
  if (value) value->users.push_back(node);
}

void Graph::replace_uses(Value* from, Value* to) {
  if (from == to) return;
  std::vector<Node*> users = std::exchange(from->users, {});
  for (Node* user : users) {
    // One entry per use: the first visit of a user replaces one of its inputs, the next visit the next one.
    auto at = std::find(user->inputs.begin(), user->inputs.end(), from);
    BROACH_CHECK(at != user->inputs.end(), "{} does not read {}", user->op->name, from->name);
    *at = to;
    to->users.push_back(user);
  }
  std::replace(outputs.begin(), outputs.end(), from, to);
}

void Graph::rename(Value* value, std::string name) {
  if (value->name == name) return;
  names_.erase(value->name);
  value->name = unique_name(std::move(name));
}

void Graph::erase(Node* node) {
  for (Value* output : node->outputs)
    BROACH_CHECK(output->users.empty() && !is_output(output), "{} is erased but {} is used", node->op->name, output->name);
  for (Value* input : node->inputs)
    if (input) remove_user(input, node);
  for (Value* output : node->outputs) names_.erase(output->name);
  std::erase_if(values_, [&](auto& value) { return value->producer == node; });
  std::erase_if(nodes_, [&](auto& n) { return n.get() == node; });
}

void Graph::sort() {
  std::unordered_map<const Node*, size_t> index, waiting;
  for (size_t i = 0; i < nodes_.size(); ++i) index[nodes_[i].get()] = i;
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;  // the earliest first: stable
  for (size_t i = 0; i < nodes_.size(); ++i) {
    size_t& count = waiting[nodes_[i].get()];
    for (Value* input : nodes_[i]->inputs) count += input && input->producer;
    if (count == 0) ready.push(i);
  }
  std::vector<std::unique_ptr<Node>> sorted;
  while (!ready.empty()) {
    auto& node = nodes_[ready.top()];
    ready.pop();
    for (Value* output : node->outputs)
      for (Node* user : output->users)
        if (--waiting[user] == 0) ready.push(index.at(user));
    sorted.push_back(std::move(node));
  }
  BROACH_CHECK(sorted.size() == nodes_.size(), "the graph has a cycle");
  nodes_ = std::move(sorted);
}

bool Graph::is_output(const Value* value) const { return std::find(outputs.begin(), outputs.end(), value) != outputs.end(); }

bool Graph::remove_dead() {
  std::unordered_set<const Node*> live_nodes;
  std::unordered_set<const Value*> live(outputs.begin(), outputs.end());
  live.insert(inputs.begin(), inputs.end());
  for (size_t i = nodes_.size(); i-- > 0;) {  // users come after producers
    Node* node = nodes_[i].get();
    if (std::none_of(node->outputs.begin(), node->outputs.end(), [&](Value* v) { return live.count(v) != 0; })) continue;
    live_nodes.insert(node);
    live.insert(node->outputs.begin(), node->outputs.end());
    live.insert(node->inputs.begin(), node->inputs.end());
  }
  size_t before = nodes_.size() + values_.size();
  for (auto& value : values_) {
    if (live.count(value.get()))
      std::erase_if(value->users, [&](Node* user) { return !live_nodes.count(user); });
    else
      names_.erase(value->name);
  }
  std::erase_if(values_, [&](auto& value) { return !live.count(value.get()); });
  std::erase_if(nodes_, [&](auto& node) { return !live_nodes.count(node.get()); });
  return nodes_.size() + values_.size() != before;
}

Graph Graph::clone() const {
  Graph copy;
  copy.name = name;
  copy.names_ = names_;
  copy.counters_ = counters_;
  std::unordered_map<const Value*, Value*> values{{nullptr, nullptr}};
  std::unordered_map<const Node*, Node*> nodes{{nullptr, nullptr}};
  for (auto& node : nodes_) {
    copy.nodes_.push_back(std::make_unique<Node>());
    nodes[node.get()] = copy.nodes_.back().get();
  }
  for (auto& value : values_) {
    copy.values_.push_back(std::make_unique<Value>(*value));
    Value* twin = values[value.get()] = copy.values_.back().get();
    twin->producer = nodes.at(value->producer);
    for (Node*& user : twin->users) user = nodes.at(user);
  }
  auto twins = [&](const std::vector<Value*>& of) {
    std::vector<Value*> result;
    for (Value* value : of) result.push_back(values.at(value));
    return result;
  };
  for (auto& node : nodes_) {
    Node* twin = nodes.at(node.get());
    twin->op = node->op;
    twin->attributes = node->attributes->clone();
    twin->inputs = twins(node->inputs);
    twin->outputs = twins(node->outputs);
    twin->origin = node->origin;
  }
  copy.inputs = twins(inputs);
  copy.outputs = twins(outputs);
  copy.output_names = output_names;
  return copy;
}

}  // namespace broach
