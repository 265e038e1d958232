#pragma once
// Rules that choose a schedule by the form of a group's expressions, the layouts of its tensors and the machine model. They know neither
// operator nor model names, nor exact shapes.
#include "schedule/lower.h"

namespace broach {

struct RuleInput {
  Tensor tensor;
  TensorBuffer buffer;
  bool constant = false;
};

struct RuleProblem {
  std::vector<Tensor> outputs;
  std::vector<RuleInput> inputs;
  std::vector<TensorBuffer> output_buffers;
  const Target* target = nullptr;

  const RuleInput* find(const Tensor& tensor) const;
};

// The first rule that fits builds the schedule; the last fits all.
Schedule choose_schedule(const RuleProblem& problem);

// One rule: returns false, leaving the schedule alone, if the problem is not of its form.
using Rule = bool (*)(const RuleProblem& problem, Schedule& schedule);
bool rule_blocked_reduction(const RuleProblem& problem, Schedule& schedule);  // convolution, depthwise, pooling in a blocked layout
bool rule_matmul(const RuleProblem& problem, Schedule& schedule);             // row-major matrix products
bool rule_rows(const RuleProblem& problem, Schedule& schedule);               // softmax, normalisation, reductions along rows
bool rule_elementwise(const RuleProblem& problem, Schedule& schedule);        // no reduction
bool rule_plain(const RuleProblem& problem, Schedule& schedule);              // anything

}  // namespace broach
