#include <algorithm>

#include "loop/passes/passes.h"

namespace broach {

const std::vector<LoopPass>& loop_pipeline() {
  static const std::vector<LoopPass> passes = {
      {"share_values", share_values},        // first: the others walk expressions as trees
      {"simplify_loops", simplify_loops},    // while loops are rolled and code is small
      {"vectorize_loops", vectorize_loops},  // before copying bodies
      {"unroll_loops", unroll_loops},         {"simplify_loops", simplify_loops},  // what became constant in the copies
      {"expand_functions", expand_functions},                                      // once vectors are known
      {"hoist_invariants", hoist_invariants},
  };
  return passes;
}

PrimFunc run_loop_pipeline(PrimFunc f, const std::vector<std::string>& skip, const std::function<void(const char* pass, const PrimFunc&)>& observer) {
  verify(f);
  if (observer) observer("lowered", f);
  for (const LoopPass& pass : loop_pipeline()) {
    if (std::find(skip.begin(), skip.end(), pass.name) != skip.end()) continue;
    f.body = pass.run(f.body);
    try {
      verify(f);
    } catch (const InternalError& e) {
      throw InternalError(fmt::format("after {}: {}", pass.name, e.what()));
    }
    if (observer) observer(pass.name, f);
  }
  return f;
}

}  // namespace broach
