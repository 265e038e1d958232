#pragma once
// One function per operator of ops.def: an operator without reference does not link.
#include "reference/values.h"

namespace broach::reference_ops {

#define BROACH_OP(name) Results name(const Node& node, const Inputs& in);
#include "ops/ops.def"
#undef BROACH_OP

}  // namespace broach::reference_ops
