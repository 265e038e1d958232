// Row-major matrix products: one reduction axis; the last output axis comes from one operand only.
#include <algorithm>

#include "schedule/rules/tiling.h"

namespace broach {
namespace {

struct Form {
  std::string stage;
  Tensor tensor;
  Expr right;               // the operand that depends on the last output axis
  const RuleInput* right_input = nullptr;
  bool packed = false;      // a constant, packed: any order, zeros past the end
  bool dot = false;         // both operands are contiguous along the reduction
};

bool recognise(const RuleProblem& problem, const Schedule& schedule, Form* form) {
  if (schedule.stages().size() != 1) return false;
  const Stage& stage = schedule.stages()[0];
  const Tensor& tensor = stage.tensor;
  if (tensor->reduction.reducer != Reducer::sum || tensor->reduction.axes.size() != 1 || tensor->axes.empty()) return false;
  if (problem.output_buffers[0].layout.blocked() || tensor->axes.size() < 2) return false;
  std::vector<Expr> reads = reads_in(tensor->reduction.update[0]);
  if (reads.size() != 2) return false;
  Var n = tensor->axes.back().var;
  Bounds bounds = axis_bounds(tensor);
  int right = -1;
  for (int i = 0; i < 2; ++i) {
    bool uses = false;
    for (const Expr& index : reads[size_t(i)]->args) uses = uses || uses_var(index, n);
    if (uses && right >= 0) return false;
    if (uses) right = i;
  }
  if (right < 0) return false;
  form->stage = stage.name;
  form->tensor = tensor;
  form->right = reads[size_t(right)];
  form->right_input = problem.find(form->right->tensor);
  const RuleInput* left_input = problem.find(reads[size_t(1 - right)]->tensor);
  if (!form->right_input || !left_input) return false;
  form->packed = form->right_input->constant;
  if (form->packed) return true;
  if (stride_along(form->right, form->right_input->buffer, n, bounds) == 1) return true;
  Var k = tensor->reduction.axes[0].var;
  form->dot = stride_along(form->right, form->right_input->buffer, k, bounds) == 1 &&
              stride_along(reads[size_t(1 - right)], left_input->buffer, k, bounds) == 1;
  return form->dot;
}

void schedule_dot(Schedule& s, const Form& form, const Target& target) {
  const Tensor& t = form.tensor;
  for (size_t d = 0; d + 1 < t->axes.size(); ++d) s.apply(Parallel{form.stage, t->axes[d].var->name});
  vectorize_axis(s, form.stage, t->reduction.axes[0].var->name, target.lanes(info(t->dtype).bits));
}

// Tiles of m rows by vectors of n; rows past the last full tile are a part of their own.
void schedule_outer(Schedule& s, const Form& form, const Target& target) {
  const Tensor& t = form.tensor;
  const std::string n = t->axes.back().var->name, m = t->axes[t->axes.size() - 2].var->name, k = t->reduction.axes[0].var->name;
  int64_t columns = t->shape.back(), rows = t->shape[t->shape.size() - 2];
  int64_t lanes = std::min<int64_t>(target.lanes(info(t->dtype).bits), columns);
  if (!form.packed && columns % lanes != 0) {  // the rest may not be read past its end: a narrow last vector in every row
    for (size_t d = 0; d + 1 < t->axes.size(); ++d) s.apply(Parallel{form.stage, t->axes[d].var->name});
    s.apply(SplitParts{form.stage, n, {columns / lanes * lanes, columns % lanes}});
    s.apply(Split{form.stage, n + "@0", lanes, "g", "v"});
    s.apply(Reorder{form.stage, {"g", k + "@0", "v"}});
    s.apply(Vectorize{form.stage, "v"});
    s.apply(Reorder{form.stage, {k + "@1", n + "@1"}});
    s.apply(Vectorize{form.stage, n + "@1"});
    return;
  }
  int64_t blocks = (columns + lanes - 1) / lanes;
  RegisterTile best;
  double best_cycles = 1e30;
  for (int64_t vectors = 1; vectors <= std::min<int64_t>(blocks, 8); ++vectors)
    for (int64_t points = 1; points <= rows && fits_registers({vectors, points}, target); ++points) {
      if (!form.packed && blocks % vectors != 0) continue;
      double cycles = 0;
      for (int64_t size : even_tiles(rows, points)) cycles += cycles_per_step({vectors, size}, target);
      cycles *= double((blocks + vectors - 1) / vectors);
      if (cycles < best_cycles) best = {vectors, points}, best_cycles = cycles;
    }
  if (form.packed) s.apply(Align{form.stage, n, best.vectors * lanes});
  s.apply(Split{form.stage, n, best.vectors * lanes, "g", "n"});
  s.apply(Split{form.stage, "n", lanes, "o", "v"});
  std::vector<std::string> outer;
  for (size_t d = 0; d + 2 < t->axes.size(); ++d) outer.push_back(t->axes[d].var->name);
  std::vector<int64_t> sizes = even_tiles(rows, best.points);
  bool even = sizes.front() == sizes.back();
  std::string tile = m;
  if (even) {
    s.apply(Split{form.stage, m, sizes[0], "t", "u"});
    tile = "t";
    outer.insert(outer.end(), {"g", "t"});
  } else {
    outer.push_back("g");
  }
  std::vector<std::string> order = outer;
  if (!even) order.push_back(m);
  order.push_back(k);
  if (even) order.push_back("u");
  order.insert(order.end(), {"o", "v"});
  s.apply(Reorder{form.stage, order});
  for (const std::string& axis : outer) s.apply(Parallel{form.stage, axis});
  auto finish = [&](const std::string& suffix, const std::string& u) {
    s.apply(Unroll{form.stage, u});
    s.apply(Unroll{form.stage, "o" + suffix});
    s.apply(Vectorize{form.stage, "v" + suffix});
  };
  if (even) return finish("", "u");
  tile_evenly(s, form.stage, m, best.points, [&](const std::string& suffix) {
    std::string name = m + suffix;
    s.apply(Reorder{form.stage, {name + ".t", k + suffix, name + ".u", "o" + suffix, "v" + suffix}});
    finish(suffix, name + ".u");
  });
}

}  // namespace

bool rule_matmul(const RuleProblem& problem, Schedule& schedule) {
  Form form;
  if (!recognise(problem, schedule, &form)) return false;
  if (form.dot) {
    schedule_dot(schedule, form, *problem.target);
    return true;
  }
  pack_constants(problem, schedule, form.stage);
  schedule_outer(schedule, form, *problem.target);
  return true;
}

}  // namespace broach
