#include <gtest/gtest.h>

#include "te/tensor.h"

namespace broach {
namespace {

TEST(TensorText, ExpressionsPrintAsTheyAreBuilt) {
  Tensor x = placeholder("x", DType::f32, {2, 8}), w = placeholder("w", DType::f32, {8, 3});
  Tensor y = reduce(
      "product", {2, 3}, Reducer::sum, {8}, [&](Indices i, Indices r) { return read(x, {i[0], r[0]}) * read(w, {r[0], i[1]}); },
      [](const Expr& sum, Indices) { return max(sum, 0); });
  EXPECT_EQ(to_string(std::vector<Tensor>{y}), R"(placeholder x: f32[2, 8]
placeholder w: f32[8, 3]
compute product: f32[i0: 2, i1: 3] sum over [r0: 8] {
  acc0: f32
  acc0 = 0.0f then fma(x(i0, r0), w(r0, i1), acc0)
} = max(acc0, 0.0f)
output product
)");
}

TEST(TensorText, ParsesBackEqual) {
  const char* text = R"(placeholder x: f32[3, 5]
placeholder max_1: i64[]
compute arg: i64[i0: 3] custom over [r0: 5] {
  best: f32
  at: i64
  best = 0.0f then select(x(i0, r0) > best || at < 0, x(i0, r0), best)
  at = -1 then select(x(i0, r0) > best || at < 0, r0, at)
} = at + max_1()
compute shifted: f32[i0: 3, i1: 5] = read_or(x(i0, i1 - 1), 2.5f) * cast(f32, arg(i0))
compute none: f64[] = 1.0f64
output shifted
output none
output shifted
)";
  EXPECT_EQ(to_string(parse_tensors(text)), text);
}

TEST(TensorText, NamesThatCollideAreNumbered) {
  Tensor x = placeholder("max", DType::f32, {2}), same = placeholder("max", DType::f32, {2});
  Tensor y = compute("a b", {2}, [&](Indices i) { return read(x, {i[0]}) + read(same, {i[0]}); });
  std::string text = to_string(std::vector<Tensor>{y});
  EXPECT_EQ(text, R"(placeholder max_1: f32[2]
placeholder max_2: f32[2]
compute a_b: f32[i0: 2] = max_1(i0) + max_2(i0)
output a_b
)");
  EXPECT_EQ(to_string(parse_tensors(text)), text);
}

TEST(TensorText, ErrorsNameThePlace) {
  auto message = [](const char* text) -> std::string {
    try {
      parse_tensors(text);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message("tensor x"), "line 1, column 1: found 'tensor', expected placeholder, compute or output");
  EXPECT_EQ(message("placeholder x: f33[2]"), "line 1, column 16: found 'f33', expected a type such as f32");
  EXPECT_EQ(message("placeholder x: f32[-2]"), "line 1, column 20: an extent is negative");
  EXPECT_EQ(message("placeholder x: f32[2]\nplaceholder x: f32[2]"), "line 2, column 13: the tensor 'x' is there already");
  EXPECT_EQ(message("compute y: f32[i: 2] = 1"), "line 1, column 24: the value is i64, expected f32");
  EXPECT_EQ(message("compute y: f32[i: 2, i: 3] = 1.0f"), "line 1, column 22: the variable 'i' is there already");
  EXPECT_EQ(message("output y"), "line 1, column 8: 'y' is no tensor");
  EXPECT_NE(message("placeholder x: f32[2]\ncompute y: f32[i: 2] = x(i, i)").find("expected 1 indices"), std::string::npos);
  EXPECT_NE(message("compute y: f32[i: 2] mean over [r: 2] {}").find("expected sum, max"), std::string::npos);
}

TEST(TensorBuilders, MistakesAreOurs) {
  Tensor x = placeholder("x", DType::f32, {2, 3});
  EXPECT_THROW(read(x, {Expr(0)}), InternalError);
  EXPECT_THROW(read(x, {Expr(0), make_float(1)}), InternalError);
  EXPECT_THROW(read_or(x, {Expr(0), Expr(0)}, Expr(0)), InternalError);
}

TEST(TensorBuilders, NeutralElementsOfReducers) {
  auto init = [](Reducer reducer, DType dtype) {
    Tensor x = placeholder("x", dtype, {2});
    return reduce("y", {}, reducer, {2}, [&](Indices, Indices r) { return read(x, {r[0]}); })->reduction.init[0];
  };
  EXPECT_EQ(to_string(init(Reducer::max, DType::i8)), "-128i8");
  EXPECT_EQ(to_string(init(Reducer::min, DType::i8)), "127i8");
  EXPECT_EQ(to_string(init(Reducer::max, DType::u8)), "0u8");
  EXPECT_EQ(to_string(init(Reducer::min, DType::u64)), "18446744073709551615u64");
  EXPECT_EQ(to_string(init(Reducer::max, DType::i64)), "-9223372036854775808");
  EXPECT_EQ(to_string(init(Reducer::max, DType::f32)), "-inf_f32");
  EXPECT_EQ(to_string(init(Reducer::prod, DType::i32)), "1i32");
}

TEST(TensorWalks, ReachableAndReads) {
  std::vector<Tensor> outputs = parse_tensors(R"(
placeholder x: f32[2]
compute a: f32[i0: 2] = x(i0)
compute b: f32[i0: 2] = a(i0) + x(i0) + a(1 - i0)
output b
)");
  EXPECT_EQ(reachable(outputs).size(), 3u);
  std::vector<Tensor> reads = reads_of(outputs[0]);
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[0]->name, "a");
  EXPECT_EQ(reads[1]->name, "x");
}

}  // namespace
}  // namespace broach
