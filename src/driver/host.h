#pragma once
// Running code at compile time: constants are folded and packed by our own kernels, compiled for this machine.
#include "codegen/llvm/codegen.h"
#include "graph/graph.h"

namespace broach {

// Compiles for this host, loads through the runtime and runs once. The program has no prologue left.
std::vector<Constant> run_on_host(const LoweredProgram& program, const std::vector<Constant>& inputs);

// Runs the prologue: every constant gets its value. Then drops the constants that no step reads.
void run_prologue(LoweredProgram& program);

// All outputs of a graph without inputs.
std::vector<Constant> evaluate_on_host(const Graph& graph);

}  // namespace broach
