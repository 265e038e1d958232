#pragma once
// The runner of graph passes: it alone times, dumps, verifies, skips and stops.
#include <functional>
#include <string>
#include <vector>

#include "graph/op_def.h"

namespace broach {

struct GraphPass {
  const char* name;
  std::function<bool(Graph&)> run;  // true: the graph changed
};

struct PassTime {
  std::string name;
  double seconds = 0;
  bool changed = false;
};

struct PassOptions {
  std::vector<std::string> disabled = {};  // names
  std::string stop_after = {};             // a name; empty: run all
  std::function<void(const std::string& pass, const Graph&)> before = {}, after = {};  // to print; empty: nothing
  std::vector<PassTime>* times = nullptr;  // gets one entry per pass that ran
};

// Throws Error for a name that is no pass, with the nearest one. InternalError where a pass leaves a graph that does not verify.
void run_passes(Graph& graph, const std::vector<GraphPass>& passes, const PassOptions& options);

// The passes that do not depend on a target, in their order.
std::vector<GraphPass> simplification_passes(ConstantEvaluator evaluate);

}  // namespace broach
