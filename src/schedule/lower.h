#pragma once
// From a schedule to loops.
#include "schedule/schedule.h"
#include "schedule/tensor_buffer.h"
#include "target/target.h"

namespace broach {

// A constant that the schedule packs: `function` has the params (original, packed) and runs at compile time.
struct PackedConstant {
  size_t input = 0;  // which input of the group
  PrimFunc function;
  int64_t elements = 0;
};

struct LoweredGroup {
  PrimFunc function;  // params: the inputs (packed ones in their packed form), then the outputs
  std::vector<PackedConstant> packed;
};

struct GroupTensor {
  Tensor tensor;
  TensorBuffer buffer;
};

// inputs: every placeholder that the schedule's stages read; outputs: in the order of schedule.outputs(). Emits no pass's work: the
// result is for run_loop_pipeline. Throws Error for a schedule that cannot be (accumulators in registers with variable indices).
LoweredGroup lower(const Schedule& schedule, const std::string& name, const std::vector<GroupTensor>& inputs,
                   const std::vector<TensorBuffer>& outputs);

// Writes the halo of a buffer: param 0, one task per plane.
PrimFunc halo_fill(const TensorBuffer& buffer);

}  // namespace broach
