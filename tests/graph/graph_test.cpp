// Changing graphs, and what the verifier refuses.
#include "graph/graph.h"

#include <gtest/gtest.h>

#include "graph/toy_ops.h"

namespace broach {
namespace {

const TensorType f4{DType::f32, {4}};

Value* neg(Graph& graph, Value* x, std::string name = "") { return graph.add(toy_neg, {x}, nullptr, {}, name)->output(); }

TEST(Graph, NamesAreUnique) {
  Graph graph;
  Value* x = graph.add_input("x", f4);
  EXPECT_EQ(neg(graph, x, "x")->name, "x.1");
  EXPECT_EQ(neg(graph, x, "x")->name, "x.2");
  EXPECT_EQ(neg(graph, x)->name, "0");
  EXPECT_EQ(neg(graph, x)->name, "1");
  Node* halves = graph.add(toy_halves, {x}, nullptr, {}, "h");
  EXPECT_EQ(halves->output(1)->name, "h.1");
  graph.rename(x, "first");
  EXPECT_EQ(neg(graph, x, "x")->name, "x");
  graph.outputs = {x};
  verify(graph);
}

TEST(Graph, ReplacingUsesReplacesEachOfThem) {
  Graph graph;
  Value *x = graph.add_input("x", f4), *y = graph.add_input("y", f4);
  Node* join = graph.add(toy_join, {x, nullptr, x}, nullptr, {});
  graph.outputs = {x, join->output()};
  graph.replace_uses(x, y);
  EXPECT_EQ(join->inputs, (std::vector<Value*>{y, nullptr, y}));
  EXPECT_EQ(y->users.size(), 2u);
  EXPECT_TRUE(x->users.empty());
  EXPECT_EQ(graph.outputs[0], y);
  verify(graph);
}

TEST(Graph, FailingInferenceChangesNothing) {
  Graph graph;
  Value* x = graph.add_input("x", {DType::f32, {3}});
  graph.outputs = {x};
  std::string before = to_string(graph);
  EXPECT_THROW(graph.add(toy_halves, {x}, nullptr, {}), Error);
  EXPECT_EQ(to_string(graph), before);
  verify(graph);
}

TEST(Graph, UsedNodesAreNotErased) {
  Graph graph;
  Value* x = graph.add_input("x", f4);
  Value* y = neg(graph, x);
  Value* z = neg(graph, y);
  graph.outputs = {y};
  EXPECT_THROW(graph.erase(y->producer), InternalError);
  graph.erase(z->producer);
  EXPECT_THROW(graph.erase(y->producer), InternalError);  // an output
  verify(graph);
}

TEST(Graph, SortIsStableAndRefusesCycles) {
  Graph graph;
  Value* x = graph.add_input("x", f4);
  Value *a = neg(graph, x, "a"), *b = neg(graph, x, "b"), *c = neg(graph, x, "c");
  graph.outputs = {a, b, c};
  graph.replace_input(a->producer, 0, c);
  EXPECT_THROW(verify(graph), InternalError);
  graph.sort();
  verify(graph);
  EXPECT_EQ(graph.nodes()[0]->output(), b);
  EXPECT_EQ(graph.nodes()[1]->output(), c);
  graph.replace_input(c->producer, 0, a);
  EXPECT_THROW(graph.sort(), InternalError);
}

TEST(Graph, DeadNodesAndConstantsGoInputsStay) {
  Graph graph;
  Value *x = graph.add_input("x", f4), *unused = graph.add_input("unused", f4);
  Value* dead = neg(graph, neg(graph, x));
  graph.add(toy_join, {dead, graph.add_constant(Constant::filled(f4, 1))}, nullptr, {});
  graph.outputs = {neg(graph, x, "y")};
  EXPECT_TRUE(graph.remove_dead());
  EXPECT_EQ(graph.nodes().size(), 1u);
  EXPECT_EQ(graph.values().size(), 3u);
  EXPECT_EQ(x->users.size(), 1u);
  EXPECT_EQ(graph.inputs[1], unused);
  EXPECT_FALSE(graph.remove_dead());
  verify(graph);
}

TEST(Graph, ACloneSharesNothingButConstants) {
  Graph graph = parse_toy(R"(graph g {
  input %x: f32[4]
  constant @c: f32[1] = [2]
  %y: f32[4] = join(%x, @c) {count: 3} # a
  output %y as "z"
})");
  Graph copy = graph.clone();
  std::string text = to_string(graph);
  EXPECT_EQ(to_string(copy), text);
  verify(copy);
  copy.replace_input(copy.nodes()[0].get(), 0, copy.add_input("x2", f4));
  EXPECT_EQ(to_string(graph), text);
  verify(graph);
  EXPECT_EQ(copy.nodes()[0]->input(1)->constant.data(), graph.nodes()[0]->input(1)->constant.data());
}

// What verify refuses, each made by one wrong change.
class GraphFaults : public testing::Test {
 protected:
  Graph graph = parse_toy("graph g { input %x: f32[4] %y: f32[4] = neg(%x) %z: f32[4] = neg(%y) output %z }");
  Node& first() { return *graph.nodes()[0]; }
  void expect_refused() { EXPECT_THROW(verify(graph), InternalError); }
};

TEST_F(GraphFaults, None) { verify(graph); }
TEST_F(GraphFaults, WrongType) { first().output()->type.shape = {5}, expect_refused(); }
TEST_F(GraphFaults, InferenceThrows) { first().inputs[0] = nullptr, expect_refused(); }
TEST_F(GraphFaults, UsersDisagree) { first().input(0)->users.clear(), expect_refused(); }
TEST_F(GraphFaults, NameTwice) { first().output()->name = "x", expect_refused(); }
TEST_F(GraphFaults, WrongProducer) { first().output()->producer = graph.nodes()[1].get(), expect_refused(); }
TEST_F(GraphFaults, InputListedTwice) { graph.inputs.push_back(graph.inputs[0]), expect_refused(); }
TEST_F(GraphFaults, MissingInput) { graph.inputs.clear(), expect_refused(); }
TEST_F(GraphFaults, ForeignValue) {
  Graph other = graph.clone();
  graph.outputs[0] = other.outputs[0], expect_refused();
}
TEST_F(GraphFaults, ConstantOfAnotherType) { graph.add_constant(Constant::filled(f4, 1))->type.dtype = DType::f64, expect_refused(); }

TEST(TensorTypes, SizesThatNoTensorHas) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 0, 3}), 0);
  EXPECT_EQ(element_count({1 << 20, (1 << 20) - 1}), (int64_t(1) << 40) - (1 << 20));
  EXPECT_THROW(element_count({1 << 20, 1 << 20}), Error);
  EXPECT_THROW(element_count({int64_t(1) << 62, 4}), Error);
  EXPECT_THROW(element_count({0, int64_t(1) << 62, 4}), Error);
  EXPECT_THROW(element_count({-1}), Error);
  EXPECT_THROW(element_count(Shape(65, 1)), Error);
}

TEST(Constants, AreToldApartByTypeAndContent) {
  Constant a = Constant::of_ints({1, 2}, {2}), same = Constant::of_ints({1, 2}, {2});
  EXPECT_EQ(a, same);
  EXPECT_EQ(a.hash(), same.hash());
  Constant column = Constant::of_ints({1, 2}, {2, 1}), narrow = Constant::of_ints({1, 2}, {2}, DType::i32);
  EXPECT_FALSE(a == column);
  EXPECT_FALSE(a == narrow);
  EXPECT_NE(a.hash(), column.hash());
  EXPECT_EQ(Constant::filled({DType::f16, {3}}, 0.25).floats(), std::vector<double>(3, 0.25));
  EXPECT_TRUE(bool(Constant::filled({DType::f32, {0}}, 0)));
}

}  // namespace
}  // namespace broach
