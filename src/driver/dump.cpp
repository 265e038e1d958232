#include "driver/dump.h"

#include <algorithm>

#include "driver/stages.h"
#include "support/files.h"
#include "support/nearest.h"

namespace broach {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

std::string joined(const std::map<std::string, std::string>& texts) {
  std::string all;
  for (const auto& [name, text] : texts) all += text;
  return all;
}

void check_names(const std::vector<std::string>& names, const std::vector<std::string>& known, const char* what, bool all) {
  for (const std::string& name : names)
    if (!contains(known, name) && !(all && name == "all"))
      throw_error("there is no {} '{}'{}; there are {}", what, name, did_you_mean(name, known), fmt::join(known, ", "));
}

// Each name once.
std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const auto& list : {graph_pass_names(), loop_pass_names()})
    for (const std::string& name : list)
      if (!contains(names, name)) names.push_back(name);
  return names;
}

}  // namespace

Dumper::Dumper(const CompileOptions& options) : options_(options) {
  check_names(options.dump_code, {std::begin(dump_stages), std::end(dump_stages)}, "stage to dump named", false);
  std::vector<std::string> known = pass_names();
  check_names(options.disabled_passes, known, "pass", false);
  check_names(options.print_ir_before, known, "pass", true);
  check_names(options.print_ir_after, known, "pass", true);
  for (const std::string& name : loop_pass_names())
    if (!contains(options.disabled_passes, name)) loop_passes_.push_back(name);
}

bool Dumper::wants(std::string_view stage) const { return contains(options_.dump_code, stage); }

void Dumper::keep(std::string_view stage, std::string text) {
  if (wants(stage)) texts_.emplace_back(stage, std::move(text));
}

bool Dumper::prints(const std::vector<std::string>& passes, std::string_view pass) const { return contains(passes, pass) || contains(passes, "all"); }

void Dumper::begin_stage(std::string_view name) {
  end_stage();
  stages_.push_back({std::string(name), 0, {}});
  stage_begin_ = Clock::now();
}

void Dumper::end_stage() {
  if (stages_.empty()) return;
  stages_.back().seconds = std::chrono::duration<double>(Clock::now() - stage_begin_).count();
  for (auto* times : {&graph_times_, &loop_times_}) {
    std::move(times->begin(), times->end(), std::back_inserter(stages_.back().passes));
    times->clear();
  }
}

void Dumper::graph(const Graph& graph) {
  if (wants("graph")) keep("graph", to_string(graph));
}

PassOptions Dumper::graph_pass_options() {
  PassOptions passes;
  passes.before = [this](const std::string& pass, const Graph& graph) {
    if (prints(options_.print_ir_before, pass)) fmt::print("# before {}\n{}", pass, to_string(graph));
  };
  passes.after = [this](const std::string& pass, const Graph& graph) {
    if (prints(options_.print_ir_after, pass)) fmt::print("# after {}\n{}", pass, to_string(graph));
  };
  passes.times = &graph_times_;
  return passes;
}

BuildOptions Dumper::build_options() {
  BuildOptions build;
  std::vector<std::string> known = loop_pass_names();
  for (const std::string& name : options_.disabled_passes)
    if (contains(known, name)) build.skip_loop_passes.push_back(name);
  if (wants("te") || wants("schedule")) build.report = &groups_;
  if (!options_.print_ir_before.empty() || !options_.print_ir_after.empty() || options_.print_pass_times)
    build.observe_pass = [this](const char* pass, const PrimFunc& function) { observe_loops(pass, function); };
  return build;
}

void Dumper::observe_loops(std::string_view pass, const PrimFunc& function) {
  auto now = Clock::now();
  if (pass == "lowered") {
    loop_pass_ = 0;
  } else {
    if (loop_times_.empty())
      for (const std::string& name : loop_passes_) loop_times_.push_back({name, 0, true});
    loop_times_[loop_pass_++].seconds += std::chrono::duration<double>(now - pass_begin_).count();
    if (prints(options_.print_ir_after, pass)) fmt::print("# after {}\n{}", pass, to_string(function));
  }
  if (loop_pass_ < loop_passes_.size() && prints(options_.print_ir_before, loop_passes_[loop_pass_]))
    fmt::print("# before {}\n{}", loop_passes_[loop_pass_], to_string(function));
  pass_begin_ = Clock::now();
}

void Dumper::program(const LoweredProgram& program) {
  auto heading = [](const GroupReport& group) { return fmt::format("# {}\n", fmt::join(group.origin, " ")); };
  std::string te, schedule, loop;
  for (const GroupReport& group : groups_) {
    te += heading(group) + group.expressions + "\n";
    schedule += heading(group) + to_string(group.trace) + "\n";
  }
  keep("te", te);
  keep("schedule", schedule);
  if (wants("loop"))
    for (const PrimFunc& function : program.functions) loop += to_string(function);
  keep("loop", loop);
  if (wants("plan")) keep("plan", to_string(program));
}

std::vector<std::string> Dumper::finish() {
  end_stage();
  keep("ll", joined(ll_));
  keep("asm", joined(asm_));
  std::vector<std::string> files;
  for (const auto& [stage, text] : texts_) {
    files.push_back(fmt::format("{}.{}", options_.output, stage));
    write_file_atomically(files.back(), text);
  }
  if (options_.print_pass_times) print_times();
  return files;
}

void Dumper::print_times() const {
  double total = 0;
  for (const Stage& stage : stages_) total += stage.seconds;
  auto line = [&](int indent, const std::string& name, double seconds) {
    fmt::print("{:{}}{:<{}}{:>12.3f} ms {:>6.2f} %\n", "", indent, name, 40 - indent, 1e3 * seconds, 100 * seconds / total);
  };
  fmt::print("Compilation time breakdown by pass:\n");
  for (const Stage& stage : stages_) {
    line(0, stage.name, stage.seconds);
    for (const PassTime& pass : stage.passes) line(2, pass.name, pass.seconds);
  }
  line(0, "total", total);
}

}  // namespace broach
