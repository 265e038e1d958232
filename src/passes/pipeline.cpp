#include "passes/pipeline.h"

#include <algorithm>
#include <chrono>

#include "passes/canonicalize.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_constants.h"
#include "passes/merge_pads.h"
#include "passes/remove_dead.h"
#include "passes/remove_identities.h"
#include "support/errors.h"
#include "support/nearest.h"

namespace broach {
namespace {

void check_names(const std::vector<GraphPass>& passes, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const GraphPass& pass : passes) known.push_back(pass.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end()) throw_error("there is no graph pass '{}'{}", name, did_you_mean(name, known));
}

bool run_and_verify(Graph& graph, const GraphPass& pass) {
  bool changed = pass.run(graph);
  try {
    verify(graph);
  } catch (const InternalError& error) {
    throw InternalError(fmt::format("after pass {}: {}", pass.name, error.what()));
  }
  return changed;
}

}  // namespace

void run_passes(Graph& graph, const std::vector<GraphPass>& passes, const PassOptions& options) {
  std::vector<std::string> names = options.disabled;
  if (!options.stop_after.empty()) names.push_back(options.stop_after);
  check_names(passes, names);
  for (const GraphPass& pass : passes) {
    if (std::find(options.disabled.begin(), options.disabled.end(), pass.name) == options.disabled.end()) {
      if (options.before) options.before(pass.name, graph);
      auto begin = std::chrono::steady_clock::now();
      bool changed = run_and_verify(graph, pass);
      std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
      if (options.times) options.times->push_back({pass.name, elapsed.count(), changed});
      if (options.after) options.after(pass.name, graph);
    }
    if (pass.name == options.stop_after) return;
  }
}

std::vector<GraphPass> simplification_passes(ConstantEvaluator evaluate) {
  return {
      {"remove_dead", remove_dead},
      {"remove_identities", remove_identities},
      {"canonicalize", canonicalize},
      {"fold_constants", [evaluate](Graph& graph) { return fold_constants(graph, evaluate); }},
      {"fold_batch_norm", fold_batch_norm},
      {"merge_pads", merge_pads},
      {"canonicalize", canonicalize},  // what folding has made
      {"remove_identities", remove_identities},
      {"eliminate_common_subexpressions", eliminate_common_subexpressions},
  };
}

}  // namespace broach
