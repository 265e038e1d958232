#include "reference/values.h"

namespace broach::reference_ops {

Reals zeros(Shape shape) {
  auto count = size_t(element_count(shape));
  return {std::move(shape), std::vector<double>(count)};
}

Reals to_reals(const Constant& x) { return {x.type().shape, x.floats()}; }
Ints to_ints(const Constant& x) { return {x.type().shape, x.ints()}; }
Constant to_constant(const Reals& x) { return Constant::of_floats(x.data, x.shape, DType::f64); }
Constant to_constant(const Ints& x, DType dtype) { return Constant::of_ints(x.data, x.shape, dtype); }

void for_each_index(const Shape& shape, const std::function<void(const Shape& index)>& f) {
  for (int64_t extent : shape)
    if (extent == 0) return;
  Shape index(shape.size(), 0);
  for (;;) {
    f(index);
    size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

int64_t offset_of(const Shape& shape, const Shape& index) {
  int64_t offset = 0;
  for (size_t i = 0; i < shape.size(); ++i) offset = offset * shape[i] + index[i];
  return offset;
}

int64_t broadcast_offset(const Shape& from, const Shape& index) {
  int64_t offset = 0;
  size_t skipped = index.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) offset = offset * from[i] + (from[i] == 1 ? 0 : index[skipped + i]);
  return offset;
}

Constant rearranged(const Constant& x, const Shape& shape, const std::function<int64_t(const Shape& index)>& source, double fill) {
  if (is_float(x.type().dtype)) {
    Reals from = to_reals(x), result{shape, {}};
    for_each_index(shape, [&](const Shape& index) {
      int64_t i = source(index);
      result.data.push_back(i < 0 ? fill : from[i]);
    });
    return to_constant(result);
  }
  Ints from = to_ints(x), result{shape, {}};
  for_each_index(shape, [&](const Shape& index) {
    int64_t i = source(index);
    result.data.push_back(i < 0 ? int64_t(fill) : from[i]);
  });
  return to_constant(result, x.type().dtype);
}

std::vector<int64_t> or_filled(const std::vector<int64_t>& values, size_t count, int64_t value) {
  return values.empty() ? std::vector<int64_t>(count, value) : values;
}

size_t from_end(int64_t axis, size_t rank) { return size_t(axis < 0 ? axis + int64_t(rank) : axis); }

}  // namespace broach::reference_ops
