#pragma once
// The stages between an imported model and a program, as compile_file (compile.cpp) walks them; verify walks them again.
#include "driver/compile.h"
#include "driver/dump.h"
#include "plan/build.h"

namespace broach {

// Names of the passes over graphs and over loops, in order.
std::vector<std::string> graph_pass_names();
std::vector<std::string> loop_pass_names();

// Rewrites, layouts. Throws Error for settings that no pass knows.
void optimise_graph(Graph& graph, const Target& target, const CompileOptions& options, Dumper& dumper);

// Kernels and plan; constants are not packed yet. results, if given: where each step leaves which value of `graph`.
LoweredProgram lower_graph(const Graph& graph, const Target& target, const CompileOptions& options, Dumper& dumper,
                           std::vector<StepResult>* results = nullptr);

}  // namespace broach
