#pragma once
// Short forms for the lists of test cases that every operator has.
#include "ops/op_def.h"

namespace broach {

template <class T>
OpCase make_case(std::vector<TensorType> inputs, T attributes) {
  OpCase c;
  c.inputs = std::move(inputs);
  c.attributes = std::make_unique<T>(std::move(attributes));
  return c;
}
inline OpCase make_case(std::vector<TensorType> inputs) { return make_case(std::move(inputs), NoAttributes{}); }

// The same with random floats from low to high.
inline OpCase in_range(OpCase c, double low, double high) {
  c.low = low;
  c.high = high;
  return c;
}

// The same with input `index` given as a constant.
inline OpCase with_constant(OpCase c, size_t index, Constant constant) {
  c.constants.resize(c.inputs.size());
  c.constants[index] = std::move(constant);
  return c;
}

template <class... Cases>
std::vector<OpCase> case_list(Cases... cases) {  // OpCase cannot be copied, so no initializer list
  std::vector<OpCase> list;
  (list.push_back(std::move(cases)), ...);
  return list;
}

}  // namespace broach
