#pragma once
// Words for passes that replace nodes by others.
#include <functional>
#include <optional>

#include "ops/op_def.h"

namespace broach {

// Applies `rule` to every node, again and again until it changes nothing. A rule may insert nodes before its node and erase its node and
// others; it returns whether it did. Rules must come to an end by themselves. True if something changed.
bool rewrite(Graph& graph, const std::function<bool(Graph& graph, Node& node)>& rule);

// Puts `op` in the place of `node`, whose first result it takes over with its name; `node` goes. The new node's origin is that of
// `node` and `also`.
Node& replace_node(Graph& graph, Node& node, const OpDef& op, std::vector<Value*> inputs, const Attributes& attributes, const Origin& also = {});
// The first result of `node` becomes `value`; `node` goes.
void replace_node(Graph& graph, Node& node, Value* value);

// The producer of `value` if it is an `op` and nothing else reads its result; null otherwise.
Node* sole_producer(const Graph& graph, const Value* value, const OpDef& op);

bool is(const Node& node, const OpDef& op);
bool is_splat(const Value* value, double number);  // a constant whose every element is `number`

// Factors or terms per index of `axis` of a tensor of shape `shape`, if `value` is a constant float that broadcasts to it along all
// other axes; `shape[axis]` numbers.
std::optional<std::vector<double>> along_axis(const Value* value, const Shape& shape, size_t axis);

// The names of `a`, then those of `b` that are not among them.
Origin joined(const Origin& a, const Origin& b);

}  // namespace broach
