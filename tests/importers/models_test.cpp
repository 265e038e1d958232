// Whole models: they import, verify, print and parse; small ones give the stored outputs.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/save.h"
#include "importers/model_files.h"
#include "npz/npz.h"
#include "ops/op_def.h"
#include "reference/reference.h"

namespace broach {
namespace {

Constant read(const NpzFile& npz, const std::string& name) { return Constant(npz.type(name), npz.read(name)); }

Graph reparsed(const Graph& graph) {
  std::map<std::string, Constant> constants;
  for (auto& value : graph.values())
    if (value->is_constant()) constants[value->name] = value->constant;
  return parse_graph(to_string(graph), [&](const std::string& name, const TensorType&) { return constants.at(name); }, find_op);
}

TEST(Models, ImportVerifyPrintAndParse) {
  size_t missing = 0;
  for (const ModelFile& file : model_files()) {
    SCOPED_TRACE(file.name);
    if (!exists(file)) {
      ++missing;
      continue;
    }
    Graph graph = import_model(file);
    verify(graph);
    std::string text = to_string(graph);
    EXPECT_EQ(to_string(reparsed(graph)), text);
    EXPECT_EQ(to_string(graph.clone()), text);
    for (auto& node : graph.nodes()) EXPECT_FALSE(node->origin.empty()) << text.substr(0, 200);
  }
  skip_missing(missing);
}

// Largest difference over the largest magnitude.
double relative_error(const Constant& found, const Constant& expected) {
  double difference = 0, magnitude = 0;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    difference = std::max(difference, std::fabs(found.float_at(i) - expected.float_at(i)));
    magnitude = std::max(magnitude, std::fabs(expected.float_at(i)));
  }
  return difference / magnitude;
}

void expect_stored_outputs(const Graph& graph, const std::string& reference) {
  NpzFile npz(reference);
  std::vector<Constant> inputs;
  for (const Value* input : graph.inputs) inputs.push_back(read(npz, "input:" + input->name));
  std::vector<Constant> outputs = reference_graph(graph, inputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    Constant expected = read(npz, "output:" + graph.output_name(i));
    ASSERT_EQ(outputs[i].type().shape, expected.type().shape);
    EXPECT_LE(relative_error(outputs[i], expected), 1e-4) << graph.output_name(i);
  }
}

TEST(Models, SmallOnesGiveTheStoredOutputs) {
  size_t missing = 0;
  for (const ModelFile& file : model_files()) {
    if (file.name != "mnist_cntk_opset7" && file.name != "resnet18_w8_random" && file.name != "squeezenet1_1_fp32") continue;
    SCOPED_TRACE(file.name);
    if (!exists(file)) {
      ++missing;
      continue;
    }
    expect_stored_outputs(import_model(file), file.reference);
  }
  skip_missing(missing);
}

}  // namespace
}  // namespace broach
