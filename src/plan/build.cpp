#include "plan/build.h"

#include <algorithm>
#include <set>

#include "graph/op_def.h"
#include "loop/passes/passes.h"
#include "plan/memory.h"
#include "plan/placement.h"
#include "schedule/rules/rules.h"

namespace broach {
namespace {

// Below this many operations a step costs less than sharing it between threads.
constexpr int64_t small_step_operations = 20000;

class ProgramBuilder {
 public:
  ProgramBuilder(const Graph& graph, const Target& target, const BuildOptions& options) : graph_(graph), target_(target), options_(options) {}

  LoweredProgram run();

 private:
  // A step before memory is known.
  struct PendingStep {
    ProgramStep step;
    std::vector<int> reads, writes;  // buffers
  };

  void declare_tensors();
  void order_groups();
  void emit_group(const GroupExpressions& expressions, const std::vector<Place>& outputs, const Origin& origin);
  void emit_rim(int root);
  void emit_copies(const Value* concat);
  LoweredGroup lower_group(const GroupExpressions& expressions, const std::vector<TensorBuffer>& outputs, GroupReport* report);
  Schedule schedule_group(const RuleProblem& problem, const Origin& origin) const;
  int add_function(PrimFunc f);
  int buffer_of(const Place& place);
  int constant_buffer(const Value* value, const PackedConstant* packed);
  void set_barriers();
  void place_in_arena();

  const Graph& graph_;
  const Target& target_;
  const BuildOptions& options_;
  LoweredProgram program_;
  std::vector<GroupExpressions> groups_;
  std::unique_ptr<Placement> placement_;
  std::vector<PendingStep> pending_;
  std::map<std::string, int> functions_;                    // by structural key
  std::map<std::pair<int, std::pair<int64_t, int64_t>>, int> buffers_;  // by root, offset, bytes
  std::vector<int> buffer_roots_;                           // of each program buffer, -1 for constants
  std::map<std::pair<const Value*, std::string>, int> constants_;
  std::set<int> rims_done_;
};

LoweredProgram ProgramBuilder::run() {
  declare_tensors();
  order_groups();
  size_t done = 0;
  for (const GroupExpressions& group : groups_) {
    const Node* node = group.group.nodes[0];
    if (placement_->is_placed_concat(node)) {
      emit_copies(node->output());
    } else {
      std::vector<Place> places;
      for (const Value* output : group.group.outputs) places.push_back(placement_->place(output));
      emit_group(group, places, group.group.origin());
    }
    if (options_.progress) options_.progress(double(++done) / double(groups_.size()));
  }
  emit_copies(nullptr);
  set_barriers();
  place_in_arena();
  for (PendingStep& pending : pending_) program_.steps.push_back(std::move(pending.step));
  return std::move(program_);
}

void ProgramBuilder::declare_tensors() {
  program_.name = graph_.name;
  for (const Value* input : graph_.inputs) program_.inputs.push_back({input->name, input->type.dtype, input->type.shape});
  for (size_t i = 0; i < graph_.outputs.size(); ++i)
    program_.outputs.push_back({graph_.output_name(i), graph_.outputs[i]->type.dtype, graph_.outputs[i]->type.shape});
}

void ProgramBuilder::order_groups() {
  for (FusionGroup& group : fuse(graph_, options_.most_fused)) groups_.push_back(express(std::move(group)));
  placement_ = std::make_unique<Placement>(graph_, groups_);
}

void ProgramBuilder::emit_rim(int root) {
  const TensorBuffer& buffer = placement_->roots()[size_t(root)].buffer;
  if (buffer.halo.empty() || !rims_done_.insert(root).second) return;
  PendingStep pending;
  pending.step.function = add_function(halo_fill(buffer));
  pending.step.arguments = {buffer_of({root, 0, buffer})};
  const Value* value = placement_->roots()[size_t(root)].value;
  if (value && value->producer) pending.step.origin = value->producer->origin;
  pending.writes = pending.step.arguments;
  pending_.push_back(std::move(pending));
}

// What a concatenation could not take over as views; null: the graph's results that live elsewhere.
void ProgramBuilder::emit_copies(const Value* concat) {
  for (const Placement::Copy& copy : placement_->copies())
    if (copy.completes == concat) emit_group(express_copy(copy.from), {copy.to}, copy.origin);
}

Schedule ProgramBuilder::schedule_group(const RuleProblem& problem, const Origin& origin) const {
  for (const auto& [name, trace] : options_.traces)
    if (std::find(origin.begin(), origin.end(), name) != origin.end()) {
      Schedule schedule(problem.outputs);
      schedule.replay(trace);
      return schedule;
    }
  return choose_schedule(problem);
}

LoweredGroup ProgramBuilder::lower_group(const GroupExpressions& expressions, const std::vector<TensorBuffer>& outputs, GroupReport* report) {
  RuleProblem problem;
  problem.outputs = expressions.outputs;
  problem.output_buffers = outputs;
  problem.target = &target_;
  std::vector<GroupTensor> inputs;
  for (size_t i = 0; i < expressions.inputs.size(); ++i) {
    const Value* value = expressions.group.inputs[i];
    TensorBuffer buffer = placement_->place(value).buffer;
    problem.inputs.push_back({expressions.inputs[i], buffer, value->is_constant()});
    inputs.push_back({expressions.inputs[i], buffer});
  }
  Schedule schedule = schedule_group(problem, report->origin);
  report->expressions = to_string(schedule.outputs());
  report->trace = schedule.trace();
  LoweredGroup lowered = lower(schedule, expressions.group.nodes.empty() ? "copy" : expressions.group.nodes[0]->op->name, inputs, outputs);
  lowered.function = run_loop_pipeline(std::move(lowered.function), options_.skip_loop_passes, options_.observe_pass);
  return lowered;
}

void ProgramBuilder::emit_group(const GroupExpressions& expressions, const std::vector<Place>& outputs, const Origin& origin) {
  GroupReport report{origin, {}, {}, 0};
  std::vector<TensorBuffer> output_buffers;
  for (const Place& place : outputs) {
    emit_rim(place.root);
    output_buffers.push_back(place.buffer);
  }
  LoweredGroup lowered = lower_group(expressions, output_buffers, &report);
  PendingStep pending;
  pending.step.origin = origin;
  for (size_t i = 0; i < expressions.group.inputs.size(); ++i) {
    const Value* value = expressions.group.inputs[i];
    const Root& root = placement_->roots()[size_t(placement_->place(value).root)];
    if (root.kind != Root::Kind::constant) {
      pending.reads.push_back(buffer_of(placement_->place(value)));
      pending.step.arguments.push_back(pending.reads.back());
      continue;
    }
    const PackedConstant* packed = nullptr;
    for (const PackedConstant& p : lowered.packed)
      if (p.input == i) packed = &p;
    pending.step.arguments.push_back(constant_buffer(root.value, packed));  // a view of a constant is read where the constant lies
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Value* value = expressions.group.nodes.empty() ? expressions.group.inputs[0] : expressions.group.outputs[i];
    if (options_.results) options_.results->push_back({pending_.size(), pending.step.arguments.size() + i, value, outputs[i].buffer});
    pending.writes.push_back(buffer_of(outputs[i]));
  }
  pending.step.arguments.insert(pending.step.arguments.end(), pending.writes.begin(), pending.writes.end());
  int64_t operations = 0;
  for (const Tensor& tensor : reachable(expressions.outputs)) {
    if (tensor->is_placeholder()) continue;
    int64_t points = element_count(tensor->shape);
    for (const Axis& axis : tensor->reduction.axes) points *= axis.extent;
    operations += points;
  }
  pending.step.serial = operations < small_step_operations;
  pending.step.function = add_function(std::move(lowered.function));
  report.function = pending.step.function;
  if (options_.report) options_.report->push_back(std::move(report));
  pending_.push_back(std::move(pending));
}

int ProgramBuilder::add_function(PrimFunc f) {
  std::string key = structural_key(f);
  auto known = functions_.find(key);
  if (known != functions_.end()) return known->second;
  int index = int(program_.functions.size());
  f.name = fmt::format("{}_{}", f.name, index);
  program_.functions.push_back(std::move(f));
  functions_[key] = index;
  return index;
}

int ProgramBuilder::buffer_of(const Place& place) {
  auto key = std::pair(place.root, std::pair(place.offset, place.buffer.bytes()));
  auto known = buffers_.find(key);
  if (known != buffers_.end()) return known->second;
  const Root& root = placement_->roots()[size_t(place.root)];
  ProgramBuffer buffer;
  buffer.kind = root.kind == Root::Kind::input ? BufferKind::input : root.kind == Root::Kind::output ? BufferKind::output : BufferKind::arena;
  buffer.index = root.index;
  buffer.offset = place.offset;
  buffer.bytes = place.buffer.bytes();
  int index = int(program_.buffers.size());
  program_.buffers.push_back(buffer);
  buffer_roots_.push_back(place.root);
  return buffers_[key] = index;
}

int ProgramBuilder::constant_buffer(const Value* value, const PackedConstant* packed) {
  std::string key = packed ? structural_key(packed->function) : "";
  auto known = constants_.find({value, key});
  if (known != constants_.end()) return known->second;
  auto add = [&](ProgramConstant constant) {
    ProgramBuffer buffer{BufferKind::constant, int(program_.constants.size()), 0, constant.bytes()};
    program_.constants.push_back(std::move(constant));
    program_.buffers.push_back(buffer);
    buffer_roots_.push_back(-1);
    return int(program_.buffers.size()) - 1;
  };
  const TensorType& type = value->type;
  auto plain = constants_.find({value, ""});
  int original = plain != constants_.end() ? plain->second : add({value->name, type.dtype, element_count(type.shape), value->constant});
  constants_[{value, ""}] = original;
  if (!packed) return original;
  PrimFunc function = packed->function;
  function.name = "pack";
  ProgramStep step;
  step.function = add_function(run_loop_pipeline(std::move(function), options_.skip_loop_passes));
  step.origin = {value->name};
  int result = add({value->name + ".packed", type.dtype, packed->elements, {}});
  step.arguments = {program_.buffers[size_t(original)].index, program_.buffers[size_t(result)].index};
  program_.prologue.push_back(std::move(step));
  return constants_[{value, key}] = result;
}

// A step waits if it reads what a step since the last barrier wrote. No element is written twice, and memory is reused only
// across barriers (place_in_arena), so nothing else can go wrong.
void ProgramBuilder::set_barriers() {
  std::vector<int> written;
  auto overlap = [&](int a, int b) {
    const ProgramBuffer &x = program_.buffers[size_t(a)], &y = program_.buffers[size_t(b)];
    return buffer_roots_[size_t(a)] == buffer_roots_[size_t(b)] && x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes;
  };
  for (PendingStep& pending : pending_) {
    pending.step.barrier = std::any_of(pending.reads.begin(), pending.reads.end(),
                                       [&](int r) { return std::any_of(written.begin(), written.end(), [&](int w) { return overlap(r, w); }); });
    if (pending.step.barrier) written.clear();
    written.insert(written.end(), pending.writes.begin(), pending.writes.end());
  }
}

// Steps between two barriers may run at the same time, so lifetimes are counted in such intervals.
void ProgramBuilder::place_in_arena() {
  std::map<int, Lifetime> lifetimes;  // by root
  int interval = 0;
  for (const PendingStep& pending : pending_) {
    interval += pending.step.barrier;
    for (int argument : pending.step.arguments) {
      int root = buffer_roots_[size_t(argument)];
      if (root < 0 || program_.buffers[size_t(argument)].kind != BufferKind::arena) continue;
      auto [entry, fresh] = lifetimes.try_emplace(root, Lifetime{placement_->roots()[size_t(root)].buffer.bytes(), interval, interval});
      entry->second.last_step = interval;
    }
  }
  std::vector<Lifetime> list;
  std::map<int, size_t> position;
  for (const auto& [root, lifetime] : lifetimes) {
    position[root] = list.size();
    list.push_back(lifetime);
  }
  ArenaPlan plan = plan_arena(list);
  program_.arena_bytes = plan.bytes;
  for (size_t i = 0; i < program_.buffers.size(); ++i)
    if (program_.buffers[i].kind == BufferKind::arena) {
      size_t allocation = position.at(buffer_roots_[i]);
      program_.buffers[i].index = int(allocation);
      program_.buffers[i].offset += plan.offsets[allocation];
    }
}

}  // namespace

LoweredProgram build_program(const Graph& graph, const Target& target, const BuildOptions& options) {
  return ProgramBuilder(graph, target, options).run();
}

}  // namespace broach
