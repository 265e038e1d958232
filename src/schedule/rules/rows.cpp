// Reductions along rows and what follows them (softmax, normalisations, means): each row is a task; the stages before the output are
// computed inside it, vectors run along the row.
#include <algorithm>

#include "schedule/rules/tiling.h"

namespace broach {
namespace {

// The innermost axis of `tensor` along which all its reads are contiguous or constant, the last reduction axis first.
bool contiguous_along(const RuleProblem& problem, const Tensor& tensor, const Var& var) {
  Bounds bounds = axis_bounds(tensor);
  std::vector<Expr> reads = reads_in(tensor->result);
  for (const Expr& update : tensor->reduction.update)
    for (const Expr& read : reads_in(update)) reads.push_back(read);
  for (const Expr& read : reads) {
    TensorBuffer buffer{read->tensor->dtype, read->tensor->shape, {}, {}, 0};
    if (const RuleInput* input = problem.find(read->tensor)) buffer = input->buffer;
    auto stride = stride_along(read, buffer, var, bounds);
    if (!stride || (*stride != 0 && *stride != 1)) return false;
  }
  return true;
}

void vectorize_stage(const RuleProblem& problem, Schedule& s, const std::string& name) {
  const Stage stage = s.stage(name);
  const Tensor& tensor = stage.tensor;
  int64_t lanes = problem.target->lanes(info(tensor->dtype).bits);
  if (tensor->is_reduction()) {
    const Var& var = tensor->reduction.axes.back().var;
    if (tensor->reduction.reducer == Reducer::custom || tensor->reduction.update.size() != 1) return;
    if (s.extent(name, var->name) > 1 && contiguous_along(problem, tensor, var)) vectorize_axis(s, name, var->name, lanes);
  } else if (!tensor->axes.empty()) {
    const Var& var = tensor->axes.back().var;
    if (s.extent(name, var->name) > 1 && contiguous_along(problem, tensor, var)) vectorize_axis(s, name, var->name, lanes);
  }
}

}  // namespace

bool rule_rows(const RuleProblem& problem, Schedule& schedule) {
  if (problem.outputs.size() != 1 || problem.output_buffers[0].layout.blocked()) return false;
  const std::vector<Stage>& stages = schedule.stages();
  bool reduces = std::any_of(stages.begin(), stages.end(), [](const Stage& s) { return s.tensor->is_reduction(); });
  if (!reduces || stages.back().tensor->axes.empty()) return false;
  const std::string last = stages.back().name;
  const Tensor output = stages.back().tensor;
  std::vector<std::string> before;
  for (size_t i = 0; i + 1 < stages.size(); ++i) before.push_back(stages[i].name);

  // Axes along which the earlier stages have one element per row of the output are the tasks.
  size_t rank = output->axes.size(), task_axes = rank;
  if (!before.empty() || !output->is_reduction()) task_axes = rank - 1;
  for (size_t i = 0; i + 1 < stages.size(); ++i) {
    size_t common = 0;
    const Shape& shape = stages[i].tensor->shape;
    while (common < std::min(shape.size(), task_axes) && shape[common] == output->shape[common]) ++common;
    task_axes = std::min(task_axes, common);
  }
  if (task_axes == 0) {
    if (!before.empty()) return false;
    vectorize_stage(problem, schedule, last);
    return true;
  }
  for (size_t d = 0; d < task_axes; ++d) schedule.apply(Parallel{last, output->axes[d].var->name});
  vectorize_stage(problem, schedule, last);
  for (size_t i = before.size(); i-- > 0;) schedule.apply(ComputeAt{before[i], last, output->axes[task_axes - 1].var->name});
  for (const std::string& name : before) vectorize_stage(problem, schedule, name);
  return true;
}

}  // namespace broach
