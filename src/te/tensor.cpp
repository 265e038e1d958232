#include "te/tensor.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace broach {

Axis make_axis(std::string name, int64_t extent) { return {make_var(std::move(name)), extent}; }

Tensor placeholder(std::string name, DType dtype, std::vector<int64_t> shape) {
  TensorNode node;
  node.name = std::move(name);
  node.dtype = dtype;
  node.shape = std::move(shape);
  return std::make_shared<const TensorNode>(std::move(node));
}

namespace {

void check_indices(const Tensor& tensor, const std::vector<Expr>& indices) {
  BROACH_CHECK(indices.size() == tensor->shape.size(), "{} indices for tensor {} of rank {}", indices.size(), tensor->name, tensor->shape.size());
  for (const Expr& i : indices) BROACH_CHECK(i.dtype() == DType::i64, "an index of {} is {}", tensor->name, info(i.dtype()).name);
}

Expr make_read(Op op, const Tensor& tensor, std::vector<Expr> args) {
  ExprNode node{op, {tensor->dtype, 1}, std::move(args)};
  node.tensor = tensor;
  return Expr(std::move(node));
}

std::vector<Axis> make_axes(const char* prefix, const std::vector<int64_t>& extents) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < extents.size(); ++i) axes.push_back(make_axis(fmt::format("{}{}", prefix, i), extents[i]));
  return axes;
}

std::vector<Expr> as_exprs(const std::vector<Axis>& axes) {
  std::vector<Expr> exprs;
  for (const Axis& axis : axes) exprs.emplace_back(axis.var);
  return exprs;
}

// The value that max leaves alone: -inf, or the smallest integer. `low` false: the one that min leaves alone.
Expr extreme(DType dtype, bool low) {
  if (is_float(dtype)) return make_float((low ? -1 : 1) * std::numeric_limits<double>::infinity(), dtype);
  if (dtype == DType::boolean) return make_bool(!low);
  int bits = info(dtype).bits;
  if (is_unsigned_int(dtype)) return make_int(low ? 0 : int64_t(~uint64_t(0) >> (64 - bits)), dtype);
  int64_t highest = int64_t(~uint64_t(0) >> (65 - bits));
  return make_int(low ? -highest - 1 : highest, dtype);
}

Expr neutral(Reducer reducer, DType dtype) {
  switch (reducer) {
    case Reducer::sum: return make_const(0, dtype);
    case Reducer::prod: return make_const(1, dtype);
    case Reducer::max: return extreme(dtype, true);
    case Reducer::min: return extreme(dtype, false);
    default: break;
  }
  BROACH_CHECK(false, "reduce() takes sum, max, min or prod");
}

Expr combine(Reducer reducer, const Expr& acc, const Expr& element) {
  switch (reducer) {
    case Reducer::sum:
      if (element.is(Op::mul) && is_float(element.dtype())) return fma(element.arg(0), element.arg(1), acc);
      return acc + element;
    case Reducer::max: return max(acc, element);
    case Reducer::min: return min(acc, element);
    default: return acc * element;
  }
}

}  // namespace

Expr read(const Tensor& tensor, std::vector<Expr> indices) {
  check_indices(tensor, indices);
  return make_read(Op::read, tensor, std::move(indices));
}

Expr read_or(const Tensor& tensor, std::vector<Expr> indices, Expr outside) {
  check_indices(tensor, indices);
  BROACH_CHECK(outside.dtype() == tensor->dtype, "the outside value of {} is {}", tensor->name, info(outside.dtype()).name);
  indices.push_back(std::move(outside));
  return make_read(Op::read_or, tensor, std::move(indices));
}

Tensor compute(std::string name, const std::vector<int64_t>& shape, const std::function<Expr(Indices)>& element) {
  TensorNode node;
  node.name = std::move(name);
  node.shape = shape;
  node.axes = make_axes("i", shape);
  node.result = element(as_exprs(node.axes));
  node.dtype = node.result.dtype();
  return std::make_shared<const TensorNode>(std::move(node));
}

Tensor reduce(std::string name, const std::vector<int64_t>& shape, Reducer reducer, const std::vector<int64_t>& reduce_extents,
              const std::function<Expr(Indices, Indices)>& element, const std::function<Expr(Expr, Indices)>& finish) {
  TensorNode node;
  node.name = std::move(name);
  node.shape = shape;
  node.axes = make_axes("i", shape);
  node.reduction.reducer = reducer;
  node.reduction.axes = make_axes("r", reduce_extents);
  std::vector<Expr> indices = as_exprs(node.axes);
  Expr value = element(indices, as_exprs(node.reduction.axes));
  Var acc = make_var("acc0", value.dtype());
  node.reduction.acc = {acc};
  node.reduction.init = {neutral(reducer, value.dtype())};
  node.reduction.update = {combine(reducer, acc, value)};
  node.result = finish ? finish(acc, indices) : Expr(acc);
  node.dtype = node.result.dtype();
  return std::make_shared<const TensorNode>(std::move(node));
}

std::vector<Tensor> reads_of(const Tensor& tensor) {
  std::vector<Tensor> found;
  auto collect = [&](const Expr& e) {
    if (e->tensor && std::find(found.begin(), found.end(), e->tensor) == found.end()) found.push_back(e->tensor);
  };
  for (const Expr& update : tensor->reduction.update) visit(update, collect);
  if (tensor->result) visit(tensor->result, collect);
  return found;
}

std::vector<Tensor> reachable(const std::vector<Tensor>& outputs) {
  std::vector<Tensor> order;
  std::unordered_set<const TensorNode*> seen;
  std::function<void(const Tensor&)> add = [&](const Tensor& tensor) {
    if (!seen.insert(tensor.get()).second) return;
    for (const Tensor& producer : reads_of(tensor)) add(producer);
    order.push_back(tensor);
  };
  for (const Tensor& output : outputs) add(output);
  return order;
}

Tensor replace_reads(const Tensor& in, const Tensor& from, const std::function<Expr(const Expr& read)>& element) {
  auto replace = [&](const Expr& e) { return e->tensor == from ? element(e) : e; };
  TensorNode node = *in;
  for (Expr& update : node.reduction.update) update = rewrite(update, replace);
  if (node.result) node.result = rewrite(node.result, replace);
  return std::make_shared<const TensorNode>(std::move(node));
}

}  // namespace broach
