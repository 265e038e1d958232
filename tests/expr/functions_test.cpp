// The expansions against double precision: exact special values, and the largest error in ULP by an evaluator of the expanded
// expression itself, over a sample that is dense where the functions bend: 1 in 509 of the floats of magnitude 2^-9 to 2^7, 1 in 16381
// of all. BROACH_TEST_ALL_FLOATS=1 takes every float (an hour).
#include "expr/functions.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <unordered_map>

#include "expr/evaluate.h"

namespace broach {
namespace {

// An expression over one f32 variable as a list of steps, so that millions of points take seconds.
class Tape {
 public:
  explicit Tape(const Expr& e) { add(e); }

  float run(float x) {
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i];
      Scalar operands[3];
      for (size_t k = 0; k < step.operands.size(); ++k) operands[k] = values_[step.operands[k]];
      if (step.op == Op::var)
        values_[i].f = x;
      else if (!step.operands.empty())
        values_[i] = apply_operator(step.op, step.operand, step.result, operands);
    }
    return float(values_.back().f);
  }

 private:
  struct Step {
    Op op;
    DType operand, result;
    std::vector<size_t> operands;
  };

  size_t add(const Expr& e) {
    if (auto it = index_.find(e.get()); it != index_.end()) return it->second;
    Step step{e->op, e.dtype(), e.dtype(), {}};
    for (const Expr& arg : e->args) step.operands.push_back(add(arg));
    if (!e->args.empty()) step.operand = e.arg(e.is(Op::select) ? 1 : 0).dtype();
    steps_.push_back(std::move(step));
    values_.push_back({e->int_value, e->float_value});
    return index_[e.get()] = steps_.size() - 1;
  }

  std::vector<Step> steps_;
  std::vector<Scalar> values_;
  std::unordered_map<const ExprNode*, size_t> index_;
};

struct Function {
  Op op;
  double (*reference)(double);
  double most_ulp;  // for results that are normal floats
  double most_ulp_subnormal;
};

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

// The bounds that functions.h states.
constexpr Function functions[] = {
    {Op::exp, std::exp, 1, 1},    {Op::log, std::log, 1, 0},   {Op::tanh, std::tanh, 1.5, 1}, {Op::sigmoid, sigmoid, 2.5, 1},
    {Op::erf, std::erf, 1.25, 1}, {Op::sinh, std::sinh, 2, 1}, {Op::cosh, std::cosh, 1.5, 0},
};

class Expansion : public testing::TestWithParam<Function> {
 protected:
  Var x = make_var("x", DType::f32);
  Expr expanded = expand_function(make_unary(GetParam().op, x));
  Tape tape{expanded};
};

std::string op_name(const testing::TestParamInfo<Function>& info) { return traits(info.param.op).name; }
INSTANTIATE_TEST_SUITE_P(Functions, Expansion, testing::ValuesIn(functions), op_name);

bool is_subnormal(double value) { return std::fabs(value) < std::numeric_limits<float>::min(); }

double ulp_error(float got, double expected) {
  int exponent;
  std::frexp(expected, &exponent);
  return std::fabs(got - expected) / std::ldexp(1, std::max(exponent - 24, -149));
}

TEST_P(Expansion, UsesBasicOperationsOnly) {
  visit(expanded, [](const Expr& e) { EXPECT_TRUE(e->op < Op::sqrt && e->op != Op::pow && e->op != Op::atan2) << traits(e->op).name; });
}

TEST_P(Expansion, SpecialValuesAreExact) {
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (float value : {0.0f, -0.0f, inf, -inf, nan, -nan, std::bit_cast<float>(0x7f800001)}) {
    auto expected = float(GetParam().reference(value));
    float got = tape.run(value);
    bool same = std::isnan(expected) ? std::isnan(got) : std::bit_cast<uint32_t>(got) == std::bit_cast<uint32_t>(expected);
    EXPECT_TRUE(same) << value << " gives " << got;
  }
}

// Bit patterns from begin to end, `stride` apart.
struct Sample {
  uint64_t begin, end, stride;
};

std::vector<Sample> samples() {
  constexpr uint64_t sign = 0x80000000, bend_begin = 0x3b000000, bend_end = 0x43000000;  // 2^-9, 2^7
  if (std::getenv("BROACH_TEST_ALL_FLOATS")) return {{0, 2 * sign, 1}};
  return {{0, 2 * sign, 16381}, {bend_begin, bend_end, 509}, {sign + bend_begin, sign + bend_end, 509}};
}

TEST_P(Expansion, ErrorIsWithinTheStatedBound) {
  double most = 0, most_subnormal = 0;
  auto check = [&](float value) {
    double expected = GetParam().reference(value);
    float got = tape.run(value);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(got)) << value;
    } else if (std::isinf(float(expected)) || expected == 0) {
      ASSERT_EQ(got, float(expected)) << value;
    } else {
      double& worst = is_subnormal(expected) ? most_subnormal : most;
      worst = std::max(worst, ulp_error(got, expected));
    }
  };
  for (const Sample& sample : samples())
    for (uint64_t bits = sample.begin; bits < sample.end; bits += sample.stride) check(std::bit_cast<float>(uint32_t(bits)));
  EXPECT_LE(most, GetParam().most_ulp);
  EXPECT_LE(most_subnormal, GetParam().most_ulp_subnormal);
  RecordProperty("ulp", std::to_string(most));
}

TEST(HasExpansion, OfF32Only) {
  EXPECT_TRUE(has_expansion(Op::exp, DType::f32));
  EXPECT_FALSE(has_expansion(Op::exp, DType::f64));
  EXPECT_FALSE(has_expansion(Op::sin, DType::f32));
  EXPECT_THROW(expand_function(make_unary(Op::sin, Expr(make_var("x", DType::f32)))), InternalError);
}

TEST(ExpandFunction, KeepsLanes) {
  Expr x = broadcast(Expr(make_var("x", DType::f32)), 8);
  for (const Function& f : functions) EXPECT_EQ(expand_function(make_unary(f.op, x)).type(), x.type());
}

}  // namespace
}  // namespace broach
