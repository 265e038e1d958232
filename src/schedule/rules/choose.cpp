#include "schedule/rules/rules.h"

namespace broach {

const RuleInput* RuleProblem::find(const Tensor& tensor) const {
  for (const RuleInput& input : inputs)
    if (input.tensor == tensor) return &input;
  return nullptr;
}

Schedule choose_schedule(const RuleProblem& problem) {
  for (Rule rule : {rule_blocked_reduction, rule_matmul, rule_rows, rule_elementwise, rule_plain}) {
    Schedule schedule(problem.outputs);
    if (rule(problem, schedule)) return schedule;
  }
  BROACH_CHECK(false, "no schedule rule fits");
}

bool rule_plain(const RuleProblem&, Schedule& schedule) {
  if (schedule.stages().size() != 1) return true;
  const Stage& stage = schedule.stages()[0];
  if (!stage.nest.loops.empty() && !stage.nest.loops[0].reduce) schedule.apply(Parallel{stage.name, stage.nest.loops[0].var->name});
  return true;
}

}  // namespace broach
