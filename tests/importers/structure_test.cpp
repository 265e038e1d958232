// What the compiler makes of whole networks, seen without running them.
#include <gtest/gtest.h>

#include "importers/model_files.h"
#include "ops/op_def.h"
#include "passes/assign_layouts.h"
#include "passes/fuse.h"
#include "passes/pipeline.h"
#include "passes/route_channels.h"
#include "reference_evaluator.h"

namespace broach {
namespace {

Target machine(int vector_bits) {
  Target target;
  target.vector_bits = vector_bits;
  target.vector_registers = vector_bits == 512 ? 32 : 16;
  target.fma = true;
  return target;
}

Graph laid_out(const ModelFile& file, const Target& target) {
  Graph graph = import_model(file);
  std::vector<GraphPass> passes = simplification_passes(evaluate_by_reference);
  passes.push_back({"route_channels", route_channels});
  passes.push_back({"assign_layouts", [&](Graph& g) { return assign_layouts(g, target); }});
  run_passes(graph, passes, {});
  return graph;
}

std::set<std::string> five = {"resnet18", "resnet50", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v2"};

// Calls f(graph) for each of the five networks and vectors of 8 and 16 floats.
void for_each_network(const std::function<void(const ModelFile&, const Graph&)>& f) {
  size_t missing = 0;
  for (const ModelFile& file : model_files()) {
    if (!five.count(file.name)) continue;
    if (!exists(file)) {
      ++missing;
      continue;
    }
    for (int bits : {256, 512}) {
      SCOPED_TRACE(fmt::format("{} for vectors of {} bits", file.name, bits));
      f(file, laid_out(file, machine(bits)));
    }
  }
  skip_missing(missing);
}

TEST(Structure, NoLayoutChangesInsideTheFiveNetworks) {
  for_each_network([](const ModelFile&, const Graph& graph) {
    EXPECT_EQ(count_layout_changes(graph), 0);
    for (const auto& node : graph.nodes())
      if (node->op == &op_conv) {
        EXPECT_TRUE(node->output()->type.layout.blocked()) << node->origin[0];
      }
  });
}

TEST(Structure, NothingButConvolutionsPoolsAndMeansIsAKernel) {
  // Activations, biases, residual sums and normalisation are part of what they follow; a shuffle is part of what reads it.
  std::set<const OpDef*> anchors = {&op_conv, &op_matmul, &op_max_pool, &op_average_pool, &op_reduce_mean, &op_to_layout, &op_softmax};
  std::set<const OpDef*> movement = {&op_concat, &op_join_channels, &op_gather_channels, &op_reshape};  // 1000 = 62.5 blocks
  for_each_network([&](const ModelFile& file, const Graph& graph) {
    for (const FusionGroup& group : fuse(graph)) {
      const Node& first = *group.nodes[0];
      bool moves = movement.count(first.op) && (file.name == "squeezenet1_1" || file.name == "shufflenet_v2_x1_0");
      EXPECT_TRUE(anchors.count(first.op) || moves) << first.op->name << " of " << first.origin[0];
    }
  });
}

}  // namespace
}  // namespace broach
