// No reduction: follow the output's memory, vectors along its innermost axis.
#include "schedule/rules/tiling.h"

namespace broach {
namespace {

// Gathers cost more than scalar code gains: every read must be contiguous along the axis, or not depend on it.
bool all_contiguous(const RuleProblem& problem, const Tensor& tensor, const Var& var) {
  Bounds bounds = axis_bounds(tensor);
  for (const Expr& read : reads_in(tensor->result)) {
    const RuleInput* input = problem.find(read->tensor);
    if (!input) return false;
    auto stride = stride_along(read, input->buffer, var, bounds);
    if (!stride || (*stride != 0 && *stride != 1)) return false;
  }
  return true;
}

// Reads follow the output element by element: then rows, planes and all make one axis.
bool reads_in_step(const RuleProblem& problem, const Tensor& tensor, const TensorBuffer& buffer) {
  for (const Expr& read : reads_in(tensor->result)) {
    const RuleInput* input = problem.find(read->tensor);
    if (!input) return false;
    if (input->buffer.elements() == 1) continue;
    if (!(input->buffer == TensorBuffer{input->buffer.dtype, buffer.shape, buffer.layout}) || !read.is(Op::read)) return false;
    for (size_t d = 0; d < tensor->axes.size(); ++d)
      if (!read.arg(int(d)).is(Op::var) || read.arg(int(d))->var != tensor->axes[d].var) return false;
  }
  return true;
}

void schedule_blocked(const RuleProblem& problem, const std::string& name, const std::vector<std::string>& axes, Schedule& schedule) {
  int64_t block = problem.output_buffers[0].layout.block;
  schedule.apply(Align{name, axes[1], block});
  schedule.apply(Split{name, axes[1], block, axes[1] + ".b", axes[1] + ".v"});
  std::vector<std::string> order = {axes[0], axes[1] + ".b"};
  order.insert(order.end(), axes.begin() + 2, axes.end());
  order.push_back(axes[1] + ".v");
  schedule.apply(Reorder{name, order});
  pack_constants(problem, schedule, name);
  schedule.apply(Vectorize{name, axes[1] + ".v"});
  schedule.apply(Parallel{name, axes[0]});
  schedule.apply(Parallel{name, axes[1] + ".b"});
}

// A long row becomes tasks of some thousand elements. Returns the axis inside a task.
std::string cut_into_tasks(const std::string& name, const std::string& row, int64_t lanes, Schedule& schedule) {
  constexpr int64_t chunk = 4096;  // elements of a task
  int64_t extent = schedule.extent(name, row), size = chunk;
  if (extent <= 2 * chunk) return row;
  while (extent % size != 0 && size > lanes) size /= 2;
  if (extent % size != 0) return row;
  schedule.apply(Split{name, row, size, row + ".c", row + ".e"});
  schedule.apply(Parallel{name, row + ".c"});
  return row + ".e";
}

}  // namespace

bool rule_elementwise(const RuleProblem& problem, Schedule& schedule) {
  if (schedule.stages().size() != 1 || schedule.stages()[0].tensor->is_reduction()) return false;
  const std::string name = schedule.stages()[0].name;
  Tensor tensor = schedule.stages()[0].tensor;
  const TensorBuffer& buffer = problem.output_buffers[0];
  size_t rank = tensor->shape.size();
  if (rank == 0) return true;

  std::vector<std::string> axes;
  for (const Axis& axis : tensor->axes) axes.push_back(axis.var->name);
  if (buffer.layout.blocked()) {
    schedule_blocked(problem, name, axes, schedule);
    return true;
  }
  // All but the last axis are tasks; what lies in one run is one row.
  std::string row = axes.back();
  int64_t lanes = problem.target->lanes(info(tensor->dtype).bits);
  bool one_run = rank == 1;
  if (rank > 1 && buffer.halo.empty() && buffer.batch_pitch == 0 && reads_in_step(problem, tensor, buffer)) {
    one_run = true;
    for (size_t d = rank - 1; d-- > 0;) {
      std::string fused = fmt::format("f{}", d);
      schedule.apply(Fuse{name, axes[d], row, fused});
      row = fused;
    }
  }
  if (one_run)
    row = cut_into_tasks(name, row, lanes, schedule);
  else
    for (size_t d = 0; d + 1 < rank; ++d) schedule.apply(Parallel{name, axes[d]});
  if ((one_run && rank > 1) || all_contiguous(problem, tensor, tensor->axes.back().var)) vectorize_axis(schedule, name, row, lanes);
  return true;
}

}  // namespace broach
