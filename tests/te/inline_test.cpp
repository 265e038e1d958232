// Stages by a few lines of text in, a few expected lines out; and equal values before and after.
#include <gtest/gtest.h>

#include "te/evaluate_te.h"

namespace broach {
namespace {

std::string staged(const char* text) { return "\n" + to_string(inline_stages(parse_tensors(text))); }

TEST(InlineStages, ElementwiseChainsBecomeOneStage) {
  EXPECT_EQ(staged(R"(
placeholder x: f32[4]
compute a: f32[i0: 4] = x(i0) + 1.0f
compute b: f32[i0: 4] = max(a(i0), 0.0f)
output b
)"),
            R"(
placeholder x: f32[4]
compute b: f32[i0: 4] = max(x(i0) + 1.0f, 0.0f)
output b
)");
}

TEST(InlineStages, ElementwiseReadersGoIntoTheReduction) {
  EXPECT_EQ(staged(R"(
placeholder x: f32[2, 8]
placeholder y: f32[2]
compute s: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, r0)
} = acc
compute t: f32[i0: 2] = s(i0) + y(i0)
compute u: f32[i0: 2] = max(t(i0), 0.0f)
output u
)"),
            R"(
placeholder x: f32[2, 8]
placeholder y: f32[2]
compute u: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, r0)
} = max(acc + y(i0), 0.0f)
output u
)");
}

TEST(InlineStages, BranchesThatMeetAgainGoIntoTheReduction) {  // x * sigmoid(x)
  EXPECT_EQ(staged(R"(
placeholder x: f32[2, 8]
compute s: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, r0)
} = acc
compute t: f32[i0: 2] = sigmoid(s(i0))
compute u: f32[i0: 2] = s(i0) * t(i0)
output u
)"),
            R"(
placeholder x: f32[2, 8]
compute u: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, r0)
} = acc * sigmoid(acc)
output u
)");
}

TEST(InlineStages, WhatOthersReadStaysVisible) {
  const char* text = R"(
placeholder x: f32[2, 8]
compute s: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, r0)
} = acc
compute t: f32[i0: 2] = max(s(i0), 0.0f)
output s
output t
)";
  EXPECT_EQ(staged(text), text);
}

TEST(InlineStages, OtherIndicesStayAStage) {
  const char* text = R"(
placeholder x: f32[2, 3, 8]
compute s: f32[i0: 2, i1: 3] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, i1, r0)
} = acc
compute t: f32[i0: 3, i1: 2] = s(i1, i0)
output t
)";
  EXPECT_EQ(staged(text), text);
}

TEST(InlineStages, CheapProducersGoIntoReductions) {
  EXPECT_EQ(staged(R"(
placeholder x: f32[6]
compute p: f32[i0: 6] = max(x(i0), 0.0f)
compute s: f32[i0: 4] sum over [r0: 3] {
  acc: f32
  acc = 0.0f then acc + p(i0 + r0)
} = acc
output s
)"),
            R"(
placeholder x: f32[6]
compute s: f32[i0: 4] sum over [r0: 3] {
  acc: f32
  acc = 0.0f then acc + max(x(i0 + r0), 0.0f)
} = acc
output s
)");
}

TEST(InlineStages, PaddingOfAnInlinedTensorBecomesAChoice) {
  EXPECT_EQ(staged(R"(
placeholder x: f32[4]
compute p: f32[i0: 4] = max(x(i0), 0.0f)
compute s: f32[i0: 4] max over [r0: 3] {
  acc: f32
  acc = -inf_f32 then max(acc, read_or(p(i0 + r0 - 1), 0.0f))
} = acc
output s
)"),
            R"(
placeholder x: f32[4]
compute s: f32[i0: 4] max over [r0: 3] {
  acc: f32
  acc = -inf_f32 then max(acc, select(0 <= i0 + r0 - 1 && i0 + r0 - 1 < 4, max(x(i0 + r0 - 1), 0.0f), 0.0f))
} = acc
output s
)");
}

TEST(InlineStages, PaddingThatIsNeverMetNeedsNoChoice) {
  EXPECT_EQ(staged(R"(
placeholder x: f32[4]
compute p: f32[i0: 4] = max(x(i0), 0.0f)
compute s: f32[i0: 3] = read_or(p(i0 + 1), 0.0f)
output s
)"),
            R"(
placeholder x: f32[4]
compute s: f32[i0: 3] = max(x(i0 + 1), 0.0f)
output s
)");
}

TEST(InlineStages, DearProducersThatAreReadOftenStay) {
  const char* text = R"(
placeholder x: f32[6]
compute p: f32[i0: 6] = exp(x(i0))
compute s: f32[i0: 4] sum over [r0: 3] {
  acc: f32
  acc = 0.0f then acc + p(i0 + r0)
} = acc
output s
)";
  // 12 reads of 6 elements are two each: computing twice is as good as storing.
  EXPECT_EQ(reachable(inline_stages(parse_tensors(text))).size(), 2u);
  std::string more = text;
  more.replace(more.find("i0: 4]"), 5, "i0: 2");
  more.replace(more.find("r0: 3"), 5, "r0: 5");  // 10 reads: still inlined
  EXPECT_EQ(reachable(inline_stages(parse_tensors(more))).size(), 2u);
  more.replace(more.find("p(i0 + r0)"), 10, "p(i0 + r0) + p(i0)");  // 20 reads of 6 elements
  EXPECT_EQ(reachable(inline_stages(parse_tensors(more))).size(), 3u);
}

TEST(InlineStages, SoftmaxKeepsThreeStages) {
  std::vector<Tensor> stages = reachable(inline_stages(parse_tensors(R"(
placeholder x: f32[2, 8]
compute m: f32[i0: 2] max over [r0: 8] {
  acc: f32
  acc = -inf_f32 then max(acc, x(i0, r0))
} = acc
compute e: f32[i0: 2, i1: 8] = exp(x(i0, i1) - m(i0))
compute s: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + e(i0, r0)
} = acc
compute y: f32[i0: 2, i1: 8] = e(i0, i1) / s(i0)
output y
)")));
  EXPECT_EQ(stages.size(), 4u);  // and the placeholder
}

TEST(InlineStages, ATensorThatJoinsTwoReductionsBelongsToTheLast) {
  std::vector<Tensor> stages = reachable(inline_stages(parse_tensors(R"(
placeholder x: f32[2, 8]
compute a: f32[i0: 2] sum over [r0: 8] {
  acc: f32
  acc = 0.0f then acc + x(i0, r0)
} = acc
compute b: f32[i0: 2] max over [r0: 8] {
  acc: f32
  acc = -inf_f32 then max(acc, x(i0, r0))
} = acc
compute y: f32[i0: 2] = a(i0) * b(i0)
output y
)")));
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_EQ(stages[1]->name, "a");
  EXPECT_EQ(stages[2]->name, "y");
  EXPECT_EQ(stages[2]->reduction.reducer, Reducer::max);
}

TEST(InlineStages, ExpressionsDoNotGrowWithoutEnd) {
  std::string text = "placeholder t0: f32[4]\n";
  for (int i = 0; i < 40; ++i)  // inlined altogether: 2^40 reads
    text += fmt::format("compute t{}: f32[i0: 4] = max(t{}(i0) * t{}(i0), 0.5f)\n", i + 1, i, i);
  std::vector<Tensor> stages = inline_stages(parse_tensors(text + "output t40\n"));
  for (const Tensor& t : reachable(stages)) {
    int64_t nodes = 0;
    if (t->result) visit(t->result, [&](const Expr&) { ++nodes; });
    EXPECT_LE(nodes, 2000);
  }
}

TEST(InlineStages, ValuesStayEqual) {
  std::vector<Tensor> before = parse_tensors(R"(
placeholder x: f32[3, 6]
placeholder w: f32[3]
compute p: f32[i0: 3, i1: 6] = x(i0, i1) * w(i0)
compute s: f32[i0: 3, i1: 6] sum over [r0: 3] {
  acc: f32
  acc = 0.0f then fma(read_or(p(i0, i1 + r0 - 1), 0.25f), 0.5f, acc)
} = acc
compute t: f32[i0: 3, i1: 6] = max(s(i0, i1), 0.0f)
compute u: f32[i0: 6, i1: 3] = t(i1, i0)
output t
output u
)");
  std::vector<Tensor> after = inline_stages(before);
  TeEvaluator evaluator;
  for (const Tensor& t : reachable(before)) {
    if (!t->is_placeholder()) continue;
    TeValues values(size_t(t->shape.size() == 2 ? 18 : 3));
    for (size_t i = 0; i < values.size(); ++i) values[i].f = float(i % 5) - 1.5f;
    evaluator.set(t, values);
  }
  ASSERT_EQ(after.size(), 2u);
  for (size_t k = 0; k < 2; ++k) {
    const TeValues &a = evaluator.values(before[k]), &b = evaluator.values(after[k]);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].f, b[i].f) << k << " " << i;
  }
}

}  // namespace
}  // namespace broach
