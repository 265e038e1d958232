#include "expr/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "expr_text.h"

namespace broach {
namespace {

constexpr int64_t smallest = std::numeric_limits<int64_t>::min(), largest = std::numeric_limits<int64_t>::max();

struct IntCase {
  const char* text;
  int64_t value;
};

TEST(EvaluateInt, FollowsTheSemantics) {
  constexpr IntCase cases[] = {
      {"7 / 2", 3},
      {"-7 / 2", -4},
      {"7 / -2", -4},
      {"-7 % 2", 1},
      {"7 % -2", -1},
      {"rem(-7, 2)", -1},
      {"7 / 0", 0},
      {"7 % 0", 0},
      {"rem(7, 0)", 0},
      {"-9223372036854775808 / -1", smallest},
      {"-9223372036854775808 % -1", 0},
      {"9223372036854775807 + 1", smallest},
      {"100i8 + 100i8", -56},
      {"200u8 + 100u8", 44},
      {"-128i8 / -1i8", -128},
      {"abs(-128i8)", -128},
      {"200u8 / 7u8", 28},
      {"3000000000u32 * 2u32", 1705032704},
      {"18446744073709551615u64 / 2u64", largest},
      {"cast(i64, 1u64 < 18446744073709551615u64)", 1},
      {"-8 >> 1", -4},
      {"4294967288u32 >> 1u32", 2147483644},
      {"-1i32 >> 40i32", -1},
      {"1 << 64", 0},
      {"6 & 3 | 8 ^ 1", 11},
      {"~5", -6},
      {"min(-3, 2) + max(-3, 2)", -1},
      {"sign(-9) + sign(0) + sign(4)", 0},
      {"pow(3, 4)", 81},
      {"cast(i8, 300)", 44},
      {"cast(i8, 300.0f)", 127},
      {"cast(u8, -3.7f)", 0},
      {"cast(i64, -3.7f)", -3},
      {"cast(i32, nan_f32)", 0},
      {"cast(i64, inf_f32)", largest},
      {"cast(i64, -inf_f64)", smallest},
      {"cast(i64, cast(bool, -0.5f))", 1},
      {"bitcast(i32, 1.0f)", 0x3f800000},
      {"select(2 < 1, 5, 6)", 6},
      {"reduce_add(ramp(3, 2, 5))", 35},
      {"reduce_mul(ramp(1, 1, 4))", 24},
      {"reduce_max(ramp(5, -1, 3)) - reduce_min(ramp(5, -1, 3))", 2},
  };
  TextScope scope;
  for (const IntCase& c : cases) EXPECT_EQ(evaluate_int(scope.parse(c.text)), c.value) << c.text;
}

struct FloatCase {
  const char* text;
  double value;
};

TEST(EvaluateFloat, RoundsToTheType) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const FloatCase cases[] = {
      {"0.1f + 0.2f", double(0.1f + 0.2f)},
      {"0.1f64 + 0.2f64", 0.1 + 0.2},
      {"16777216.0f + 1.0f", 16777216},
      {"1.0f16 / 3.0f16", 0.333251953125},
      {"1.0bf16 / 3.0bf16", 0.333984375},
      {"60000.0f16 * 2.0f16", inf},
      {"round(2.5f) + round(3.5f)", 6},
      {"floor(-0.5f)", -1},
      {"trunc(-0.5f)", 0},
      {"-7.5f % 2.0f", 0.5},
      {"rem(-7.5f, 2.0f)", -1.5},
      {"1.0f / 0.0f", inf},
      {"min(nan_f32, 1.0f)", nan},
      {"max(1.0f, nan_f32)", nan},
      {"sign(-2.5f)", -1},
      {"sqrt(2.0f)", double(std::sqrt(2.0f))},
      {"sigmoid(0.0f)", 0.5},
      {"cast(f32, 16777217)", 16777216},
      {"cast(f32, 18446744073709551615u64)", 0x1p64},
      {"bitcast(f32, 1065353216i32)", 1},
      {"fma(16777217.0f64, 16777217.0f64, -281474993487872.0f64)", 16777217.0 * 16777217.0 - 281474993487872.0},
      {"reduce_add(broadcast(0.1f, 3))", double((0.1f + 0.1f) + 0.1f)},
  };
  TextScope scope;
  for (const FloatCase& c : cases) {
    double got = evaluate_float(scope.parse(c.text));
    if (std::isnan(c.value))
      EXPECT_TRUE(std::isnan(got)) << c.text;
    else
      EXPECT_EQ(got, c.value) << c.text;
  }
}

TEST(EvaluateFloat, FmaOfF32RoundsOnce) {
  float a = 1 + 0x1p-12f, c = 0x1p-60f;  // a*a lies on a rounding boundary of f32, and c is too small for a double to see
  Expr e = fma(make_float(a), make_float(a), make_float(c));
  EXPECT_EQ(evaluate_float(e), double(std::fmaf(a, a, c)));
}

TEST(Evaluate, RefusesWhatIsNotConstant) {
  EXPECT_THROW(evaluate_int(Expr(make_var("n")) + 1), InternalError);
  EXPECT_THROW(evaluate_int(make_float(1)), InternalError);
  EXPECT_THROW(evaluate_float(broadcast(make_float(1), 2)), InternalError);
}

}  // namespace
}  // namespace broach
