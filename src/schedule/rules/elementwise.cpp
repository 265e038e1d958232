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

}  // namespace

bool rule_elementwise(const RuleProblem& problem, Schedule& schedule) {
  if (schedule.stages().size() != 1 || schedule.stages()[0].tensor->is_reduction()) return false;
  const Stage& stage = schedule.stages()[0];
  const std::string name = stage.name;
  Tensor tensor = stage.tensor;
  const TensorBuffer& buffer = problem.output_buffers[0];
  size_t rank = tensor->shape.size();
  if (rank == 0) return true;

  std::vector<std::string> axes;
  for (const Axis& axis : tensor->axes) axes.push_back(axis.var->name);
  if (buffer.layout.blocked()) {
    schedule.apply(Align{name, axes[1], buffer.layout.block});
    schedule.apply(Split{name, axes[1], buffer.layout.block, axes[1] + ".b", axes[1] + ".v"});
    std::vector<std::string> order = {axes[0], axes[1] + ".b"};
    order.insert(order.end(), axes.begin() + 2, axes.end());
    order.push_back(axes[1] + ".v");
    schedule.apply(Reorder{name, order});
    pack_constants(problem, schedule, name);
    schedule.apply(Vectorize{name, axes[1] + ".v"});
    schedule.apply(Parallel{name, axes[0]});
    schedule.apply(Parallel{name, axes[1] + ".b"});
    return true;
  }
  // All but the last axis are tasks; a tensor without halo is one row.
  std::string row = axes.back();
  bool flat = buffer.halo.empty() && buffer.batch_pitch == 0;
  int64_t lanes = problem.target->lanes(info(tensor->dtype).bits);
  if (flat && rank > 1) {  // one axis over everything, when that keeps the reads contiguous
    bool same = true;
    for (const Expr& read : reads_in(tensor->result)) {
      const RuleInput* input = problem.find(read->tensor);
      bool identity = input && input->buffer.layout == buffer.layout && input->buffer.shape == buffer.shape && input->buffer.halo.empty() && input->buffer.batch_pitch == 0 && read.is(Op::read);
      for (size_t d = 0; identity && d < rank; ++d) identity = read.arg(int(d)).is(Op::var) && read.arg(int(d))->var == tensor->axes[d].var;
      same = same && (identity || (input && input->buffer.elements() == 1));
    }
    if (same) {
      for (size_t d = rank - 1; d-- > 0;) {
        std::string fused = fmt::format("f{}", d);
        schedule.apply(Fuse{name, axes[d], row, fused});
        row = fused;
      }
      axes = {row};
    }
  }
  if (axes.size() == 1) {
    constexpr int64_t chunk = 4096;  // elements of a task
    int64_t extent = schedule.extent(name, row);
    if (extent > 2 * chunk) {
      int64_t size = chunk;
      while (extent % size != 0 && size > lanes) size /= 2;
      if (extent % size == 0) {
        schedule.apply(Split{name, row, size, row + ".c", row + ".e"});
        schedule.apply(Parallel{name, row + ".c"});
        row += ".e";
      }
    }
  }
  for (size_t d = 0; d + 1 < axes.size(); ++d) schedule.apply(Parallel{name, axes[d]});
  Var last = tensor->axes.back().var;
  if (axes.size() == 1 && rank > 1) vectorize_axis(schedule, name, row, lanes);
  else if (all_contiguous(problem, tensor, last)) vectorize_axis(schedule, name, row, lanes);
  return true;
}

}  // namespace broach
