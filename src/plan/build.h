#pragma once
// From a graph with layouts to a program: groups become kernels, values get memory, kernels get an order.
#include "passes/fuse.h"
#include "plan/program.h"
#include "schedule/primitives.h"
#include "target/target.h"

namespace broach {

// What one group became, for dumps, tuning and tests.
struct GroupReport {
  Origin origin;
  std::string expressions;  // te text
  Trace trace;
  int function = 0;
};

struct BuildOptions {
  std::vector<std::string> skip_loop_passes;
  // Replays this instead of the rules' trace for the group whose origin contains the name.
  std::map<std::string, Trace> traces;
  std::vector<GroupReport>* report = nullptr;
  std::function<void(const char* pass, const PrimFunc&)> observe_pass;
  std::function<void(double fraction)> progress;
};

// The kernels have passed the loop passes. Constants that need packing are left to the prologue.
LoweredProgram build_program(const Graph& graph, const Target& target, const BuildOptions& options = {});

}  // namespace broach
