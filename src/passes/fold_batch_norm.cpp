#include "passes/fold_batch_norm.h"

#include <cmath>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/normalization.h"
#include "passes/rewrite.h"

namespace broach {
namespace {

// x * factors + terms, one of each per channel.
struct Affine {
  std::vector<double> factors, terms;
};

std::optional<Affine> affine_of_batch_norm(const Node& node) {
  for (size_t i = 1; i < 5; ++i)
    if (!node.input(i)->is_constant()) return std::nullopt;
  std::vector<double> scale = node.input(1)->constant.floats(), bias = node.input(2)->constant.floats();
  std::vector<double> mean = node.input(3)->constant.floats(), variance = node.input(4)->constant.floats();
  Affine affine{scale, bias};
  for (size_t c = 0; c < scale.size(); ++c) {
    affine.factors[c] = scale[c] / std::sqrt(variance[c] + node.attrs<NormAttributes>().epsilon);
    affine.terms[c] = bias[c] - mean[c] * affine.factors[c];
  }
  return affine;
}

// What the node does to its first input, per index of `axis`, if it is that simple.
std::optional<Affine> affine_of(const Node& node, size_t axis) {
  if (node.inputs.empty() || !node.input(0) || node.output()->type.shape != node.input(0)->type.shape) return std::nullopt;
  if (is(node, op_batch_norm)) return axis == 1 ? affine_of_batch_norm(node) : std::nullopt;
  bool adds = is(node, op_add) || is(node, op_sub), scales = is(node, op_mul) || is(node, op_div);
  if (!adds && !scales) return std::nullopt;
  auto numbers = along_axis(node.input(1), node.output()->type.shape, axis);
  if (!numbers) return std::nullopt;
  for (double& number : *numbers) {
    if (is(node, op_sub)) number = -number;
    if (is(node, op_div)) number = 1 / number;
  }
  size_t count = numbers->size();
  return adds ? Affine{std::vector<double>(count, 1), *numbers} : Affine{*numbers, std::vector<double>(count, 0)};
}

Value* floats_like(Graph& graph, const Value* like, const std::vector<double>& numbers, Shape shape) {
  return graph.add_constant(Constant::of_floats(numbers, std::move(shape), like->type.dtype), like->name);
}

// conv(x, w, b) then y * f + t is conv(x, w * f, b * f + t).
bool fold_into_conv(Graph& graph, Node& node) {
  Node* conv = node.inputs.empty() ? nullptr : sole_producer(graph, node.input(0), op_conv);
  if (!conv || !conv->input(1)->is_constant() || (conv->input(2) && !conv->input(2)->is_constant())) return false;
  auto affine = affine_of(node, 1);
  if (!affine) return false;

  const Value* w = conv->input(1);
  size_t channels = affine->factors.size();
  std::vector<double> weights = w->constant.floats(), bias = affine->terms;
  for (size_t i = 0; i < weights.size(); ++i) weights[i] *= affine->factors[i / (weights.size() / channels)];
  for (size_t c = 0; c < channels && conv->input(2); ++c) bias[c] += conv->input(2)->constant.float_at(int64_t(c)) * affine->factors[c];
  Value* new_weights = floats_like(graph, w, weights, w->type.shape);
  Value* new_bias =
      graph.add_constant(Constant::of_floats(bias, {int64_t(channels)}, w->type.dtype), conv->input(2) ? conv->input(2)->name : w->name + ".bias");
  replace_node(graph, node, op_conv, {conv->input(0), new_weights, new_bias}, conv->attrs<ConvAttributes>(), conv->origin);
  graph.erase(conv);
  return true;
}

// matmul(x, w) * f is matmul(x, w * f), where w is a matrix.
bool fold_into_matmul(Graph& graph, Node& node) {
  if ((!is(node, op_mul) && !is(node, op_div)) || !node.input(0)) return false;
  Node* matmul = sole_producer(graph, node.input(0), op_matmul);
  if (!matmul || !matmul->input(1)->is_constant() || matmul->input(1)->type.shape.size() != 2) return false;
  size_t rank = node.output()->type.shape.size();
  if (rank < 2) return false;
  auto affine = affine_of(node, rank - 1);
  if (!affine) return false;

  const Value* w = matmul->input(1);
  bool columns_first = matmul->attrs<MatmulAttributes>().trans_b;
  size_t columns = affine->factors.size();
  std::vector<double> weights = w->constant.floats();
  for (size_t i = 0; i < weights.size(); ++i) weights[i] *= affine->factors[columns_first ? i / (weights.size() / columns) : i % columns];
  Value* new_weights = floats_like(graph, w, weights, w->type.shape);
  replace_node(graph, node, op_matmul, {matmul->input(0), new_weights}, matmul->attrs<MatmulAttributes>(), matmul->origin);
  graph.erase(matmul);
  return true;
}

// Factors and terms after a batch_norm become its scale and bias.
bool fold_into_batch_norm(Graph& graph, Node& node) {
  Node* norm = node.inputs.empty() ? nullptr : sole_producer(graph, node.input(0), op_batch_norm);
  if (!norm || !affine_of_batch_norm(*norm)) return false;
  auto affine = affine_of(node, 1);
  if (!affine) return false;
  std::vector<double> scale = norm->input(1)->constant.floats(), bias = norm->input(2)->constant.floats();
  for (size_t c = 0; c < scale.size(); ++c) {
    scale[c] *= affine->factors[c];
    bias[c] = bias[c] * affine->factors[c] + affine->terms[c];
  }
  std::vector<Value*> inputs = norm->inputs;
  inputs[1] = floats_like(graph, inputs[1], scale, inputs[1]->type.shape);
  inputs[2] = floats_like(graph, inputs[2], bias, inputs[2]->type.shape);
  replace_node(graph, node, op_batch_norm, inputs, norm->attrs<NormAttributes>(), norm->origin);
  graph.erase(norm);
  return true;
}

bool split_batch_norm(Graph& graph, Node& node) {
  if (!is(node, op_batch_norm)) return false;
  auto affine = affine_of_batch_norm(node);
  if (!affine) return false;
  Value* x = node.input(0);
  Shape shape(x->type.shape.size(), 1);
  shape[1] = x->type.shape[1];
  Value* factors = floats_like(graph, node.input(1), affine->factors, shape);
  Value* terms = floats_like(graph, node.input(2), affine->terms, shape);
  Node* scaled = graph.insert_before(&node, op_mul, {x, factors}, nullptr, node.origin, node.output()->name + "/scaled");
  replace_node(graph, node, op_add, {scaled->output(), terms}, NoAttributes());
  return true;
}

}  // namespace

bool fold_batch_norm(Graph& graph) {
  bool changed =
      rewrite(graph, [](Graph& g, Node& node) { return fold_into_conv(g, node) || fold_into_matmul(g, node) || fold_into_batch_norm(g, node); });
  if (rewrite(graph, split_batch_norm)) changed = true;
  return graph.remove_dead() || changed;
}

}  // namespace broach
