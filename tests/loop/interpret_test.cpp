// What the interpreter computes and what it refuses to do.
#include <gtest/gtest.h>

#include <cmath>

#include "loop/stmt.h"

namespace broach {
namespace {

// Runs `body` over "in" and "out" of these types and returns out.
template <class In, class Out>
std::vector<Out> run(const std::string& params, const std::string& body, std::vector<In> in, size_t n) {
  std::vector<Out> out(n);
  PrimFunc f = parse_prim_func("func f(" + params + ") {" + body + "}");
  interpret(f, {in.data(), out.data()});
  return out;
}

TEST(Interpret, IntegerDivisionRoundsDown) {
  auto out = run<int64_t, int64_t>("in: i64[6] param, out: i64[18] param written", R"(
    for i in 0..3 {
      let a = in[i*2]
      let b = in[i*2 + 1]
      out[i*3] = a / b
      out[i*3 + 1] = a % b
      out[i*3 + 2] = rem(a, b)
    })",
                                   {-7, 2, 7, -2, 5, 0}, 9);
  EXPECT_EQ(out, (std::vector<int64_t>{-4, 1, -1, -4, -1, 1, 0, 0, 0}));
}

TEST(Interpret, SmallIntegersWrap) {
  auto out = run<int8_t, int8_t>("in: i8[2] param, out: i8[4] param written", R"(
    out[0] = in[0] + in[1]
    out[1] = in[0] * in[1]
    out[2] = neg(in[0] + in[1])
    out[3] = cast(i8, cast(i32, in[0]) + 200i32))",
                                 {127, 1}, 4);
  EXPECT_EQ(out, (std::vector<int8_t>{-128, 127, -128, 71}));
}

TEST(Interpret, CastsToIntegersSaturate) {
  float nan = std::nanf("");
  auto out = run<float, int8_t>("in: f32[6] param, out: i8[6] param written", "for i in 0..6 { out[i] = cast(i8, in[i]) }",
                                {1e9f, -1e9f, 2.9f, -2.9f, nan, -INFINITY}, 6);
  EXPECT_EQ(out, (std::vector<int8_t>{127, -128, 2, -2, 0, -128}));
  auto bytes =
      run<float, uint8_t>("in: f32[3] param, out: u8[3] param written", "for i in 0..3 { out[i] = cast(u8, in[i]) }", {-1.5f, 255.9f, 256.0f}, 3);
  EXPECT_EQ(bytes, (std::vector<uint8_t>{0, 255, 255}));
}

TEST(Interpret, MinAndMaxGiveNaN) {
  float nan = std::nanf("");
  auto out = run<float, float>("in: f32[2] param, out: f32[4] param written", R"(
    out[0] = min(in[0], in[1])
    out[1] = max(in[0], in[1])
    out[2] = max(in[1], in[0])
    out[3] = select(in[0] < in[1] || in[0] >= in[1], 1.0f, 2.0f))",
                               {nan, 1}, 4);
  EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out[1]) && std::isnan(out[2]));
  EXPECT_EQ(out[3], 2);
}

TEST(Interpret, FmaRoundsOnce) {
  float a = 1 + 0x1p-12f;
  auto out = run<float, float>("in: f32[2] param, out: f32[2] param written", R"(
    out[0] = fma(in[0], in[0], in[1])
    out[1] = in[0] * in[0] + in[1])",
                               {a, -1 - 0x1p-11f}, 2);
  EXPECT_EQ(out, (std::vector<float>{0x1p-24f, 0}));
}

TEST(Interpret, HalfRoundsAfterEachOperation) {
  // 2048 + 1 is not an f16, so the ones vanish one by one but not together.
  auto out = run<float, float>("in: f32[2] param, out: f32[2] param written", R"(
    let a = cast(f16, in[0])
    let b = cast(f16, in[1])
    out[0] = cast(f32, a + b + b)
    out[1] = cast(f32, a + (b + b)))",
                               {2048, 1}, 2);
  EXPECT_EQ(out, (std::vector<float>{2048, 2050}));
}

TEST(Interpret, Vectors) {
  auto out = run<float, float>("in: f32[8] param, out: f32[9] param written", R"(
    out[ramp(7, -1, 8)] = in[ramp(0, 1, 8)] * broadcast(in[1], 8)
    out[8] = reduce_add(in[ramp(0, 2, 4)]))",
                               {1, 2, 3, 4, 5, 6, 7, 8}, 9);
  EXPECT_EQ(out, (std::vector<float>{16, 14, 12, 10, 8, 6, 4, 2, 16}));
}

TEST(Interpret, ArmsNotTakenDoNotLoad) {
  auto out = run<float, float>("in: f32[4] param, out: f32[8] param written", R"(
    for i in 0..2 { out[i] = select(i < 1, in[i*100], 5.0f) }
    out[ramp(2, 1, 6)] = select(ramp(-1, 1, 6) < broadcast(0, 6) || ramp(-1, 1, 6) >= broadcast(4, 6), broadcast(0.0f, 6), in[ramp(-1, 1, 6)]))",
                               {1, 2, 3, 4}, 8);
  EXPECT_EQ(out, (std::vector<float>{1, 5, 0, 1, 2, 3, 4, 0}));
}

TEST(Interpret, ControlAndPrivateMemory) {
  auto out = run<int64_t, int64_t>("in: i64[4] param, out: i64[4] param written", R"(
    parallel i in 0..4 {
      alloc t: i64[2] stack {
        t[0] = 0
        for j in in[i] ..+ i { t[0] = t[0] + j }
        let s = t[0]
        t[0] = 100
        if s > 10 { out[i] = s } else { out[i] = neg(s) }
      }
    })",
                                   {5, 5, 5, 5}, 4);
  EXPECT_EQ(out, (std::vector<int64_t>{0, -5, 11, 18}));
}

std::string error_of(const std::string& body) {
  try {
    run<float, float>("in: f32[4] param, out: f32[4] param written", body, {1, 2, 3, 4}, 4);
  } catch (const InternalError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Interpret, RefusesWhatIsOutside) {
  EXPECT_EQ(error_of("for i in 0..5 { out[i] = 1.0f }"), "interpreting f: element 4 of out is written, which has 4 elements");
  EXPECT_EQ(error_of("for i in 0..5 { out[0] = in[i - 1] }"), "interpreting f: element -1 of in is read, which has 4 elements");
  EXPECT_EQ(error_of("for i in 0..1 { out[0] = reduce_add(in[ramp(i + 1, 1, 4)]) }"),
            "interpreting f: element 4 of in is read, which has 4 elements");
}

TEST(Interpret, RefusesWhatIsNotWritten) {
  EXPECT_EQ(error_of("alloc t: f32[4] stack { t[1] = 1.0f out[0] = t[1] out[0] = t[2] }"),
            "interpreting f: element 2 of t is read before it is written");
  EXPECT_EQ(error_of("for i in 0..2 { alloc t: f32[4] stack { if i == 0 { t[1] = 1.0f } out[0] = t[1] } }"),
            "interpreting f: element 1 of t is read before it is written");
}

TEST(Interpret, RefusesWrongArguments) {
  PrimFunc f = parse_prim_func("func f(in: f32[4] param) { }");
  EXPECT_THROW(interpret(f, {}), InternalError);
}

TEST(Interpret, CountsTasksAndScratch) {
  PrimFunc f = parse_prim_func(R"(func f(out: f32[9] param written) {
    parallel i in 3..9 {
      alloc a: f32[3] worker_scratch { out[i] = 0.0f alloc b: f64[9] worker_scratch { alloc c: f32[99] stack { out[i] = 1.0f } } }
    }
  })");
  EXPECT_EQ(task_count(f), 6);
  EXPECT_EQ(scratch_bytes(f), 64 + 128);
  EXPECT_EQ(task_count(parse_prim_func("func f(out: f32[9] param written) { out[0] = 0.0f }")), 1);
}

}  // namespace
}  // namespace broach
