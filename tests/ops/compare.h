#pragma once
#include <gtest/gtest.h>

#include <cmath>

#include "graph/constant.h"
#include "te/tensor.h"

namespace broach {

// Half a unit in the last place of 1.
inline double rounding_unit(DType dtype) {
  switch (dtype) {
    case DType::f16: return std::ldexp(1, -11);
    case DType::bf16: return std::ldexp(1, -8);
    case DType::f32: return std::ldexp(1, -24);
    default: return std::ldexp(1, -53);
  }
}

// Elements of the longest reduction that a result goes through, stages added up.
inline int64_t accumulated_terms(const std::vector<Tensor>& outputs) {
  int64_t terms = 0;
  for (const Tensor& t : reachable(outputs)) {
    int64_t here = t->is_reduction() ? 1 : 0;
    for (const Axis& axis : t->reduction.axes) here *= axis.extent;
    terms += here;
  }
  return terms;
}

inline double largest_magnitude(const Constant& x) {
  double largest = 0;
  for (int64_t i = 0; i < x.elements(); ++i)
    if (std::isfinite(x.float_at(i))) largest = std::max(largest, std::fabs(x.float_at(i)));
  return largest;
}

// Integers must be equal. Floats may differ by a rounding of each accumulated term and 16 of the formula around them (elementary
// functions count for 4), each relative to the largest magnitude among inputs and results.
inline void expect_close(const Constant& found, const Constant& expected, const std::vector<Constant>& inputs, int64_t terms) {
  ASSERT_EQ(to_string(found.type().shape), to_string(expected.type().shape));
  DType dtype = found.type().dtype;
  double magnitude = largest_magnitude(expected);
  for (const Constant& input : inputs) magnitude = std::max(magnitude, largest_magnitude(input));
  double tolerance = rounding_unit(dtype) * double(terms + 16) * magnitude;
  for (int64_t i = 0; i < found.elements(); ++i) {
    if (!is_float(dtype)) {
      ASSERT_EQ(found.int_at(i), expected.int_at(i)) << "element " << i;
      continue;
    }
    double a = found.float_at(i), b = expected.float_at(i);
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    ASSERT_LE(std::fabs(a - b), tolerance) << "element " << i << ": " << a << ", expected " << b;
  }
}

}  // namespace broach
