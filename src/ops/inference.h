#pragma once
// What the inference functions of operators share: checks of a node's inputs, axes, broadcasting, layouts.
// All throw Error with what was found and what was expected; the graph adds the node's name.
#include "ops/op_def.h"

namespace broach {

template <class T>
std::unique_ptr<Attributes> make_attributes() {
  return std::make_unique<T>();
}

void expect_inputs(const Node& node, size_t least, size_t most);
const TensorType& type_of(const Node& node, size_t input);

// Sets of element types that an operator takes.
enum class Domain : uint8_t { floats, signed_numbers, numbers, booleans, any };
bool contains(Domain domain, DType dtype);
void expect_domain(const Node& node, size_t input, Domain domain);
void expect_same_dtype(const Node& node, size_t a, size_t b);
void expect_rank(const Node& node, size_t input, size_t least);
void expect_shape(const Node& node, size_t input, const Shape& shape);

// 0..rank-1 from -rank..rank-1.
size_t normalize_axis(int64_t axis, size_t rank);
std::vector<size_t> normalize_axes(const std::vector<int64_t>& axes, size_t rank);  // sorted; Error for one named twice

// numpy's rule: shapes are aligned at the end, extents of 1 stretch.
Shape broadcast_shapes(const Shape& a, const Shape& b);
// Indices of an element of a tensor of shape `from`, broadcast to `to`, at `indices` of the latter.
std::vector<Expr> broadcast_indices(const Shape& from, const Shape& to, Indices indices);

// The layout of an elementwise result. Inputs that have all channels of the output and more than one element in each decide, all
// alike or the result is plain; if there are none, the first blocked input with all channels (a tensor of [N, C, 1, 1]).
Layout elementwise_layout(const Node& node, const Shape& output);
// The input's layout, for an operator that leaves axis 1 as it is.
Layout channel_layout(const TensorType& input, const Shape& output);

// The type that sums of `dtype` are formed in: f32 for the half types.
DType accumulation_dtype(DType dtype);
// An element in its accumulation type.
Expr widened(Expr element);

}  // namespace broach
