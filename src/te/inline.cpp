#include <algorithm>
#include <map>

#include "expr/simplify.h"
#include "te/tensor.h"

namespace broach {
namespace {

// A stage's expressions stay below this many nodes (counted as a tree): where values meet again and again (x * sigmoid(x), many
// times over), putting producers into readers would double the expression each time.
constexpr int64_t max_expression_nodes = 2000;

using TensorMap = std::map<Tensor, Tensor>;

bool contains(const std::vector<Tensor>& tensors, const Tensor& tensor) { return std::find(tensors.begin(), tensors.end(), tensor) != tensors.end(); }

Tensor with_producers(const Tensor& tensor, const TensorMap& now) {
  Tensor result = tensor;
  for (const Tensor& producer : reads_of(tensor)) {
    auto it = now.find(producer);
    if (it == now.end() || it->second == producer) continue;
    result = replace_reads(result, producer, [&](const Expr& e) {
      ExprNode node = *e;
      node.tensor = it->second;
      return Expr(std::move(node));
    });
  }
  return result;
}

std::vector<Tensor> substitute_tensor(const std::vector<Tensor>& outputs, const Tensor& from, const Tensor& to) {
  TensorMap now;
  for (const Tensor& tensor : reachable(outputs)) now[tensor] = tensor == from ? to : with_producers(tensor, now);
  std::vector<Tensor> result;
  for (const Tensor& output : outputs) result.push_back(now.at(output));
  return result;
}

std::vector<VarBinding> bind_axes(const std::vector<Axis>& axes, const std::vector<Expr>& values) {
  std::vector<VarBinding> bindings;
  for (size_t i = 0; i < axes.size(); ++i) bindings.push_back({axes[i].var, values[i]});
  return bindings;
}

// What must hold for the indices of a read_or to be inside; null where the axes' extents prove all of it.
Expr inside_condition(const Expr& read, const Tensor& tensor, const Bounds& bounds) {
  Expr condition;
  auto require = [&](const Expr& c) {
    if (!proves(c, bounds)) condition = condition ? condition && c : c;
  };
  for (size_t i = 0; i < tensor->shape.size(); ++i) {
    require(Expr(0) <= read->args[i]);
    require(read->args[i] < Expr(tensor->shape[i]));
  }
  return condition;
}

Bounds bounds_of_axes(const Tensor& tensor) {
  Bounds bounds;
  for (const Axis& axis : tensor->axes) bounds.set(axis.var, {0, axis.extent - 1});
  for (const Axis& axis : tensor->reduction.axes) bounds.set(axis.var, {0, axis.extent - 1});
  return bounds;
}

// `reader` with the elements of `producer`, which has no reduction, in place of its reads.
Tensor put_into(const Tensor& reader, const Tensor& producer) {
  Bounds bounds = bounds_of_axes(reader);
  return replace_reads(reader, producer, [&](const Expr& e) {
    Expr value = substitute(producer->result, bind_axes(producer->axes, e->args));
    Expr inside = e.is(Op::read_or) ? inside_condition(e, producer, bounds) : Expr();
    return inside ? select(inside, value, e->args.back()) : value;
  });
}

int64_t node_count(const Expr& e) {
  int64_t count = 0;
  visit(e, [&](const Expr&) { ++count; });
  return count;
}

int64_t node_count(const Tensor& tensor) {
  int64_t count = tensor->result ? node_count(tensor->result) : 0;
  for (const Expr& update : tensor->reduction.update) count += node_count(update);
  return count;
}

int64_t reads_in(const Expr& e, const Tensor& tensor) {
  int64_t count = 0;
  visit(e, [&](const Expr& node) { count += node->tensor == tensor; });
  return count;
}

int64_t reads_in(const Tensor& reader, const Tensor& tensor) {
  int64_t count = reads_in(reader->result, tensor);
  for (const Expr& update : reader->reduction.update) count += reads_in(update, tensor);
  return count;
}

bool stays_small(const Tensor& reader, const Tensor& producer) {
  return node_count(reader) + reads_in(reader, producer) * node_count(producer) <= max_expression_nodes;
}

// --- Elementwise readers of a reduction go into its result ---

// True if every read of `tensor` in `reader` is at the reader's own axes (0 where there is one element only).
bool reads_identically(const Tensor& reader, const Tensor& tensor) {
  bool identical = reader->shape == tensor->shape;
  auto check = [&](const Expr& e) {
    if (e->tensor != tensor) return;
    for (size_t i = 0; i < reader->axes.size(); ++i) {
      const Expr& index = e->args[i];
      identical &= (index.is(Op::var) && index->var == reader->axes[i].var) || (reader->shape[i] == 1 && is_const(index, 0));
    }
  };
  if (identical) visit(reader->result, check);
  return identical;
}

// A reduction and elementwise tensors after it: all readers of all but the last are inside.
using Epilogue = std::vector<Tensor>;

bool joins(const Tensor& tensor, const Epilogue& epilogue) {
  if (tensor->is_placeholder() || tensor->is_reduction()) return false;
  bool reads_member = false;
  for (const Tensor& producer : reads_of(tensor)) {
    if (!contains(epilogue, producer)) continue;
    if (!reads_identically(tensor, producer)) return false;
    reads_member = true;
  }
  return reads_member;
}

bool is_closed(const Epilogue& epilogue, const std::vector<Tensor>& order, const std::vector<Tensor>& outputs) {
  for (const Tensor& tensor : order) {
    if (contains(epilogue, tensor)) continue;
    for (const Tensor& producer : reads_of(tensor))
      if (producer != epilogue.back() && contains(epilogue, producer)) return false;
  }
  return std::none_of(epilogue.begin(), epilogue.end() - 1, [&](const Tensor& t) { return contains(outputs, t); });
}

// The longest epilogue of `reduction`, itself first; only itself if nothing can be merged.
Epilogue find_epilogue(const Tensor& reduction, const std::vector<Tensor>& order, const std::vector<Tensor>& outputs) {
  Epilogue candidate{reduction}, longest{reduction};
  for (auto it = std::find(order.begin(), order.end(), reduction); it != order.end(); ++it) {
    if (!joins(*it, candidate)) continue;
    candidate.push_back(*it);
    if (is_closed(candidate, order, outputs)) longest = candidate;
  }
  return longest;
}

// The last tensor of the epilogue over the axes of the reduction; null if its expression would be too large.
Tensor merge(const Epilogue& epilogue) {
  const Tensor& reduction = epilogue.front();
  Tensor last = epilogue.back();
  for (size_t i = epilogue.size() - 1; i-- > 0;) {  // later ones first: each brings reads of the earlier
    if (!stays_small(last, epilogue[i])) return nullptr;
    if (i > 0) last = put_into(last, epilogue[i]);
  }
  std::vector<Expr> axes;
  for (const Axis& axis : reduction->axes) axes.emplace_back(axis.var);
  Expr result = substitute(last->result, bind_axes(last->axes, axes));
  TensorNode node = *reduction;
  node.name = last->name;
  node.dtype = last->dtype;
  node.result = rewrite(result, [&](const Expr& e) { return e->tensor == reduction ? reduction->result : e; });
  return std::make_shared<const TensorNode>(std::move(node));
}

std::vector<Tensor> merge_one_epilogue(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> order = reachable(outputs);
  // Last reductions first: a tensor that joins two of them belongs to the one that can run when the other has.
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if (!(*it)->is_reduction()) continue;
    Epilogue epilogue = find_epilogue(*it, order, outputs);
    Tensor merged = epilogue.size() > 1 ? merge(epilogue) : nullptr;
    if (merged) return substitute_tensor(outputs, epilogue.back(), merged);
  }
  return outputs;
}

// --- Tensors without reduction go into their readers ---

bool is_expensive(const Expr& e) {
  bool expensive = false;
  visit(e, [&](const Expr& node) {
    Op op = node->op;
    expensive |= op == Op::div || op == Op::mod || op == Op::rem || op == Op::pow || op == Op::atan2 || (op >= Op::sqrt && op <= Op::sigmoid);
  });
  return expensive;
}

int64_t points(const std::vector<Axis>& axes) {
  int64_t count = 1;
  for (const Axis& axis : axes) count *= axis.extent;
  return count;
}

// How often all readers together ask for an element of `tensor`, on average.
double reads_per_element(const Tensor& tensor, const std::vector<Tensor>& order) {
  double reads = 0;
  for (const Tensor& reader : order) {
    if (reader->is_placeholder()) continue;
    reads += double(points(reader->axes)) * double(reads_in(reader->result, tensor));
    for (const Expr& update : reader->reduction.update)
      reads += double(points(reader->axes)) * double(points(reader->reduction.axes)) * double(reads_in(update, tensor));
  }
  return reads / double(std::max<int64_t>(1, points(tensor->axes)));
}

std::vector<Tensor> inline_producers(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> order = reachable(outputs), inlined;
  TensorMap now;
  for (const Tensor& tensor : order) {
    Tensor current = with_producers(tensor, now);
    for (const Tensor& producer : reads_of(current))
      if (contains(inlined, producer) && stays_small(current, producer)) current = put_into(current, producer);
    now[tensor] = current;
    if (tensor->is_placeholder() || tensor->is_reduction() || contains(outputs, tensor)) continue;
    // Computing something dear twice costs about as much as storing and loading it; more often, a stage of its own pays.
    if (!is_expensive(current->result) || reads_per_element(tensor, order) <= 2) inlined.push_back(current);
  }
  std::vector<Tensor> result;
  for (const Tensor& output : outputs) result.push_back(now.at(output));
  return result;
}

}  // namespace

std::vector<Tensor> inline_stages(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> now = outputs;
  for (;;) {
    std::vector<Tensor> next = merge_one_epilogue(now);
    if (next == now) break;
    now = std::move(next);
  }
  return inline_producers(now);
}

}  // namespace broach
