#pragma once
// Passes over the loop IR. The order is in pipeline.cpp.
#include "loop/stmt.h"

namespace broach {

Stmt share_values(const Stmt& s);      // values that one statement uses more than once get names
Stmt simplify_loops(const Stmt& s);     // expressions with the bounds of enclosing loops; loops of extent 1 and 0; constant conditions
Stmt vectorize_loops(const Stmt& s);    // vector Fors become ramps, broadcasts and vector operations; what cannot is scalarised
Stmt unroll_loops(const Stmt& s);       // unrolled Fors of constant extent
Stmt hoist_invariants(const Stmt& s);   // index arithmetic that does not depend on the inner loops becomes Lets outside
Stmt expand_functions(const Stmt& s);   // exp, log, tanh, erf, sigmoid, ... as polynomials over basic operations (see expr/functions.h)

struct LoopPass {
  const char* name;
  Stmt (*run)(const Stmt&);
};
const std::vector<LoopPass>& loop_pipeline();

// Runs the pipeline; verifies after every pass. `skip` names passes to leave out; `observer`, if given, sees the function as it comes
// ("lowered") and each result.
PrimFunc run_loop_pipeline(PrimFunc f, const std::vector<std::string>& skip = {},
                           const std::function<void(const char* pass, const PrimFunc&)>& observer = {});

}  // namespace broach
