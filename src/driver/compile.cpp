#include "driver/compile.h"

#include <chrono>

#include "driver/artifact.h"
#include "driver/dump.h"
#include "driver/host.h"
#include "driver/import.h"
#include "driver/write.h"
#include "graph/save.h"
#include "passes/assign_layouts.h"
#include "passes/pipeline.h"
#include "passes/route_channels.h"
#include "plan/build.h"

namespace broach {
namespace {

std::vector<GraphPass> graph_passes(const Target& target) {
  std::vector<GraphPass> passes = simplification_passes(evaluate_constant_node);
  passes.push_back({"route_channels", route_channels});
  passes.push_back({"assign_layouts", [&target](Graph& graph) { return assign_layouts(graph, target); }});
  return passes;
}

}  // namespace

CompileResult compile_file(const std::string& model, const CompileOptions& options) {
  auto begin = std::chrono::steady_clock::now();
  auto progress = [&](std::string_view stage, double fraction) {
    if (options.progress) options.progress(stage, fraction);
  };
  check_output(options);
  Target target = resolve_target(parse_target(options.target));
  Dumper dumper(options);

  progress("importing", 0);
  Graph graph = import_model(model, options.model);
  graph.name = options.module_name;
  dumper.graph("imported", graph);
  CompileResult result;
  result.target = target.to_string();
  if (output_kind(options.output) == OutputKind::graph) {
    save_graph(graph, options.output);
    result.files = {options.output};
    return result;
  }

  progress("optimising the graph", 0.05);
  run_passes(graph, graph_passes(target), dumper.graph_pass_options());
  dumper.graph("graph", graph);

  BuildOptions build = dumper.build_options();
  build.progress = [&](double done) { progress("lowering", 0.1 + 0.3 * done); };
  LoweredProgram program = build_program(graph, target, build);
  verify(program);
  progress("packing constants", 0.4);
  graph = Graph();  // its constants are the program's now
  run_prologue(program);
  dumper.program(program);

  progress("generating code", 0.5);
  result.files = write_artifact(program, target, options, dumper);
  dumper.finish();
  progress("done", 1);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace broach
