#pragma once
// What an operator is. Each operator (or family) has one file; ops.def lists them all.
#include <random>

#include "graph/op_def.h"
#include "te/tensor.h"

namespace broach {

#define BROACH_OP(name) extern const OpDef op_##name;
#include "ops/ops.def"
#undef BROACH_OP

const std::vector<const OpDef*>& all_ops();  // in the order of ops.def
const OpDef* find_op(std::string_view name);

}  // namespace broach
