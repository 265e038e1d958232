#pragma once
// The layout of a packed constant: the order in which a stage's loops read it.
#include "schedule/lower.h"

namespace broach {

// The packed place of a constant along one nest: per loop the distance between its iterations (0: the constant does not depend on it), and
// for the nest as a whole the offset of its segment.
struct PackedNest {
  int64_t base = 0;
  std::vector<int64_t> strides;
  std::vector<PackedNest> parts;
  int64_t size = 0;  // elements of this nest for one iteration of the loops outside it
};

struct PackedLayout {
  Tensor tensor;
  Buffer buffer;
  PackedNest nest;
};

// Every read of the tensor in the stage must have equal indices (checked).
PackedLayout packed_layout(const Stage& stage, const Tensor& tensor, const std::string& buffer_name);

// params (tensor as in `source`, packed). Elements past the tensor's end become zero.
PrimFunc packing_function(const Stage& stage, const PackedLayout& layout, const TensorBuffer& source);

}  // namespace broach
