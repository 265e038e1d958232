#pragma once
// Tensor expressions: what an operator computes, element by element, in logical indices; neither memory nor order.
//
// A tensor is a placeholder (given) or computed. A computed element is result(reduction over reduce_axes), where
//   acc_k = init_k;  for every point of the reduce axes, in any order: (acc_0, acc_1, ...) = update(acc_0, acc_1, ..., axes)
// and result is an expression over the axes and the final acc. Without reduction, result is over the axes alone.
#include <optional>
#include <span>

#include "expr/expr.h"

namespace broach {

struct Axis {
  Var var;
  int64_t extent = 1;  // var runs from 0 to extent-1
};
Axis make_axis(std::string name, int64_t extent);

enum class Reducer : uint8_t { none, sum, max, min, prod, custom };

struct Reduction {
  Reducer reducer = Reducer::none;  // custom: not known to be associative
  std::vector<Axis> axes;
  std::vector<Var> acc;       // one, or several for tuples
  std::vector<Expr> init;     // constants
  std::vector<Expr> update;   // over acc, axes and the tensor's axes
};

struct TensorNode {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  std::vector<Axis> axes;  // empty for a placeholder (and for a computed scalar)
  Reduction reduction;     // reducer none: no reduction
  Expr result;             // null: placeholder

  bool is_placeholder() const { return !result; }
  bool is_reduction() const { return reduction.reducer != Reducer::none; }
};
using Tensor = std::shared_ptr<const TensorNode>;  // identity

Tensor placeholder(std::string name, DType dtype, std::vector<int64_t> shape);

// An element of a tensor. Indices must be inside (not checked here; the interpreter does).
Expr read(const Tensor& tensor, std::vector<Expr> indices);
// The same where all indices are inside, `outside` elsewhere: padding without a copy. A buffer with a halo of that fill needs no test.
Expr read_or(const Tensor& tensor, std::vector<Expr> indices, Expr outside);

// compute("relu", {n, c}, [&](auto i) { return max(read(x, {i[0], i[1]}), 0); })
using Indices = std::span<const Expr>;
Tensor compute(std::string name, const std::vector<int64_t>& shape, const std::function<Expr(Indices)>& element);

// sum, max, min or prod over reduce_extents of element(indices, reduce indices); `finish` is applied to the reduced value.
// A sum of products accumulates by fma.
Tensor reduce(std::string name, const std::vector<int64_t>& shape, Reducer reducer, const std::vector<int64_t>& reduce_extents,
              const std::function<Expr(Indices, Indices)>& element, const std::function<Expr(Expr, Indices)>& finish = {});

// All tensors that `outputs` need, placeholders too, producers first.
std::vector<Tensor> reachable(const std::vector<Tensor>& outputs);
std::vector<Tensor> reads_of(const Tensor& tensor);  // distinct, in order of appearance

// Replaces reads of `from` by `element(indices)` in result and update.
Tensor replace_reads(const Tensor& in, const Tensor& from, const std::function<Expr(const Expr& read)>& element);
// Puts computed tensors without reduction into their readers, and elementwise readers of a reduction (one reader, identity indices) into
// its result; what stays is one stage per reduction (or one in all). Outputs keep their identity in `outputs` order.
std::vector<Tensor> inline_stages(const std::vector<Tensor>& outputs);

std::string to_string(const Tensor& tensor);
// Text of a whole expression graph; parses back equal up to identity.
std::string to_string(const std::vector<Tensor>& outputs);
std::vector<Tensor> parse_tensors(std::string_view text);

}  // namespace broach
