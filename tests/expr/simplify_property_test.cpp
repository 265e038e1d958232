// Random expressions over small bounded variables: simplifying changes no value, is idempotent, and bounds hold every value.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "expr/evaluate.h"
#include "expr/simplify.h"

namespace broach {
namespace {

int rounds() {  // BROACH_TEST_ROUNDS: more for a longer search
  const char* text = std::getenv("BROACH_TEST_ROUNDS");
  return text ? std::atoi(text) : 2000;
}

using Lanes = std::vector<Scalar>;

// Values of an expression under an assignment, by the plainest recursion.
class Meaning {
 public:
  Meaning(const std::vector<Var>& vars, const std::vector<Scalar>& values) : vars_(vars), values_(values) {}

  Lanes operator()(const Expr& e) const {
    if (e.is(Op::var)) return {values_[size_t(std::find(vars_.begin(), vars_.end(), e->var) - vars_.begin())]};
    if (e->args.empty()) return {Scalar{e->int_value, e->float_value}};
    std::vector<Lanes> args;
    for (const Expr& arg : e->args) args.push_back((*this)(arg));
    if (e->op >= Op::reduce_add && e->op <= Op::reduce_mul) return {reduce_lanes(e->op, e.dtype(), args[0])};
    Lanes result;
    for (size_t lane = 0; lane < size_t(e.lanes()); ++lane) result.push_back(element(e, args, lane));
    return result;
  }

 private:
  static Scalar element(const Expr& e, const std::vector<Lanes>& args, size_t lane) {
    if (e.is(Op::broadcast)) return args[0][0];
    if (e.is(Op::ramp)) return {args[0][0].i + args[1][0].i * int64_t(lane), 0};
    Scalar operands[3];
    for (size_t i = 0; i < args.size(); ++i) operands[i] = args[i][lane];
    return apply_operator(e->op, e.arg(e.is(Op::select) ? 1 : 0).dtype(), e.dtype(), operands);
  }

  const std::vector<Var>& vars_;
  const std::vector<Scalar>& values_;
};

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {
    for (const char* name : {"x", "y", "z"}) {
      vars.push_back(make_var(name));
      int64_t low = pick({0, 0, 0, -1, -5, 3}), high = low + pick({0, 1, 3, 6, 7, 13});
      intervals.push_back({low, high});
      bounds.set(vars.back(), intervals.back());
    }
    lanes = int(pick({1, 1, 1, 2, 4}));
  }

  Expr index(int depth) {
    if (depth == 0) return leaf();
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2: return index(depth - 1) + index(depth - 1);
      case 3: return index(depth - 1) - index(depth - 1);
      case 4: return index(depth - 1) * constant();
      case 5:
      case 6: return index(depth - 1) / constant();
      case 7:
      case 8: return index(depth - 1) % constant();
      case 9: return make_binary(random_() % 2 ? Op::min : Op::max, index(depth - 1), index(depth - 1));
      case 10: return select(condition(depth - 1), index(depth - 1), index(depth - 1));
      default: return rare(depth);
    }
  }

  Expr condition(int depth) {
    if (depth == 0 || random_() % 2) {
      static constexpr Op ops[] = {Op::eq, Op::ne, Op::lt, Op::le, Op::gt, Op::ge};
      return make_binary(ops[random_() % 6], index(depth), index(depth));
    }
    switch (random_() % 5) {
      case 0: return logical_not(condition(depth - 1));
      case 1:
      case 2: return condition(depth - 1) && condition(depth - 1);
      default: return condition(depth - 1) || condition(depth - 1);
    }
  }

  // p/W*(W*k) + p%W*k and its relatives, with other terms between.
  Expr recombination(int depth) {
    Expr p = index(depth);
    int64_t w = pick({2, 3, 4, 8, 14, 56}), h = pick({2, 3, 7}), k = pick({1, 2, 8, -1});
    Expr other = random_() % 2 ? index(1) : vector(0);
    Expr low = p % vector(w) * vector(k);
    if (random_() % 2) return p / vector(w) * vector(w * k) + other + low;
    Expr middle = p / vector(w) % vector(h) * vector(w * k);
    return random_() % 2 ? middle + low + other : p / vector(w * h) * vector(w * h * k) + middle + other + low;
  }

  std::vector<Var> vars;
  std::vector<Interval> intervals;
  Bounds bounds;
  int lanes;

 private:
  Expr rare(int depth) {
    switch (random_() % 8) {
      case 0: return index(depth - 1) * index(depth - 1);
      case 1: return index(depth - 1) / index(depth - 1);
      case 2: return index(depth - 1) % index(depth - 1);
      case 3: return make_binary(Op::rem, index(depth - 1), constant());
      case 4: return make_unary(random_() % 2 ? Op::abs : Op::sign, index(depth - 1));
      case 5: return cast(DType::i64, cast(random_() % 2 ? DType::i8 : DType::i32, index(depth - 1)));
      case 6: return make_binary(random_() % 2 ? Op::shift_right : Op::bit_and, index(depth - 1), vector(pick({0, 1, 3, 7})));
      default: return -index(depth - 1);
    }
  }

  Expr leaf() {
    Expr var(vars[random_() % 3]);
    switch (random_() % 6) {
      case 0: return vector(pick({0, 1, 2, 3, 5, 8, 13, -1, -4}));
      case 1: return lanes > 1 ? ramp(var * pick({1, 4, 16}), pick({0, 1, 2, -1}), lanes) : var;
      default: return vector(var);
    }
  }

  Expr constant() { return vector(pick({1, 2, 2, 3, 4, 4, 6, 8, 12, 14, 16, 56, -1, -3, -8, 0})); }
  Expr vector(Expr scalar) { return broadcast(std::move(scalar), lanes); }
  int64_t pick(std::initializer_list<int64_t> values) { return values.begin()[random_() % values.size()]; }

  std::mt19937 random_;
};

template <class F>
void for_all_values(const std::vector<Interval>& intervals, F f) {
  std::vector<Scalar> values;
  for (const Interval& i : intervals) values.push_back({i.low, 0});
  for (size_t k = 0; k < values.size();) {
    f(values);
    for (k = 0; k < values.size(); ++k) {
      if (++values[k].i <= intervals[k].high) break;
      values[k].i = intervals[k].low;
    }
  }
}

std::string describe(const Generator& g, const Expr& e) {
  std::string text = to_string(e);
  for (size_t i = 0; i < g.vars.size(); ++i) text += fmt::format(" {}={}..{}", g.vars[i]->name, g.intervals[i].low, g.intervals[i].high);
  return text;
}

void check(const Generator& g, const Expr& e) {
  Expr simplified = simplify(e, g.bounds);
  SCOPED_TRACE(describe(g, e) + " -> " + to_string(simplified));
  ASSERT_EQ(simplified.type(), e.type());
  Expr again = simplify(simplified, g.bounds);
  ASSERT_TRUE(equal(again, simplified)) << "not idempotent: " << to_string(again);
  Interval interval{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  if (e.dtype() == DType::i64) interval = bounds_of(e, g.bounds).value_or(interval);
  for_all_values(g.intervals, [&](const std::vector<Scalar>& values) {
    Meaning meaning(g.vars, values);
    Lanes expected = meaning(e), got = meaning(simplified);
    for (size_t lane = 0; lane < expected.size(); ++lane) {
      ASSERT_EQ(got[lane].i, expected[lane].i) << values[0].i << ' ' << values[1].i << ' ' << values[2].i << " lane " << lane;
      ASSERT_GE(got[lane].i, interval.low);
      ASSERT_LE(got[lane].i, interval.high);
    }
  });
}

TEST(SimplifyProperty, IndicesKeepTheirValues) {
  for (int i = 0; i < rounds() && !testing::Test::HasFatalFailure(); ++i) {
    Generator g{uint32_t(i)};
    check(g, g.index(2 + i % 3));
  }
}

TEST(SimplifyProperty, ConditionsKeepTheirValues) {
  for (int i = 0; i < rounds() && !testing::Test::HasFatalFailure(); ++i) {
    Generator g{uint32_t(i)};
    check(g, g.condition(1 + i % 3));
  }
}

TEST(SimplifyProperty, RecombinationsKeepTheirValues) {
  for (int i = 0; i < rounds() && !testing::Test::HasFatalFailure(); ++i) {
    Generator g{uint32_t(i)};
    check(g, g.recombination(i % 3));
  }
}

// i64 expressions without bounds: the values are still those, and the rules must not rely on any.
TEST(SimplifyProperty, NothingIsAssumedOfUnboundedVariables) {
  for (int i = 0; i < rounds() && !testing::Test::HasFatalFailure(); ++i) {
    Generator g{uint32_t(i)};
    g.bounds = {};
    check(g, g.index(2 + i % 2));
  }
}

// Bits of floats and of ints that wrap, over values where exactness is easily lost.
class Exactness {
 public:
  explicit Exactness(DType dtype, uint32_t seed) : random_(seed), dtype_(dtype) {
    for (const char* name : {"x", "y"}) vars.push_back(make_var(name, dtype));
  }

  Expr make(int depth) {
    if (depth == 0) return random_() % 2 ? Expr(vars[random_() % 2]) : make_const(value(), dtype_);
    static constexpr Op binary[] = {Op::add, Op::sub, Op::mul, Op::div, Op::min, Op::max, Op::add, Op::mul};
    static constexpr Op unary[] = {Op::neg, Op::abs, Op::floor, Op::sign};
    switch (random_() % 8) {
      case 0: return make_unary(unary[random_() % 4], make(depth - 1));
      case 1: return select(make(depth - 1) < make(depth - 1), make(depth - 1), make(depth - 1));
      case 2: return fma(make(depth - 1), make(depth - 1), make(depth - 1));
      case 3: {
        DType other = std::vector{DType::f32, DType::f64, DType::i8, DType::i32, DType::i64, DType::u8}[random_() % 6];
        return cast(dtype_, cast(other, make(depth - 1)));
      }
      default: return make_binary(binary[random_() % 8], make(depth - 1), make(depth - 1));
    }
  }

  Scalar value() {
    static constexpr double values[] = {0.0,
                                        -0.0,
                                        1,
                                        -1,
                                        2,
                                        -3,
                                        0.5,
                                        4,
                                        127,
                                        128,
                                        -128,
                                        255,
                                        1e9,
                                        -2147483648.0,
                                        1e-30,
                                        3e38,
                                        std::numeric_limits<double>::infinity(),
                                        -std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::quiet_NaN()};
    return make_scalar(values[random_() % std::size(values)], dtype_);
  }

  std::vector<Var> vars;

 private:
  std::mt19937 random_;
  DType dtype_;
};

bool same_value(const Scalar& a, const Scalar& b) {
  if (std::isnan(a.f) || std::isnan(b.f)) return std::isnan(a.f) && std::isnan(b.f);
  return a.i == b.i && std::bit_cast<uint64_t>(a.f) == std::bit_cast<uint64_t>(b.f);
}

TEST(SimplifyProperty, OtherTypesAreExact) {
  for (DType dtype : {DType::f32, DType::f64, DType::i8, DType::i32, DType::u8, DType::u32}) {
    for (int i = 0; i < rounds(); ++i) {
      Exactness g(dtype, uint32_t(i));
      Expr e = g.make(1 + i % 4), simplified = simplify(e), again = simplify(simplified);
      ASSERT_TRUE(equal(simplified, again)) << to_string(e) << " -> " << to_string(simplified) << " -> " << to_string(again);
      for (int k = 0; k < 20; ++k) {
        std::vector<Scalar> values{g.value(), g.value()};
        Meaning meaning(g.vars, values);
        Scalar expected = meaning(e)[0], got = meaning(simplified)[0];
        ASSERT_TRUE(same_value(expected, got)) << to_string(e) << " -> " << to_string(simplified) << " at " << values[0].f << '|' << values[0].i
                                               << ", " << values[1].f << '|' << values[1].i;
      }
    }
  }
}

}  // namespace
}  // namespace broach
