#pragma once
// Which axes of a tensor a reduction goes over, and how its indices become those of the tensor.
#include "ops/op_def.h"

namespace broach {

struct ReducedAxes {
  Shape input;
  std::vector<size_t> axes;  // sorted
  bool keepdims = true;      // they stay in the output, with extent 1

  Shape output() const;
  std::vector<int64_t> extents() const;  // of the reduced axes
  int64_t count() const;                 // elements that one result is made of
  bool reduces(size_t axis) const;
  // Of the input's element at `output` indices (of output()) and `reduced` indices (one per axis).
  std::vector<Expr> input_indices(Indices output, Indices reduced) const;
  // Of the output's element that the input's element at `input` indices contributes to.
  std::vector<Expr> output_indices(Indices input) const;
};

}  // namespace broach
