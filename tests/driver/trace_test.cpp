// A schedule is text: printed, edited, replayed, it gives other code and the same numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <regex>

#include "codegen/llvm/kernel_report.h"
#include "driver/host.h"
#include "driver/stages.h"
#include "importers/model_files.h"

namespace broach {
namespace {

const std::string layer = "/layer1/layer1.0/conv1/Conv";  // 64 channels, 56 x 56 pixels, 3 x 3 taps

struct Built {
  LoweredProgram program;
  std::string trace;  // of the layer
  int fma = 0;        // in its innermost loop
  std::vector<Constant> outputs;
};

Built build(const Graph& graph, const Target& target, const std::map<std::string, Trace>& traces) {
  Built built;
  std::vector<GroupReport> groups;
  BuildOptions options;
  options.traces = traces;
  options.report = &groups;
  built.program = build_program(graph, target, options);
  auto group = std::ranges::find_if(groups, [](const GroupReport& g) { return std::ranges::find(g.origin, layer) != g.origin.end(); });
  BROACH_CHECK(group != groups.end(), "no kernel computes {}", layer);
  built.trace = to_string(group->trace);

  std::map<std::string, std::string> assembly;
  CodegenOptions codegen;
  codegen.asm_text = &assembly;
  const PrimFunc& kernel = built.program.functions[size_t(group->function)];
  compile_functions({kernel}, target, codegen);
  built.fma = report_kernels(assembly.at(kernel.name)).at(0).hottest()->fma;

  run_prologue(built.program);
  std::vector<double> pixels(3 * 224 * 224);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = double((i * 7919) % 255) / 127 - 1;
  built.outputs = run_on_host(built.program, {Constant::of_floats(pixels, {1, 3, 224, 224})});
  return built;
}

TEST(Trace, AnEditedTileChangesTheCodeAndNotTheResult) {
  auto files = model_files();
  auto file = std::ranges::find(files, "resnet18", &ModelFile::name);
  ASSERT_NE(file, files.end());
  if (!exists(*file)) return skip_missing(1);
  CompileOptions options;
  Dumper dumper(options);
  Target target = resolve_target(parse_target("llvm"));
  Graph graph = import_model(*file);
  optimise_graph(graph, target, options, dumper);

  Built first = build(graph, target, {});
  std::smatch match;
  std::regex tile("split stage=(\\w+) axis=b factor=(\\d+) outer=g inner=o");
  ASSERT_TRUE(std::regex_search(first.trace, match, tile)) << first.trace;
  int vectors = std::stoi(match[2]);
  ASSERT_GT(vectors, 1) << first.trace;
  EXPECT_EQ(first.fma % vectors, 0);

  std::string edited = first.trace;
  edited.replace(size_t(match.position(2)), size_t(match.length(2)), "1");
  Built second = build(graph, target, {{layer, parse_trace(edited)}});
  EXPECT_EQ(second.trace, edited);
  EXPECT_EQ(second.fma, first.fma / vectors);
  ASSERT_EQ(first.outputs.size(), second.outputs.size());
  for (size_t i = 0; i < first.outputs.size(); ++i)  // each sum in the same order: equal bits
    EXPECT_EQ(std::memcmp(first.outputs[i].data(), second.outputs[i].data(), size_t(first.outputs[i].bytes())), 0);
}

}  // namespace
}  // namespace broach
