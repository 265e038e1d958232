// Every operator on every dtype it has a meaning on, scalar and vector, against the interpreter.
#include <gtest/gtest.h>

#include "codegen/compiled_kernel.h"

namespace broach::test {
namespace {

constexpr int64_t elements = 240;  // a multiple of all lanes tried

const std::vector<DType> floats = {DType::f32, DType::f64, DType::f16, DType::bf16};
const std::vector<DType> ints = {DType::i8, DType::i16, DType::i32, DType::i64, DType::u8, DType::u16, DType::u32, DType::u64};

Expr at(const Buffer& buffer, const Var& i, int lanes) {
  return load(buffer, lanes == 1 ? Expr(i) * Expr(1) : ramp(Expr(i) * Expr(lanes), Expr(1), lanes));
}

// out[i] = op(a[i], b[i], c[i])
PrimFunc elementwise(Op op, DType dtype, int lanes) {
  std::vector<Expr> args;
  PrimFunc f{traits(op).name, {}, {}};
  Var i = make_var("i");
  for (int k = 0; k < traits(op).arity; ++k) {
    f.params.push_back(make_buffer(std::string(1, char('a' + k)), dtype, elements));
    args.push_back(at(f.params.back(), i, lanes));
  }
  Expr value = args.size() == 1 ? make_unary(op, args[0]) : args.size() == 2 ? make_binary(op, args[0], args[1]) : fma(args[0], args[1], args[2]);
  f.params.push_back(make_buffer("out", value.dtype(), elements, Storage::param, true));
  Expr index = lanes == 1 ? Expr(i) : ramp(Expr(i) * Expr(lanes), Expr(1), lanes);
  f.body = make_for(i, 0, Expr(elements / lanes), make_store(f.params.back(), index, value), ForKind::parallel);
  return f;
}

void check(Op op, const std::vector<DType>& dtypes, double ulps = 0) {
  for (DType dtype : dtypes)
    for (int lanes : {1, 4, 5, 16}) {
      SCOPED_TRACE(fmt::format("{} {} x{}", traits(op).name, info(dtype).name, lanes));
      expect_like_interpreter(elementwise(op, dtype, lanes), ulps);
    }
}

class FloatOperator : public testing::TestWithParam<Op> {};
TEST_P(FloatOperator, IsExact) { check(GetParam(), floats); }
INSTANTIATE_TEST_SUITE_P(Operators, FloatOperator,
                         testing::Values(Op::add, Op::sub, Op::mul, Op::div, Op::neg, Op::min, Op::max, Op::rem, Op::mod, Op::abs, Op::sign,
                                         Op::floor, Op::ceil, Op::round, Op::trunc, Op::sqrt, Op::is_nan, Op::is_inf, Op::eq, Op::ne, Op::lt, Op::le,
                                         Op::gt, Op::ge),
                         [](const auto& info) { return traits(info.param).name; });

// libm's float functions are off by an ulp or two from the double ones that the interpreter rounds.
class LibmOperator : public testing::TestWithParam<Op> {};
TEST_P(LibmOperator, IsNear) { check(GetParam(), floats, 4); }
INSTANTIATE_TEST_SUITE_P(Operators, LibmOperator,
                         testing::Values(Op::pow, Op::atan2, Op::exp, Op::log, Op::sin, Op::cos, Op::tan, Op::asin, Op::acos, Op::atan, Op::sinh,
                                         Op::cosh, Op::tanh, Op::asinh, Op::acosh, Op::atanh, Op::erf, Op::sigmoid),
                         [](const auto& info) { return traits(info.param).name; });

class IntOperator : public testing::TestWithParam<Op> {};
TEST_P(IntOperator, IsExact) { check(GetParam(), ints); }
INSTANTIATE_TEST_SUITE_P(Operators, IntOperator,
                         testing::Values(Op::add, Op::sub, Op::mul, Op::div, Op::mod, Op::rem, Op::min, Op::max, Op::pow, Op::fma, Op::neg, Op::abs,
                                         Op::sign, Op::bit_and, Op::bit_or, Op::bit_xor, Op::bit_not, Op::shift_left, Op::shift_right, Op::eq, Op::ne,
                                         Op::lt, Op::le, Op::gt, Op::ge),
                         [](const auto& info) { return traits(info.param).name; });

class BooleanOperator : public testing::TestWithParam<Op> {};
TEST_P(BooleanOperator, IsExact) { check(GetParam(), {DType::boolean}); }
INSTANTIATE_TEST_SUITE_P(Operators, BooleanOperator,
                         testing::Values(Op::logical_and, Op::logical_or, Op::logical_not, Op::eq, Op::ne, Op::min, Op::max, Op::bit_xor),
                         [](const auto& info) { return traits(info.param).name; });

TEST(Operators, FmaRoundsOnce) { check(Op::fma, {DType::f32, DType::f64}); }

TEST(Operators, NothingDependsOnOptimisation) {
  for (Op op : {Op::div, Op::mod, Op::max, Op::shift_right})
    for (DType dtype : {DType::i32, DType::i64}) expect_like_interpreter(elementwise(op, dtype, 4), 0, 0);
}

// Divisors that are constants take other ways through the compiler.
TEST(Operators, DivisionByConstants) {
  for (Op op : {Op::div, Op::mod, Op::rem})
    for (int64_t divisor : {1, 2, 8, 7, -1, -4, -3, 0})
      for (DType dtype : {DType::i8, DType::i32, DType::i64}) {
        Var i = make_var("i");
        auto a = make_buffer("a", dtype, elements), out = make_buffer("out", dtype, elements, Storage::param, true);
        Expr value = make_binary(op, at(a, i, 4), broadcast(make_int(divisor, dtype), 4));
        Stmt body = make_for(i, 0, Expr(elements / 4), make_store(out, ramp(Expr(i) * Expr(4), Expr(1), 4), value));
        SCOPED_TRACE(fmt::format("{} by {} of {}", traits(op).name, divisor, info(dtype).name));
        expect_like_interpreter(PrimFunc{"f", {a, out}, body});
      }
}

TEST(Casts, BetweenAllTypes) {
  std::vector<DType> all = floats;
  all.insert(all.end(), ints.begin(), ints.end());
  all.push_back(DType::boolean);
  for (DType from : all)
    for (DType to : all)
      for (int lanes : {1, 16}) {
        if (from == to) continue;
        Var i = make_var("i");
        auto a = make_buffer("a", from, elements), out = make_buffer("out", to, elements, Storage::param, true);
        Expr index = lanes == 1 ? Expr(i) : ramp(Expr(i) * Expr(lanes), Expr(1), lanes);
        Stmt body = make_for(i, 0, Expr(elements / lanes), make_store(out, index, cast(to, load(a, index))));
        SCOPED_TRACE(fmt::format("{} to {} x{}", info(from).name, info(to).name, lanes));
        expect_like_interpreter(PrimFunc{"f", {a, out}, body}, 0, 3, unsigned(from) * 16 + unsigned(to));
      }
}

// Halves that lie between two representable ones, and ones just beside those, are where rounding twice shows.
TEST(Casts, DoublesToHalvesRoundOnce) {
  for (DType to : {DType::f16, DType::bf16}) {
    Var i = make_var("i");
    auto a = make_buffer("a", DType::f64, elements), out = make_buffer("out", to, elements, Storage::param, true);
    Stmt body = make_for(i, 0, Expr(elements / 8), make_store(out, ramp(Expr(i) * Expr(8), Expr(1), 8), cast(to, at(a, i, 8))));
    expect_like_interpreter(PrimFunc{"f", {a, out}, body}, [](size_t p, Memory& m) {
      if (p == 1) return;
      for (int64_t k = 0; k < elements; ++k) {
        double tie = 1 + double(2 * (k / 4) + 1) * (m.elements ? 0x1p-11 : 0), beside[] = {0, 0x1p-40, -0x1p-40, 0x1p-30};
        store_double(DType::f64, m.data(), k, tie + beside[k % 4]);
      }
    });
  }
}

// Bits as bits: without conversion instructions the arithmetic ones must agree on every half.
TEST(Casts, EveryHalfToFloatAndBackWithoutHardware) {
  Target plain = target_of("llvm -mcpu=x86-64-v2");
  if (host_target().arch != Arch::x86_64) GTEST_SKIP() << "needs x86-64";
  Var i = make_var("i"), j = make_var("j");
  auto a = make_buffer("a", DType::f16, 65536), wide = make_buffer("wide", DType::f32, 65536, Storage::param, true),
       back = make_buffer("back", DType::f16, 65536, Storage::param, true);
  auto lanes = [](const Var& v) { return ramp(Expr(v) * Expr(8), Expr(1), 8); };
  PrimFunc f{"f",
             {a, wide, back},
             make_block({make_for(i, 0, 8192, make_store(wide, lanes(i), cast(DType::f32, load(a, lanes(i))))),
                         make_for(j, 0, 8192, make_store(back, lanes(j), cast(DType::f16, cast(DType::f32, load(a, lanes(j))))))})};
  Library library(build_library(program_of({f}), plain));
  Memory in(DType::f16, 65536), floats_out(DType::f32, 65536), halves(DType::f16, 65536);
  for (int k = 0; k < 65536; ++k) static_cast<uint16_t*>(in.data())[k] = uint16_t(k);
  void* buffers[] = {in.data(), floats_out.data(), halves.data()};
  broach_call call{sizeof call, buffers, nullptr, nullptr, nullptr};
  ASSERT_EQ(library.kernel(0)(&call, 0, 1), 0);
  int wrong = 0;
  for (int k = 0; k < 65536; ++k) {
    double expected = load_as_double(DType::f16, in.data(), k), got = load_as_double(DType::f32, floats_out.data(), k);
    bool nan = expected != expected;
    wrong += nan ? got == got : got != expected;
    wrong += !nan && static_cast<uint16_t*>(halves.data())[k] != k;
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Reductions, FoldInTheStatedOrder) {
  for (Op op : {Op::reduce_add, Op::reduce_max, Op::reduce_min, Op::reduce_mul})
    for (DType dtype : {DType::f32, DType::f64, DType::i32, DType::f16})
      for (int lanes : {2, 3, 5, 7, 8, 12, 16}) {
        Var i = make_var("i");
        auto a = make_buffer("a", dtype, 8 * lanes), out = make_buffer("out", dtype, 8, Storage::param, true);
        PrimFunc f{"f", {a, out}, make_for(i, 0, 8, make_store(out, Expr(i), make_unary(op, at(a, i, lanes))))};
        SCOPED_TRACE(fmt::format("{} of {} {}", traits(op).name, lanes, info(dtype).name));
        expect_like_interpreter(f);
      }
}

}  // namespace
}  // namespace broach::test
