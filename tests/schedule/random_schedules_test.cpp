// Random legal schedules compute what the unscheduled loops compute, before the loop passes and after them; and their text replays to the
// same loops. All numbers are small integers, so that every order of a sum is exact.
#include <gtest/gtest.h>

#include <random>

#include "expr/simplify.h"
#include "loop/passes/passes.h"
#include "schedule/lower.h"
#include "support/errors.h"

namespace broach {
namespace {

struct Problem {
  std::vector<Tensor> outputs;
  std::vector<GroupTensor> inputs;
  std::vector<TensorBuffer> output_buffers;
};

TensorBuffer compact(const Tensor& t) { return {t->dtype, t->shape}; }

Problem problem_of(std::vector<Tensor> outputs, const std::vector<Tensor>& inputs) {
  Problem problem{outputs, {}, {}};
  for (const Tensor& input : inputs) problem.inputs.push_back({input, compact(input)});
  for (const Tensor& output : outputs) problem.output_buffers.push_back(compact(output));
  return problem;
}

// 7 channels in blocks of 4 to 10 in blocks of 4, 3 x 3 taps over a halo of one.
Problem convolution() {
  Tensor x = placeholder("x", DType::f32, {2, 7, 5, 6}), w = placeholder("w", DType::f32, {10, 7, 3, 3}), b = placeholder("b", DType::f32, {10});
  Tensor sum = reduce(
      "sum", {2, 10, 5, 6}, Reducer::sum, {7, 3, 3},
      [&](Indices i, Indices r) {
        return read_or(x, {i[0], r[0], i[2] + r[1] - Expr(1), i[3] + r[2] - Expr(1)}, make_const(0, DType::f32)) * read(w, {i[1], r[0], r[1], r[2]});
      },
      [&](Expr value, Indices i) { return max(value + read(b, {i[1]}), make_const(0, DType::f32)); });
  Problem problem = problem_of({sum}, {x, w, b});
  problem.inputs[0].buffer.layout = {4};
  problem.inputs[0].buffer.halo = {{1, 1}, {1, 1}, 0};
  problem.output_buffers[0].layout = {4};
  return problem;
}

// A product of matrices and what follows it: two stages.
Problem product_and_row_sums() {
  Tensor x = placeholder("x", DType::f32, {6, 9}), y = placeholder("y", DType::f32, {9, 11});
  Tensor product = reduce("product", {6, 11}, Reducer::sum, {9}, [&](Indices i, Indices r) { return read(x, {i[0], r[0]}) * read(y, {r[0], i[1]}); });
  Tensor peak = reduce("peak", {6}, Reducer::max, {11}, [&](Indices i, Indices r) { return read(product, {i[0], r[0]}); });
  Tensor out = compute("out", {6, 11}, [&](Indices i) { return read(product, {i[0], i[1]}) - read(peak, {i[0]}); });
  return problem_of({out}, {x, y});
}

Problem elementwise() {
  Tensor x = placeholder("x", DType::f32, {3, 10, 7}), s = placeholder("s", DType::f32, {10});
  Tensor out = compute("out", {3, 10, 7}, [&](Indices i) { return max(read(x, {i[0], i[1], i[2]}) * read(s, {i[1]}), make_const(-2, DType::f32)); });
  return problem_of({out}, {x, s});
}

std::vector<float> run(const Problem& problem, const LoweredGroup& group, bool passes) {
  std::vector<std::vector<float>> memory;
  for (const GroupTensor& input : problem.inputs) {  // by logical index, so that every layout holds the same tensor
    std::vector<float> values(size_t(input.buffer.elements()), 0.0f);
    Shape index(input.tensor->shape.size(), 0);
    for (int64_t n = 0, count = element_count(input.tensor->shape); n < count; ++n) {
      int64_t rest = n;
      std::vector<Expr> indices;
      for (size_t d = index.size(); d-- > 0; rest /= input.tensor->shape[d]) index[d] = rest % input.tensor->shape[d];
      for (int64_t i : index) indices.push_back(Expr(i));
      int64_t offset = 0;
      BROACH_CHECK(as_int(simplify(input.buffer.offset(indices)), &offset), "an offset is no number");
      values[size_t(offset)] = float((n * 7 + 3) % 11) - 5;
    }
    memory.push_back(std::move(values));
  }
  for (const PackedConstant& packed : group.packed) {
    std::vector<float> values(size_t(packed.elements), 0.0f);
    interpret(packed.function, {memory[packed.input].data(), values.data()});
    memory[packed.input] = std::move(values);
  }
  std::vector<float> result(size_t(problem.output_buffers[0].elements()), -77.0f);
  std::vector<void*> pointers;
  for (auto& values : memory) pointers.push_back(values.data());
  pointers.push_back(result.data());
  PrimFunc function = passes ? run_loop_pipeline(group.function) : group.function;
  interpret(function, pointers);
  return result;
}

class Author {
 public:
  Author(Schedule& schedule, const Problem& problem, uint32_t seed) : schedule_(schedule), problem_(problem), random_(seed) {}

  // Tries some primitives; those that are not legal here are refused and leave the schedule as it was.
  int write() {
    int applied = 0;
    for (int i = 0; i < 14; ++i) {
      try {
        schedule_.apply(any());
        ++applied;
      } catch (const Error&) {
      }
    }
    return applied;
  }

 private:
  int below(int n) { return int(random_() % uint32_t(n)); }

  void collect(const Nest& nest, std::vector<ScheduledLoop>* loops) const {
    loops->insert(loops->end(), nest.loops.begin(), nest.loops.end());
    for (const Nest& part : nest.parts) collect(part, loops);
  }

  Primitive any() {
    const Stage& stage = schedule_.stages()[size_t(below(int(schedule_.stages().size())))];
    std::vector<ScheduledLoop> loops;
    collect(stage.nest, &loops);
    auto pick = [&] { return loops[size_t(below(int(loops.size())))]; };
    std::string fresh = "a" + std::to_string(names_++);
    ScheduledLoop loop = pick();
    switch (below(11)) {
      case 0:
      case 1: return Split{stage.name, loop.var->name, 1 + below(6), fresh, fresh + "i"};
      case 2: {
        int64_t first = 1 + below(int(loop.extent));
        return SplitParts{stage.name, loop.var->name, {first, loop.extent - first}};
      }
      case 3: return Fuse{stage.name, loop.var->name, pick().var->name, fresh};
      case 4:
      case 5: return Reorder{stage.name, {pick().var->name, loop.var->name}};
      case 6: return Unroll{stage.name, loop.var->name};
      case 7: return Vectorize{stage.name, loop.var->name};
      case 8: return Parallel{stage.name, loop.var->name};
      case 9: return Pack{stage.name, problem_.inputs[size_t(below(int(problem_.inputs.size())))].tensor->name};
      default: {
        const Stage& reader = schedule_.stages().back();
        return ComputeAt{stage.name, reader.name, reader.nest.loops.empty() ? "i0" : reader.nest.loops[0].var->name};
      }
    }
  }

  Schedule& schedule_;
  const Problem& problem_;
  std::mt19937 random_;
  int names_ = 0;
};

struct Case {
  const char* name;
  Problem (*make)();
};

class RandomSchedules : public testing::TestWithParam<Case> {};

// What running it gives, or the exception's text.
std::string difference(const Problem& problem, const LoweredGroup& group, bool passes, const std::vector<float>& expected) {
  try {
    return run(problem, group, passes) == expected ? "" : "other numbers";
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST_P(RandomSchedules, ComputeTheSame) {
  Problem problem = GetParam().make();
  std::vector<float> expected = run(problem, lower(Schedule(problem.outputs), "f", problem.inputs, problem.output_buffers), false);
  int lowered = 0, applied = 0;
  for (uint32_t seed = 0; seed < 250; ++seed) {
    Schedule schedule(problem.outputs);
    applied += Author(schedule, problem, seed).write();
    std::string text = to_string(schedule.trace());
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    LoweredGroup group;
    try {
      group = lower(schedule, "f", problem.inputs, problem.output_buffers);
    } catch (const Error&) {  // legal step by step, impossible as a whole
      continue;
    }
    ++lowered;
    for (bool passes : {false, true}) ASSERT_EQ(difference(problem, group, passes, expected), "") << to_string(group.function);
    Schedule replayed(problem.outputs);
    replayed.replay(parse_trace(text));
    ASSERT_EQ(to_string(lower(replayed, "f", problem.inputs, problem.output_buffers).function), to_string(group.function));
  }
  EXPECT_GT(lowered, 75);
  EXPECT_GT(applied, 750);
}

INSTANTIATE_TEST_SUITE_P(Problems, RandomSchedules,
                         testing::Values(Case{"convolution", convolution}, Case{"product_and_row_sums", product_and_row_sums},
                                         Case{"elementwise", elementwise}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace broach
