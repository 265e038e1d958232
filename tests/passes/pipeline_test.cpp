// The runner of passes.
#include "passes/pipeline.h"

#include <cmath>
#include <random>

#include "passes/pass_text.h"
#include "reference_evaluator.h"

namespace broach {
namespace {

const char* const relus = "input %x: f32[2]\n%a: f32[2] = relu(%x)\noutput %a\n";

std::vector<GraphPass> three_passes(std::string& ran) {
  auto pass = [&ran](const char* letter) { return [&ran, letter](Graph&) { return ran += letter, letter[0] == 'b'; }; };
  return {{"first", pass("a")}, {"second", pass("b")}, {"third", pass("c")}};
}

std::string ran_with(PassOptions options) {
  std::string ran;
  Graph graph = parse(relus);
  run_passes(graph, three_passes(ran), options);
  return ran;
}

TEST(Pipeline, RunsSkipsAndStops) {
  EXPECT_EQ(ran_with({}), "abc");
  EXPECT_EQ(ran_with({.disabled = {"second"}}), "ac");
  EXPECT_EQ(ran_with({.stop_after = "second"}), "ab");
  EXPECT_EQ(ran_with({.disabled = {"second"}, .stop_after = "second"}), "a");
}

TEST(Pipeline, TellsTimesAndShowsGraphs) {
  std::vector<PassTime> times;
  std::vector<std::string> seen;
  PassOptions options;
  options.times = &times;
  options.before = [&](const std::string& pass, const Graph& graph) { seen.push_back("before " + pass + " " + graph.name); };
  options.after = [&](const std::string& pass, const Graph&) { seen.push_back("after " + pass); };
  options.stop_after = "second";
  ran_with(options);
  EXPECT_EQ(seen, (std::vector<std::string>{"before first g", "after first", "before second g", "after second"}));
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[1].name, "second");
  EXPECT_FALSE(times[0].changed);
  EXPECT_TRUE(times[1].changed);
}

TEST(Pipeline, UnknownNamesAreRefusedWithTheNearest) {
  try {
    ran_with({.disabled = {"secnd"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "there is no graph pass 'secnd' (did you mean 'second'?)");
  }
}

TEST(Pipeline, APassThatBreaksTheGraphIsNamed) {
  Graph graph = parse(relus);
  std::vector<GraphPass> passes = {{"breaker", [](Graph& g) { return g.outputs[0]->type.shape = {3}, true; }}};
  try {
    run_passes(graph, passes, {});
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("after pass breaker: ")) << error.what();
  }
}

// Random small graphs of what networks are made of give the same results before and after all passes.
class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : random_(seed) {
    values_.push_back(graph_.add_input("x", {DType::f32, {2, 4, 6, 6}}));
    for (int i = 0; i < 12; ++i) add();
    for (size_t i = values_.size() - 3; i < values_.size(); ++i) graph_.add_output(values_[i], values_[i]->name);
  }
  Graph take() { return std::move(graph_); }

 private:
  int pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
  Value* constant(Shape shape, double low = -1) {
    std::vector<double> numbers(size_t(element_count(shape)));
    for (double& number : numbers) number = std::uniform_real_distribution<double>(low, 2)(random_);
    return graph_.add_constant(Constant::of_floats(numbers, shape));
  }
  void add() {
    Value* x = values_[size_t(std::max(0, int(values_.size()) - 1 - pick(3)))];
    static const Shape shapes[] = {{4, 1, 1}, {1}, {}, {1, 4, 1, 1}, {6}};
    switch (pick(9)) {
      case 0: return put(op_add, {x, constant(shapes[pick(5)])});
      case 1: return put(op_mul, {constant(shapes[pick(5)]), x});
      case 2: return put(op_sub, {x, constant(shapes[pick(5)])});
      case 3: return put(op_conv, {x, constant({4, 4, 1, 1}), constant({4})});
      case 4: return put(op_conv, {x, constant({4, 4, 1, 1})});
      case 5: return put(op_batch_norm, {x, constant({4}), constant({4}), constant({4}), constant({4}, 0.5)});
      case 6: return put(op_relu, {x});
      case 7: return put(op_add, {x, values_[size_t(pick(int(values_.size())))]});
      default: return put(op_div, {x, graph_.add_constant(Constant::filled({DType::f32, {}}, pick(2) ? 4 : 1))});
    }
  }
  void put(const OpDef& op, std::vector<Value*> inputs) { values_.push_back(graph_.add(op, inputs, nullptr, {})->output()); }

  std::mt19937_64 random_;
  Graph graph_;
  std::vector<Value*> values_;
};

TEST(Pipeline, SimplificationKeepsResults) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Graph graph = RandomGraph(seed).take();
    Constant x = Constant::filled(graph.inputs[0]->type, 0.5 + double(seed % 7));
    std::vector<Constant> before = reference_graph(graph, {x});
    run_passes(graph, simplification_passes(evaluate_by_reference), {});
    std::vector<Constant> after = reference_graph(graph, {x});
    for (size_t i = 0; i < before.size(); ++i) {
      double magnitude = 0, difference = 0;
      for (int64_t k = 0; k < before[i].elements(); ++k) {
        magnitude = std::max(magnitude, std::fabs(before[i].float_at(k)));
        difference = std::max(difference, std::fabs(before[i].float_at(k) - after[i].float_at(k)));
      }
      EXPECT_LE(difference, 1e-5 * magnitude + 1e-5) << to_string(graph);
    }
  }
}

}  // namespace
}  // namespace broach
