#pragma once
// Computes constants by the naive reference, for tests of what needs a ConstantEvaluator.
#include "ops/op_def.h"
#include "reference/reference.h"

namespace broach {

inline Constant in_type(const Constant& value, DType dtype) {
  if (value.type().dtype == dtype) return value;
  return Constant::of_floats(value.floats(), value.type().shape, dtype);
}

inline std::vector<Constant> evaluate_by_reference(const Node& node, const std::vector<Constant>& inputs) {
  std::vector<Constant> results = reference(node, inputs);
  for (size_t i = 0; i < results.size(); ++i) results[i] = in_type(results[i], node.outputs[i]->type.dtype);
  return results;
}

}  // namespace broach
