#pragma once
// Fusion groups as tensor expressions.
#include "passes/fuse.h"
#include "te/tensor.h"

namespace broach {

struct GroupExpressions {
  FusionGroup group;
  std::vector<Tensor> inputs;   // a placeholder per group.inputs
  std::vector<Tensor> outputs;  // per group.outputs, stages inlined
};

GroupExpressions express(FusionGroup group);

// A group without nodes that copies a value.
GroupExpressions express_copy(const Value* from);

// The rim of a placeholder that a group's padded reads reach, and what they expect there.
struct RimNeed {
  std::vector<int64_t> low, high;  // per spatial axis
  double fill = 0;
};
std::optional<RimNeed> rim_needed(const GroupExpressions& group, const Tensor& input);

}  // namespace broach
