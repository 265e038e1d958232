#pragma once
// Tensors as the reference sees them: floats are doubles and integers int64, whatever the model's types are.
#include <functional>

#include "graph/graph.h"

namespace broach::reference_ops {

using Inputs = std::vector<Constant>;  // absent ones are empty
using Results = std::vector<Constant>;

template <class T>
struct Array {
  Shape shape;
  std::vector<T> data;  // row-major

  int64_t count() const { return int64_t(data.size()); }
  T& operator[](int64_t i) { return data[size_t(i)]; }
  const T& operator[](int64_t i) const { return data[size_t(i)]; }
};
using Reals = Array<double>;
using Ints = Array<int64_t>;

Reals zeros(Shape shape);
Reals to_reals(const Constant& x);
Ints to_ints(const Constant& x);
Constant to_constant(const Reals& x);            // f64
Constant to_constant(const Ints& x, DType dtype);  // integers wrap

// Calls f(index) for every index of a tensor, row-major.
void for_each_index(const Shape& shape, const std::function<void(const Shape& index)>& f);
// The place of an element in row-major data.
int64_t offset_of(const Shape& shape, const Shape& index);
// The same for a tensor of shape `from` that is broadcast; index is one of the result.
int64_t broadcast_offset(const Shape& from, const Shape& index);

// A tensor of the given shape whose element at `index` is element source(index) of x, or `fill` where that is -1.
Constant rearranged(const Constant& x, const Shape& shape, const std::function<int64_t(const Shape& index)>& source, double fill = 0);

// `values`, or `count` times `value` if there are none.
std::vector<int64_t> or_filled(const std::vector<int64_t>& values, size_t count, int64_t value);
size_t from_end(int64_t axis, size_t rank);  // negative axes count from the end

}  // namespace broach::reference_ops
