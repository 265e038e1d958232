#include "driver/dump.h"

#include <algorithm>

#include "loop/passes/passes.h"
#include "support/files.h"
#include "support/nearest.h"

namespace broach {
namespace {

std::vector<std::string> loop_pass_names() {
  std::vector<std::string> names;
  for (const LoopPass& pass : loop_pipeline()) names.push_back(pass.name);
  return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

std::string joined(const std::map<std::string, std::string>& texts) {
  std::string all;
  for (const auto& [name, text] : texts) all += text;
  return all;
}

}  // namespace

Dumper::Dumper(const CompileOptions& options) : options_(options) {
  std::vector<std::string> stages(std::begin(dump_stages), std::end(dump_stages));
  for (const std::string& stage : options.dump_code)
    if (!contains(stages, stage)) throw_error("there is no stage '{}' to dump{}", stage, did_you_mean(stage, stages));
}

bool Dumper::wants(std::string_view stage) const { return contains(options_.dump_code, stage); }

void Dumper::write(std::string_view stage, const std::string& text) const {
  write_file_atomically(fmt::format("{}.{}", options_.output, stage), text);
}

bool Dumper::prints(const std::vector<std::string>& passes, const std::string& pass) const {
  return contains(passes, pass) || contains(passes, "all");
}

void Dumper::graph(std::string_view when, const Graph& graph) {
  if (when == "graph" && wants("graph")) write("graph", to_string(graph));
}

PassOptions Dumper::graph_pass_options() {
  PassOptions passes;
  std::vector<std::string> loop_passes = loop_pass_names();
  for (const std::string& name : options_.disabled_passes)
    if (!contains(loop_passes, name)) passes.disabled.push_back(name);
  passes.before = [this](const std::string& pass, const Graph& graph) {
    if (prints(options_.print_ir_before, pass)) fmt::print("# before {}\n{}", pass, to_string(graph));
  };
  passes.after = [this](const std::string& pass, const Graph& graph) {
    if (prints(options_.print_ir_after, pass)) fmt::print("# after {}\n{}", pass, to_string(graph));
  };
  passes.times = &times_;
  return passes;
}

BuildOptions Dumper::build_options() {
  BuildOptions build;
  std::vector<std::string> loop_passes = loop_pass_names();
  for (const std::string& name : options_.disabled_passes)
    if (contains(loop_passes, name)) build.skip_loop_passes.push_back(name);
  if (wants("te") || wants("schedule")) build.report = &groups_;
  if (!options_.print_ir_after.empty())
    build.observe_pass = [this](const char* pass, const PrimFunc& function) {
      if (prints(options_.print_ir_after, pass)) fmt::print("# after {}\n{}", pass, to_string(function));
    };
  return build;
}

void Dumper::program(const LoweredProgram& program) {
  auto heading = [](const GroupReport& group) { return fmt::format("# {}\n", fmt::join(group.origin, " ")); };
  std::string te, schedule, loop;
  for (const GroupReport& group : groups_) {
    te += heading(group) + group.expressions + "\n";
    schedule += heading(group) + to_string(group.trace) + "\n";
  }
  for (const PrimFunc& function : program.functions) loop += to_string(function);
  if (wants("te")) write("te", te);
  if (wants("schedule")) write("schedule", schedule);
  if (wants("loop")) write("loop", loop);
  if (wants("plan")) write("plan", to_string(program));
}

void Dumper::finish() {
  if (wants("ll")) write("ll", joined(ll_));
  if (wants("asm")) write("asm", joined(asm_));
  if (!options_.print_pass_times) return;
  fmt::print("Compilation time breakdown by pass:\n");
  for (const PassTime& time : times_) fmt::print("  {:<36}{:>10.3f} ms\n", time.name, time.seconds * 1e3);
}

}  // namespace broach
