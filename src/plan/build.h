#pragma once
// From a graph with layouts to a program: groups become kernels, values get memory, kernels get an order.
#include "passes/fuse.h"
#include "plan/program.h"
#include "schedule/primitives.h"
#include "schedule/tensor_buffer.h"
#include "target/target.h"

namespace broach {

// What one group became, for dumps, tuning and tests.
struct GroupReport {
  Origin origin;
  std::string expressions;  // te text
  Trace trace;
  int function = 0;
};

// Where a step leaves a value of the graph, for verify.
struct StepResult {
  size_t step = 0;      // of the program's steps
  size_t argument = 0;  // of the step's
  const Value* value = nullptr;
  TensorBuffer buffer;
};

struct BuildOptions {
  std::vector<std::string> skip_loop_passes;
  size_t most_fused = SIZE_MAX;  // nodes in one kernel
  // Replays this instead of the rules' trace for the group whose origin contains the name.
  std::map<std::string, Trace> traces;
  std::vector<GroupReport>* report = nullptr;
  std::vector<StepResult>* results = nullptr;
  std::function<void(const char* pass, const PrimFunc&)> observe_pass;
  std::function<void(double fraction)> progress;
};

// The kernels have passed the loop passes. Constants that need packing are left to the prologue.
LoweredProgram build_program(const Graph& graph, const Target& target, const BuildOptions& options = {});

}  // namespace broach
