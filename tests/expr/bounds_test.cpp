#include <gtest/gtest.h>

#include "expr_text.h"

namespace broach {
namespace {

struct Row {
  const char* bounds;
  const char* input;
  const char* expected;  // "low..high", or "none" where an end is infinite
};

std::string text_of(const std::optional<Interval>& interval) { return interval ? fmt::format("{}..{}", interval->low, interval->high) : "none"; }

TEST(BoundsOf, GivesTheInterval) {
  constexpr Row rows[] = {
      {"x=0..9", "x * 2 + 1", "1..19"},
      {"x=0..9", "5 - x", "-4..5"},
      {"x=0..9 y=-2..2", "x * y", "-18..18"},
      {"x=0..9", "x - x", "0..0"},
      {"x=-7..9", "x / 4", "-2..2"},
      {"x=-7..9", "x / -4", "-3..1"},
      {"x=-7..9", "x % 4", "0..3"},
      {"x=5..6", "x % 4", "1..2"},
      {"x=-7..9", "x % -4", "-3..0"},
      {"x=-7..9", "rem(x, 4)", "-3..3"},
      {"x=-7..9 n=2..3", "x / n", "-4..4"},
      {"x=-7..9 n=-1..3", "x / n", "-9..9"},
      {"x=-9..-4 n=1..3", "x / n", "-9..-2"},
      {"x=4..9 n=1..3", "x / n", "1..9"},
      {"x=-9..-4 n=-3..-1", "x / n", "1..9"},
      {"x=-7..9 n=-1..3", "x % n", "0..2"},
      {"x=-7..9", "abs(x)", "0..9"},
      {"x=-7..9", "sign(x)", "-1..1"},
      {"x=0..9", "select(x < y, x, 20)", "0..20"},
      {"x=0..9", "min(x, y)", "none"},
      {"x=0..9 y=3..4", "min(x, y)", "0..4"},
      {"", "x", "none"},
      {"", "x % 8", "0..7"},
      {"", "x - x / 4 * 4", "0..3"},
      {"", "min(max(x, 0), 5)", "0..5"},
      {"", "cast(i64, b_u8)", "0..255"},
      {"", "cast(i64, b_i8) * 2", "-256..254"},
      {"", "cast(i64, x < 3)", "0..1"},
      {"x=0..9", "cast(i64, cast(i8, x))", "0..9"},
      {"x=0..900", "cast(i64, cast(i8, x))", "-128..127"},
      {"x=0..9223372036854775806", "x * 2", "none"},
      {"x=0..9223372036854775806", "x + x + x", "none"},
      {"x=0..9", "ramp(x, 2, 4)", "0..15"},
      {"x=0..9", "reduce_add(ramp(x, 0, 4))", "0..36"},
      {"x=-9223372036854775806..0", "0 - x - 5", "-5..9223372036854775801"},
  };
  for (const Row& row : rows) {
    TextScope scope;
    Expr e = scope.parse(row.input);
    EXPECT_EQ(text_of(bounds_of(e, scope.bounds(row.bounds))), row.expected) << row.input << " with " << row.bounds;
  }
}

TEST(Proves, OnlyWhatFollows) {
  TextScope scope;
  Bounds bounds = scope.bounds("x=0..9");
  EXPECT_TRUE(proves(scope.parse("x < 10"), bounds));
  EXPECT_FALSE(proves(scope.parse("x < 9"), bounds));
  EXPECT_FALSE(proves(scope.parse("10 < x"), bounds));
  EXPECT_TRUE(proves(scope.parse("x / 4 * 4 <= x && x % 4 < 4"), {}));
}

TEST(Bounds, ErasedVariablesAreUnknown) {
  TextScope scope;
  Bounds bounds = scope.bounds("x=0..9");
  bounds.erase(scope.find_var("x"));
  EXPECT_EQ(bounds_of(scope.parse("x"), bounds), std::nullopt);
}

}  // namespace
}  // namespace broach
