// The simplifier's rules, one a row: bounds, input, expected text. Every result must also be its own simplification.
#include "expr/simplify.h"

#include <gtest/gtest.h>

#include "expr_text.h"

namespace broach {
namespace {

struct Rule {
  const char* bounds;
  const char* input;
  const char* expected;
};

std::ostream& operator<<(std::ostream& out, const Rule& rule) { return out << rule.input << " with " << rule.bounds; }

class SimplifyRules : public testing::TestWithParam<Rule> {};

TEST_P(SimplifyRules, GivesExpectedText) {
  TextScope scope;
  Expr e = scope.parse(GetParam().input);
  Bounds bounds = scope.bounds(GetParam().bounds);
  Expr simplified = simplify(e, bounds);
  EXPECT_EQ(to_string(simplified), GetParam().expected);
  EXPECT_EQ(simplified.type(), e.type());
  EXPECT_EQ(to_string(simplify(simplified, bounds)), to_string(simplified)) << "not idempotent";
}

constexpr Rule sums[] = {
    {"", "x + x", "x * 2"},
    {"", "3 + x - 5", "x - 2"},
    {"", "x - y - x", "0 - y"},
    {"", "(x + 1) * 4 - 4", "x * 4"},
    {"", "2 * (x - y) + 3 * y", "x * 2 + y"},
    {"", "x + 100 * y + 10 * z", "y * 100 + z * 10 + x"},
    {"", "neg(x) + 7", "7 - x"},
    {"", "b * a + a * b", "a * b * 2"},
    {"", "(x + 1) * n - n", "n * x"},
    {"", "fma(x, 3, y)", "x * 3 + y"},
    {"", "x << 3", "x * 8"},
    {"", "5 * 8 / 3", "13"},
};
INSTANTIATE_TEST_SUITE_P(Sums, SimplifyRules, testing::ValuesIn(sums));

constexpr Rule divisions[] = {
    {"", "(a * 12 + b) / 4", "a * 3 + b / 4"},
    {"", "(a * 12 + b) % 4", "b % 4"},
    {"", "(a * 12 + b + 9) / 4", "a * 3 + (b + 1) / 4 + 2"},
    {"", "(b - 1) % 4", "(b + 3) % 4"},
    {"", "a * 4 / 8", "a / 2"},
    {"", "a * 4 % 8", "a % 2 * 4"},
    {"", "(a * 4 + 3) / 8", "a / 2"},
    {"", "(a * 4 + 3) % 8", "a % 2 * 4 + 3"},
    {"", "x / 3 / 5", "x / 15"},
    {"", "(x / 3 + y) / 5", "(y * 3 + x) / 15"},
    {"", "x % 12 % 4", "x % 4"},
    {"", "x % 12 / 4", "x / 4 % 3"},
    {"", "(x % 12 * 2 + y) % 8", "(x * 2 + y) % 8"},
    {"", "x / -4", "(0 - x) / 4"},
    {"", "x % -4", "0 - (0 - x) % 4"},
    {"", "x / 0 + x % 0", "0"},
    {"", "x / 1 + x % 1", "x"},
    {"", "x >> 2", "x / 4"},
    {"", "x & 7", "x % 8"},
    {"t=0..3 j=0..13", "(t * 14 + j) / 56", "0"},
    {"t=0..3 j=0..13", "(t * 14 + j) % 56", "t * 14 + j"},
    {"t=0..3 j=0..13", "(t * 14 + j) / 14", "t"},
    {"t=0..3 j=0..13", "(t * 14 + j) % 14", "j"},
    {"x=0..55", "(t * 56 + x) / 56", "t"},
    {"b=0..15", "(a * 16 + b) / 64", "a / 4"},
    {"b=0..15", "(a * 16 + b) % 64", "a % 4 * 16 + b"},
    {"b=0..15", "(a * 16 + b + 21) / 64", "(a * 16 + b + 21) / 64"},
    {"b=0..10", "(a * 16 + b + 21) / 64", "(a + 1) / 4"},
    {"x=0..1 y=0..7", "(a * 32 + x * 16 + y) / 64", "a / 2"},
    {"x=-1..-1", "x / 4", "-1"},
    {"x=0..100", "rem(x, 7)", "x % 7"},
    {"x=-100..0", "rem(x, 7)", "0 - (0 - x) % 7"},
    {"n=1..9", "n / n", "1"},
    {"x=0..3 n=4..9", "x / n + x % n", "x"},
};
INSTANTIATE_TEST_SUITE_P(Divisions, SimplifyRules, testing::ValuesIn(divisions));

constexpr Rule recombinations[] = {
    {"", "p / 56 * 56 + p % 56", "p"},
    {"", "p / 56 * (56 * 8) + p % 56 * 8", "p * 8"},
    {"", "q * 1000 + p / 56 * 448 + c + p % 56 * 8", "q * 1000 + p * 8 + c"},
    {"", "(a * 8 + b) / 56 * 56 + (a * 8 + b) % 56", "a * 8 + b"},
    {"", "(a * 8 + b * 4 + 3) / 56 * 56 + (a * 8 + b * 4 + 3) % 56", "a * 8 + b * 4 + 3"},
    {"", "(p - 1) / 56 * 112 + (p - 1) % 56 * 2", "p * 2 - 2"},
    {"", "p / 3136 * 3136 + p / 56 % 56 * 56 + p % 56", "p"},
    {"", "p / 56 % 56 * 56 + p % 56", "p % 3136"},
    {"", "p / 56 * 58 + p % 56", "p / 56 * 58 + p % 56"},
};
INSTANTIATE_TEST_SUITE_P(Recombinations, SimplifyRules, testing::ValuesIn(recombinations));

constexpr Rule comparisons[] = {
    {"", "x < x", "false"},
    {"", "x + 1 > x", "true"},
    {"", "x >= 3", "3 <= x"},
    {"", "x > 3", "4 <= x"},
    {"", "x <= 3", "x < 4"},
    {"", "x - 3 < y - 5", "x + 2 < y"},
    {"", "y + x < 0 - 3", "x + y < -3"},
    {"", "2 * x < 2 * y + 1", "x <= y"},
    {"b=0..15", "16 * a + b < 16 * c", "a < c"},
    {"b=0..15", "16 * a + b < 50", "a * 16 + b < 50"},
    {"b=0..15", "16 * a + b < 64", "a < 4"},
    {"y=2..20 k=0..2", "0 <= y * 2 + k - 3", "true"},
    {"y=0..20 k=0..2", "0 <= y * 2 + k - 3", "3 <= y * 2 + k"},
    {"y=0..20", "0 <= y * 2 - 3", "2 <= y"},
    {"", "x / 4 < 3", "x < 12"},
    {"", "3 <= x / 4", "12 <= x"},
    {"", "x / 4 * 4 <= x", "true"},
    {"", "x - x / 4 * 4 < 4", "true"},
    {"x=0..9", "x == 10", "false"},
    {"", "2 * x == 2 * y + 1", "false"},
    {"", "2 * x == 4", "x == 2"},
    {"", "0 == 3 - x", "x == 3"},
    {"", "y != x", "x != y"},
    {"", "x != x", "false"},
    {"n_u8=0..255", "n_u8 < 0u8", "false"},
    {"", "x_f32 > y_f32", "y_f32 < x_f32"},
    {"", "x_f32 == x_f32", "x_f32 == x_f32"},
};
INSTANTIATE_TEST_SUITE_P(Comparisons, SimplifyRules, testing::ValuesIn(comparisons));

constexpr Rule minima[] = {
    {"", "min(x + 3, x + 5)", "x + 3"},
    {"", "max(x, x)", "x"},
    {"x=0..9", "min(x, 9)", "x"},
    {"x=0..9", "max(x, 10)", "10"},
    {"", "min(min(x, 7), 5)", "min(x, 5)"},
    {"", "min(5, min(y, x))", "min(min(x, y), 5)"},
    {"i=0..13", "min(16, 224 - i * 16)", "16"},
    {"", "max(max(x_f32, 0.0f), 0.0f)", "max(x_f32, 0.0f)"},
    {"", "min(min(x_f32, 7.0f), 6.0f)", "min(x_f32, 6.0f)"},
    {"", "min(x_i8, 127i8)", "x_i8"},
    {"x=0..9", "abs(x)", "x"},
    {"x=-9..0", "abs(x)", "0 - x"},
};
INSTANTIATE_TEST_SUITE_P(Minima, SimplifyRules, testing::ValuesIn(minima));

constexpr Rule logic[] = {
    {"x=0..9", "0 <= x && x < y", "x < y"},
    {"", "x < y && x < y", "x < y"},
    {"", "x < 5 && x < 7", "x < 5"},
    {"", "x < 5 || x < 7", "x < 7"},
    {"", "x < 5 && x > 7", "false"},
    {"", "x < 7 || x > 5", "true"},
    {"", "x < 7 && (3 <= x && x < 2)", "false"},
    {"", "!(x < 5)", "5 <= x"},
    {"", "!(x == 5)", "x != 5"},
    {"", "!!b_bool", "b_bool"},
    {"", "b_bool && !b_bool", "false"},
    {"", "b_bool || true", "true"},
    {"", "!(x_f32 < y_f32)", "!(x_f32 < y_f32)"},
    {"", "select(x < 5, y, y)", "y"},
    {"x=0..4", "select(x < 5, y, z)", "y"},
    {"", "select(!b_bool, y, z)", "select(b_bool, z, y)"},
    {"", "select(b_bool, select(b_bool, x, y), z)", "select(b_bool, x, z)"},
    {"", "select(x < 5, true, false)", "x < 5"},
};
INSTANTIATE_TEST_SUITE_P(Logic, SimplifyRules, testing::ValuesIn(logic));

constexpr Rule floats[] = {
    {"", "x_f32 + 0.0f", "x_f32 + 0.0f"},
    {"", "x_f32 + -0.0f", "x_f32"},
    {"", "x_f32 - 0.0f", "x_f32"},
    {"", "x_f32 * 1.0f", "x_f32"},
    {"", "x_f32 * 0.0f", "x_f32 * 0.0f"},
    {"", "x_f32 - x_f32", "x_f32 - x_f32"},
    {"", "x_f32 / 4.0f", "x_f32 * 0.25f"},
    {"", "x_f32 / 3.0f", "x_f32 / 3.0f"},
    {"", "x_f32 / 5.877472e-39f", "x_f32 / 5.877472e-39f"},
    {"", "x_f16 / 0.00048828125f16", "x_f16 * 2048.0f16"},
    {"", "2.0f * x_f32", "x_f32 * 2.0f"},
    {"", "neg(neg(x_f32))", "x_f32"},
    {"", "x_f32 - neg(y_f32)", "x_f32 + y_f32"},
    {"", "pow(x_f32, 2.0f)", "x_f32 * x_f32"},
    {"", "1.5f * 2.0f + x_f32", "x_f32 + 3.0f"},
    {"", "exp(0.0f)", "1.0f"},
    {"", "cast(f32, 3)", "3.0f"},
    {"", "cast(f32, cast(f64, x_f32))", "x_f32"},
    {"", "cast(f64, cast(f32, x_f64))", "cast(f64, cast(f32, x_f64))"},
    {"", "cast(i8, cast(f32, x_i8))", "x_i8"},
    {"", "cast(i64, cast(i32, x))", "cast(i64, cast(i32, x))"},
    {"x=0..9", "cast(i64, cast(i32, x))", "x"},
    {"", "x_i32 * 1i32 + 0i32", "x_i32"},
    {"", "x_i32 + 3i32 + 4i32", "x_i32 + 7i32"},
    {"", "x_i32 + x_i32", "x_i32 + x_i32"},
    {"", "x_i8 ^ x_i8", "0i8"},
    {"", "127i8 + 1i8", "-128i8"},
};
INSTANTIATE_TEST_SUITE_P(ExactInEveryType, SimplifyRules, testing::ValuesIn(floats));

constexpr Rule vectors[] = {
    {"", "broadcast(x, 8) + broadcast(y, 8)", "broadcast(x + y, 8)"},
    {"", "ramp(x, 1, 8) + broadcast(y, 8)", "ramp(x + y, 1, 8)"},
    {"", "ramp(x, 2, 8) * broadcast(3, 8)", "ramp(x * 3, 6, 8)"},
    {"", "ramp(x, w, 8) * broadcast(3, 8)", "ramp(x * 3, w * 3, 8)"},
    {"", "ramp(16 * b, 1, 16) / broadcast(16, 16)", "broadcast(b, 16)"},
    {"", "ramp(16 * b, 1, 16) % broadcast(16, 16)", "ramp(0, 1, 16)"},
    {"", "ramp(x, 1, 16) % broadcast(16, 16)", "ramp(x, 1, 16) % broadcast(16, 16)"},
    {"x=0..9", "ramp(x, 1, 8) < broadcast(17, 8)", "broadcast(true, 8)"},
    {"", "ramp(x, 1, 8) - ramp(y, 1, 8)", "broadcast(x - y, 8)"},
    {"", "broadcast(x_f32, 4) * broadcast(y_f32, 4)", "broadcast(x_f32 * y_f32, 4)"},
    {"", "reduce_add(broadcast(x, 4))", "x * 4"},
    {"", "reduce_max(ramp(x, 0, 4))", "x"},
    {"", "reduce_add(ramp(x, 1, 4)) + x", "x + reduce_add(ramp(x, 1, 4))"},
    {"", "ramp(x, 1, 8) / broadcast(3, 8) + ramp(y, 1, 8)", "ramp(x, 1, 8) / broadcast(3, 8) + ramp(y, 1, 8)"},
    {"", "ramp(x_i32, 1i32, 4) + broadcast(0i32, 4)", "ramp(x_i32, 1i32, 4)"},
};
INSTANTIATE_TEST_SUITE_P(Vectors, SimplifyRules, testing::ValuesIn(vectors));

}  // namespace
}  // namespace broach
