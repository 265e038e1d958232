#include "plan/groups.h"

#include <algorithm>

#include "expr/simplify.h"
#include "graph/op_def.h"

namespace broach {
namespace {

Tensor as_computed(const Tensor& tensor) {
  if (!tensor->is_placeholder()) return tensor;
  return compute("copy", tensor->shape, [&](Indices i) { return read(tensor, {i.begin(), i.end()}); });
}

bool grow(const Expr& read, const Bounds& bounds, RimNeed* need) {
  const Shape& shape = read->tensor->shape;
  double fill = read->args.back().is(Op::float_imm) ? read->args.back()->float_value : double(read->args.back()->int_value);
  bool any = false;
  for (size_t d = 0; d < shape.size(); ++d) {
    auto range = bounds_of(simplify(read.arg(int(d)), bounds), bounds);
    if (!range) return false;
    int64_t low = std::max<int64_t>(0, -range->low), high = std::max<int64_t>(0, range->high - shape[d] + 1);
    if (d < 2 && (low || high)) return false;
    if (d >= 2) {
      need->low[d - 2] = std::max(need->low[d - 2], low);
      need->high[d - 2] = std::max(need->high[d - 2], high);
    }
    any = any || low || high;
  }
  need->fill = fill;
  return any;
}

}  // namespace

GroupExpressions express(FusionGroup group) {
  GroupExpressions result;
  std::map<const Value*, Tensor> tensors;
  for (size_t i = 0; i < group.inputs.size(); ++i) {
    const Value* value = group.inputs[i];
    Tensor tensor = placeholder(fmt::format("{}{}", value->is_constant() ? "w" : "x", i), value->type.dtype, value->type.shape);
    tensors[value] = tensor;
    result.inputs.push_back(tensor);
  }
  for (const Node* node : group.nodes) {
    if (!node->op->lower) throw_error("operator {} of node '{}' cannot be compiled", node->op->name, node->origin.empty() ? "" : node->origin[0]);
    std::vector<Tensor> inputs;
    for (const Value* input : node->inputs) inputs.push_back(input ? tensors.at(input) : nullptr);
    std::vector<Tensor> outputs = node->op->lower(*node, inputs);
    for (size_t i = 0; i < node->outputs.size(); ++i) tensors[node->outputs[i]] = outputs[i];
  }
  std::vector<Tensor> outputs;
  for (const Value* output : group.outputs) outputs.push_back(as_computed(tensors.at(output)));
  result.outputs = inline_stages(outputs);
  result.group = std::move(group);
  return result;
}

GroupExpressions express_copy(const Value* from) {
  GroupExpressions result;
  result.group.inputs = {const_cast<Value*>(from)};
  result.inputs = {placeholder("x0", from->type.dtype, from->type.shape)};
  result.outputs = {as_computed(result.inputs[0])};
  return result;
}

std::optional<RimNeed> rim_needed(const GroupExpressions& group, const Tensor& input) {
  size_t rank = input->shape.size();
  if (rank != 3 && rank != 4) return std::nullopt;
  RimNeed need;
  need.low.assign(rank - 2, 0);
  need.high.assign(rank - 2, 0);
  bool any = false;
  for (const Tensor& tensor : reachable(group.outputs)) {
    if (tensor->is_placeholder()) continue;
    Bounds bounds;
    for (const Axis& axis : tensor->axes) bounds.set(axis.var, {0, axis.extent - 1});
    for (const Axis& axis : tensor->reduction.axes) bounds.set(axis.var, {0, axis.extent - 1});
    auto check = [&](const Expr& e) {
      if (e.is(Op::read_or) && e->tensor == input) any = grow(e, bounds, &need) || any;
    };
    visit(tensor->result, check);
    for (const Expr& update : tensor->reduction.update) visit(update, check);
  }
  if (!any) return std::nullopt;
  return need;
}

}  // namespace broach
