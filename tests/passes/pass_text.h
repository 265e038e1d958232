#pragma once
// Passes are tested by a few lines of graph text before and after.
#include <gtest/gtest.h>

#include "ops/op_def.h"

namespace broach {

// Constants that do not stand in the text are ones.
inline Graph parse(const std::string& body) {
  auto ones = [](const std::string&, const TensorType& type) { return Constant::filled(type, 1); };
  return parse_graph("graph g {\n" + body + "}\n", ones, find_op);
}

// The lines between the graph's braces, without indentation.
inline std::string body_of(const Graph& graph) {
  std::string text = to_string(graph), body;
  size_t at = text.find('\n') + 1;
  while (text.compare(at, 1, "}") != 0) {
    size_t end = text.find('\n', at) + 1;
    body += text.substr(at + 2, end - at - 2);
    at = end;
  }
  return body;
}

// Also that the pass says whether it changed something, leaves a graph that verifies, and finds nothing more to do.
template <class Pass>
void expect_pass(Pass pass, const std::string& before, const std::string& after) {
  Graph graph = parse(before);
  bool changed = pass(graph);
  verify(graph);
  EXPECT_EQ(body_of(graph), after);
  EXPECT_EQ(changed, before != after);
  EXPECT_FALSE(pass(graph)) << "the pass does not end";
  EXPECT_EQ(body_of(graph), after);
}

template <class Pass>
void expect_unchanged(Pass pass, const std::string& body) {
  expect_pass(pass, body, body);
}

}  // namespace broach
