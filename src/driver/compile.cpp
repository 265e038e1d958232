#include "driver/compile.h"

#include <algorithm>
#include <charconv>

#include "driver/artifact.h"
#include "driver/dump.h"
#include "driver/host.h"
#include "driver/import.h"
#include "driver/meta.h"
#include "driver/stages.h"
#include "driver/write.h"
#include "graph/save.h"
#include "loop/passes/passes.h"
#include "passes/assign_layouts.h"
#include "passes/pipeline.h"
#include "passes/route_channels.h"
#include "support/nearest.h"

namespace broach {
namespace {

// Channels in one block that --desired-layout asks for; 0: row-major.
int64_t desired_block(const std::string& layout) {
  if (layout == "NCHW") return 0;
  for (int64_t block : {4, 8, 16})
    if (layout == fmt::format("NCHW{}c", block)) return block;
  throw_error("the layout '{}' is none that convolutions have; it may be NCHW (row-major), NCHW4c, NCHW8c or NCHW16c", layout);
}

std::vector<GraphPass> graph_passes(const Target& target, const CompileOptions& options) {
  std::vector<GraphPass> passes = simplification_passes(evaluate_constant_node);
  Target layouts = target;
  if (!options.desired_layout.empty()) {
    layouts.vector_bits = int(desired_block(options.desired_layout)) * 32;
  }
  passes.push_back({"route_channels", route_channels});
  passes.push_back({"assign_layouts", [layouts](Graph& graph) { return assign_layouts(graph, layouts); }});
  return passes;
}

// Graph passes that do not run: as disabled, at a lower level, and for row-major layouts.
std::vector<std::string> left_out(const CompileOptions& options) {
  std::vector<std::string> names, known = graph_pass_names();
  for (const std::string& name : options.disabled_passes)
    if (std::ranges::find(known, name) != known.end()) names.push_back(name);
  if (options.opt_level < 3) names.insert(names.end(), {"fold_batch_norm", "eliminate_common_subexpressions"});
  if (options.opt_level < 2) names.push_back("merge_pads");
  if (options.opt_level < 2 || options.desired_layout == "NCHW") names.insert(names.end(), {"route_channels", "assign_layouts"});
  return names;
}

void check_desired_layout(const CompileOptions& options) {
  if (options.desired_layout.empty() || desired_block(options.desired_layout) == 0) return;
  auto names = left_out(options);
  if (std::ranges::find(names, "assign_layouts") != names.end())
    throw_error("the layout {} can have no effect: the pass assign_layouts, which gives it, is left out by the level or by name",
                options.desired_layout);
}

// fuse.max_nodes, which users of TVM know as relay.FuseOps.max_depth, is all that can be set.
size_t most_fused(const CompileOptions& options) {
  size_t most = options.opt_level == 0 ? 1 : SIZE_MAX;
  for (const auto& [name, value] : options.pass_config) {
    std::vector<std::string> known = {"fuse.max_nodes", "relay.FuseOps.max_depth"};
    if (std::ranges::find(known, name) == known.end())
      throw_error("no pass has a setting '{}'{}; there are {}", name, did_you_mean(name, known), fmt::join(known, " and the same as "));
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), most);
    if (error != std::errc() || end != value.data() + value.size() || most == 0)
      throw_error("the setting {} must be a number from 1, not '{}'", name, value);
  }
  return most;
}

std::vector<std::string> names_of(const auto& passes) {
  std::vector<std::string> names;
  for (const auto& pass : passes) names.push_back(pass.name);
  return names;
}

class Compilation {
 public:
  explicit Compilation(const CompileOptions& options) : options_(options), target_(resolve_target(parse_target(options.target))), dumper_(options) {
    check_desired_layout(options);
    most_fused(options);
  }

  void begin(std::string_view stage, double fraction) {
    dumper_.begin_stage(stage);
    if (options_.progress) options_.progress(stage, fraction);
  }

  BuiltProgram build(Graph graph) {
    graph.name = options_.module_name;
    BuiltProgram built{{}, target_, make_meta(graph, options_)};
    begin("optimising the graph", 0.05);
    optimise_graph(graph, target_, options_, dumper_);
    begin("lowering", 0.1);
    built.program = lower_graph(graph, target_, options_, dumper_);
    begin("packing constants", 0.4);
    graph = Graph();  // its constants are the program's now
    run_prologue(built.program);
    dumper_.program(built.program);
    begin("generating code", 0.5);
    return built;
  }

  const Target& target() const { return target_; }
  Dumper& dumper() { return dumper_; }

 private:
  const CompileOptions& options_;
  Target target_;
  Dumper dumper_;
};

}  // namespace

std::vector<std::string> graph_pass_names() { return names_of(graph_passes(Target(), CompileOptions())); }
std::vector<std::string> loop_pass_names() { return names_of(loop_pipeline()); }

void optimise_graph(Graph& graph, const Target& target, const CompileOptions& options, Dumper& dumper) {
  PassOptions passes = dumper.graph_pass_options();
  passes.disabled = left_out(options);
  run_passes(graph, graph_passes(target, options), passes);
  dumper.graph(graph);
}

LoweredProgram lower_graph(const Graph& graph, const Target& target, const CompileOptions& options, Dumper& dumper,
                           std::vector<StepResult>* results) {
  BuildOptions build = dumper.build_options();
  build.most_fused = most_fused(options);
  build.results = results;
  build.progress = [&](double done) {
    if (options.progress) options.progress("lowering", 0.1 + 0.3 * done);
  };
  LoweredProgram program = build_program(graph, target, build);
  verify(program);
  return program;
}

CompileResult compile_file(const std::string& model, const CompileOptions& options) {
  auto start = std::chrono::steady_clock::now();
  check_output(options);
  Compilation compilation(options);
  CompileResult result;
  result.target = compilation.target().to_string();

  compilation.begin("importing", 0);
  Graph graph = import_model(model, options.model);
  if (output_kind(options.output) == OutputKind::graph) {
    save_graph(graph, options.output);
    result.files = {options.output};
  } else {
    result.files = write_artifact(compilation.build(std::move(graph)), options, compilation.dumper());
  }
  std::ranges::move(compilation.dumper().finish(), std::back_inserter(result.files));
  if (options.progress) options.progress("done", 1);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::vector<std::byte> compile_model(std::span<const std::byte> model, const CompileOptions& options) {
  CompileOptions in_memory = options;
  in_memory.output = "model.so";  // its kind; nothing is written
  check_module_name(options.module_name);
  Compilation compilation(in_memory);
  compilation.begin("importing", 0);
  Graph graph = import_model(model, options.model);
  BuiltProgram built = compilation.build(std::move(graph));
  std::vector<std::byte> library = shared_library(built, in_memory, compilation.dumper()).bytes;
  if (options.progress) options.progress("done", 1);
  return library;
}

}  // namespace broach
