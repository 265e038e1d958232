// The examples of docs/ir.md are what the printers print: each parses, verifies, and prints as it stands there.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "loop/stmt.h"
#include "ops/op_def.h"
#include "schedule/primitives.h"
#include "te/tensor.h"

namespace broach {
namespace {

// The text between the fences that follow this heading.
std::string example_under(const std::string& heading) {
  std::ifstream file(BROACH_SOURCE_DIR "/docs/ir.md");
  std::stringstream page;
  page << file.rdbuf();
  std::string text = page.str();
  const std::string fence = "```\n";
  size_t begin = text.find(fence, text.find("## " + heading + "\n"));
  size_t end = text.find(fence, begin + 1);
  if (begin == text.npos || end == text.npos) return {};
  return text.substr(begin + fence.size(), end - begin - fence.size());
}

TEST(IrPage, Graphs) {
  std::string text = example_under("Graphs");
  auto zeros = [](const std::string&, const TensorType& type) {
    return Constant::of_floats(std::vector<double>(size_t(element_count(type.shape))), type.shape, type.dtype);
  };
  Graph graph = parse_graph(text, zeros, find_op);
  verify(graph);
  EXPECT_EQ(to_string(graph), text);
}

TEST(IrPage, TensorExpressions) {
  std::string text = example_under("Tensor expressions");
  EXPECT_EQ(to_string(parse_tensors(text)), text);
}

TEST(IrPage, Schedules) {
  std::string text = example_under("Schedules");
  EXPECT_GE(parse_trace(text).size(), 3u);
  EXPECT_EQ(to_string(parse_trace(text)), text);
}

TEST(IrPage, Loops) {
  std::string text = example_under("Loops");
  PrimFunc function = parse_prim_func(text);
  verify(function);
  EXPECT_EQ(to_string(function), text);
}

}  // namespace
}  // namespace broach
