// The text of graphs: what is printed parses back equal, and faults name their line.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/toy_ops.h"

namespace broach {
namespace {

const char* const example = R"(graph "a \"model\"" {
  input %x: f32[4, 2]
  input %"two words": f32[4, 2]:c16
  constant @k: i64[3] = [-1, 0, 9223372036854775807]
  constant @half: f16[2] = [0.5, -inf]
  constant @tenth: f32[] = [0.1]
  constant @true: bool[1] = [1]
  %y: f32[4, 2] = join(%x, none, @k) {count: -7, factor: 0.1, flag: true, word: "a, b", dtype: bf16, layout: c8, ints: [1, -2], doubles: [1.5, inf]} # conv1, "bn 1"
  %a: f32[2, 2], %b: f32[2, 2] = halves(%y)
  %z: f32[2, 2] = neg(%b)
  output %z
  output %a as "two words"
  output @tenth
}
)";

TEST(GraphText, ParsesAndPrintsEveryKindOfThing) { EXPECT_EQ(to_string(parse_toy(example)), example); }

TEST(GraphText, ParsedGraphsVerify) {
  Graph graph = parse_toy(example);
  verify(graph);
  EXPECT_EQ(graph.output_name(0), "z");
  EXPECT_EQ(graph.output_name(1), "two words");
  const Node& join = *graph.nodes()[0];
  EXPECT_EQ(join.origin, (Origin{"conv1", "bn 1"}));
  EXPECT_EQ(join.attrs<AllFields>().doubles[1], INFINITY);
  EXPECT_EQ(join.input(1), nullptr);
}

TEST(GraphText, LargeConstantsComeFromOutside) {
  Graph graph;
  graph.add_output(graph.add_constant(Constant::of_floats(std::vector<double>(9, 2), {9}), "w"), "w");
  std::string text = to_string(graph);
  EXPECT_EQ(text, "graph \"model\" {\n  constant @w: f32[9]\n  output @w\n}\n");
  auto give = [](const std::string&, const TensorType& type) { return Constant::filled(type, 2); };
  EXPECT_EQ(parse_graph(text, give, find_toy).outputs[0]->constant, graph.outputs[0]->constant);
  EXPECT_THROW(parse_toy(text), Error);
}

TEST(GraphText, ControlCharactersAreEscaped) {
  Graph graph;
  graph.add_output(graph.add_input("a\nb\\\"\x7f", {DType::f32, {}}), "a\nb");
  std::string text = to_string(graph);
  EXPECT_NE(text.find("%\"a\\x0ab\\\\\\\"\x7f\""), std::string::npos) << text;
  EXPECT_EQ(to_string(parse_toy(text)), text);
}

// A NaN's bits are data, so it does not stand in the text.
TEST(GraphText, ConstantsWithNanAreNotWritten) {
  Graph graph;
  graph.add_output(graph.add_constant(Constant::of_floats({NAN}, {}), "n"), "n");
  EXPECT_EQ(to_string(graph).find('='), std::string::npos);
}

struct Fault {
  const char* body;
  const char* message;
};

class GraphTextFaults : public testing::TestWithParam<Fault> {};

TEST_P(GraphTextFaults, NameTheLine) {
  std::string text = fmt::format("graph g {{\n  input %x: f32[4]\n  {}\n}}\n", GetParam().body);
  try {
    parse_toy(text);
    FAIL() << "parsed";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), std::string("graph text, ") + GetParam().message);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GraphTextFaults,
                         testing::Values(Fault{"%y: f32[4] = flip(%x)", "line 3: 'flip' is no operator"},
                                         Fault{"%y: f32[4] = neg(%z)", "line 3: 'z' is not defined before its use"},
                                         Fault{"%y: f32[5] = neg(%x)", "line 3: neg gives f32[4]"},
                                         Fault{"%y: f32[4] = neg()", "line 3: neg: an input is missing"},
                                         Fault{"%x: f32[4] = neg(%x)", "line 3: the name 'x' is taken twice"},
                                         Fault{"%y: f99[4] = neg(%x)", "line 3: 'f99' is no element type"},
                                         Fault{"%y: f32[4] = join(%x) {size: 3}", "line 3: join has no such attribute"},
                                         Fault{"%y: f32[4] = join(%x) {count: no}", "line 3: a number expected"},
                                         Fault{"%y: f32[4] = join(%x) {flag: maybe}", "line 3: 'maybe' is neither true nor false"},
                                         Fault{"%y: f32[4] = join(%x) {layout: 16}", "line 3: '16' is no layout"},
                                         Fault{"%y: f32[4] = join(%x) {word: \"open}", "line 3: a quotation has no end"},
                                         Fault{"%y: f32[4], %z: f32[4] = neg(%x)", "line 3: neg has 1 results"},
                                         Fault{"constant @c: i64[2] = [1]", "line 3: 1 values for a constant of type i64[2]"},
                                         Fault{"output none", "line 3: an output is a value"},
                                         Fault{"assert %x", "line 3: 'assert' is no statement"}));

TEST(GraphText, CutTextsAreRefused) {
  std::string text = example;
  for (size_t size = 0; size + 2 < text.size(); ++size) EXPECT_THROW(parse_toy(text.substr(0, size)), Error) << size;
}

}  // namespace
}  // namespace broach
