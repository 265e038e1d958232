// A reduction axis cut into parts: all parts add to the same accumulators, and the result is stored once.
#include <gtest/gtest.h>

#include <numeric>

#include "loop/passes/passes.h"
#include "schedule/lower.h"

namespace broach {
namespace {

constexpr int64_t rows = 3, columns = 4, depth = 27;

struct Case {
  const char* name;
  std::string trace;
};

class ReductionParts : public testing::TestWithParam<Case> {};

// out[i, j] = sum over r of x[i, r] * y[r, j], in small integers: every order of the sum is exact.
TEST_P(ReductionParts, GiveTheWholeSum) {
  Tensor x = placeholder("x", DType::f32, {rows, depth}), y = placeholder("y", DType::f32, {depth, columns});
  Tensor out =
      reduce("out", {rows, columns}, Reducer::sum, {depth}, [&](Indices i, Indices r) { return read(x, {i[0], r[0]}) * read(y, {r[0], i[1]}); });
  Schedule schedule({out});
  schedule.replay(parse_trace(GetParam().trace));
  TensorBuffer x_buffer{DType::f32, x->shape}, y_buffer{DType::f32, y->shape}, out_buffer{DType::f32, out->shape};
  PrimFunc lowered = lower(schedule, "f", {{x, x_buffer}, {y, y_buffer}}, {out_buffer}).function;

  std::vector<float> a(rows * depth), b(depth * columns);
  for (size_t i = 0; i < a.size(); ++i) a[i] = float(i * 7 % 11) - 5;
  for (size_t i = 0; i < b.size(); ++i) b[i] = float(i * 5 % 13) - 6;
  for (const PrimFunc& f : {lowered, run_loop_pipeline(lowered)}) {
    std::vector<float> result(rows * columns, -1);
    interpret(f, {a.data(), b.data(), result.data()});
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        float expected = 0;
        for (int64_t r = 0; r < depth; ++r) expected += a[size_t(i * depth + r)] * b[size_t(r * columns + j)];
        ASSERT_EQ(result[size_t(i * columns + j)], expected) << "[" << i << ", " << j << "]\n" << to_string(f);
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Schedules, ReductionParts,
                         testing::Values(Case{"outermost_reduction_axis", "split_parts stage=out axis=r0 sizes=16,8,3\n"},
                                         Case{"vectors_and_a_rest_of_one",
                                              "split_parts stage=out axis=r0 sizes=26,1\n"
                                              "split stage=out axis=r0@0 factor=8 outer=o inner=v\n"},
                                         Case{"lanes_of_different_width",
                                              "split_parts stage=out axis=r0 sizes=24,3\n"
                                              "split stage=out axis=r0@0 factor=8 outer=o inner=v\n"
                                              "vectorize stage=out axis=v\n"
                                              "vectorize stage=out axis=r0@1\n"},
                                         Case{"lanes_and_a_scalar",
                                              "split_parts stage=out axis=r0 sizes=26,1\n"
                                              "split stage=out axis=r0@0 factor=13 outer=o inner=v\n"
                                              "vectorize stage=out axis=v\n"
                                              "vectorize stage=out axis=r0@1\n"},
                                         Case{"space_inside_the_parts",
                                              "reorder stage=out axes=i0,r0,i1\n"
                                              "split_parts stage=out axis=r0 sizes=20,7\n"
                                              "vectorize stage=out axis=i1@0\n"
                                              "vectorize stage=out axis=i1@1\n"},
                                         Case{"reduction_parts_in_space_parts",
                                              "split_parts stage=out axis=i1 sizes=3,1\n"
                                              "split_parts stage=out axis=r0@0 sizes=9,18\n"
                                              "split_parts stage=out axis=r0@1 sizes=26,1\n"},
                                         Case{"space_parts_in_one_reduction_loop",
                                              "split_parts stage=out axis=i0 sizes=2,1\n"
                                              "reorder stage=out axes=r0@0,i1@0\n"
                                              "vectorize stage=out axis=i1@0\n"}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace broach
