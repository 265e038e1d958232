#include "expr/expr.h"

#include <gtest/gtest.h>

#include <limits>

namespace broach {
namespace {

Expr f32_var(const char* name) { return make_var(name, DType::f32); }

TEST(Builders, GiveTypes) {
  Var i = make_var("i");
  Expr x = f32_var("x");
  EXPECT_EQ((Expr(i) < 3).type(), (Type{DType::boolean, 1}));
  EXPECT_EQ(make_unary(Op::is_nan, x).type(), (Type{DType::boolean, 1}));
  EXPECT_EQ(broadcast(x, 8).type(), (Type{DType::f32, 8}));
  EXPECT_EQ(ramp(i, 1, 4).type(), (Type{DType::i64, 4}));
  EXPECT_EQ(make_unary(Op::reduce_add, broadcast(x, 8)).type(), (Type{DType::f32, 1}));
  EXPECT_EQ(cast(DType::u8, broadcast(x, 8)).type(), (Type{DType::u8, 8}));
  EXPECT_EQ(bitcast(DType::i32, broadcast(x, 8)).type(), (Type{DType::i32, 8}));
}

TEST(Builders, FitLiteralsAndScalarsToTheOtherOperand) {
  Expr x = f32_var("x"), v = broadcast(x, 4);
  EXPECT_EQ((x * 2).type(), (Type{DType::f32, 1}));
  EXPECT_EQ((2 * v).type(), (Type{DType::f32, 4}));
  EXPECT_EQ((v + x).type(), (Type{DType::f32, 4}));
  EXPECT_EQ(select(make_bool(true), v, x).type(), (Type{DType::f32, 4}));
  EXPECT_EQ(select(broadcast(make_bool(true), 4), x, x).type(), (Type{DType::f32, 4}));
  EXPECT_EQ(fma(x, v, x).type(), (Type{DType::f32, 4}));
}

TEST(Builders, LeaveOutWhatDoesNothing) {
  Expr x = f32_var("x");
  EXPECT_TRUE(cast(DType::f32, x).same_as(x));
  EXPECT_TRUE(bitcast(DType::f32, x).same_as(x));
  EXPECT_TRUE(broadcast(x, 1).same_as(x));
}

TEST(Builders, RefuseTypesThatDisagree) {
  Expr x = f32_var("x"), n = Expr(make_var("n"));
  EXPECT_THROW(x + n, InternalError);
  EXPECT_THROW(select(make_bool(true), x, n), InternalError);
  EXPECT_THROW(fma(x, x, n), InternalError);
  EXPECT_THROW(broadcast(broadcast(x, 2), 2), InternalError);
  EXPECT_THROW(bitcast(DType::i8, x), InternalError);
  EXPECT_THROW(broadcast(x, 2) + broadcast(x, 4), InternalError);
}

TEST(Literals, AreSeenThroughBroadcast) {
  int64_t value = 0;
  EXPECT_TRUE(as_int(broadcast(make_int(7), 4), &value));
  EXPECT_EQ(value, 7);
  EXPECT_FALSE(as_int(make_float(7), &value));
  EXPECT_TRUE(is_const(broadcast(make_float(0.5), 4), 0.5));
  EXPECT_FALSE(is_const(f32_var("x"), 0));
}

TEST(Substitute, ReplacesByIdentity) {
  Var i = make_var("i"), other = make_var("i");
  Expr e = Expr(i) * 2 + Expr(other);
  Expr replaced = substitute(e, {{i, make_int(5)}});
  EXPECT_EQ(to_string(replaced), "5 * 2 + i");
  EXPECT_FALSE(uses_var(replaced, i));
  EXPECT_TRUE(uses_var(replaced, other));
  EXPECT_TRUE(substitute(e, {{make_var("i"), make_int(5)}}).same_as(e)) << "nothing to replace: the same node";
}

TEST(Rewrite, SeesChildrenFirstAndFollowsLanes) {
  Var x = make_var("x", DType::f32);
  Expr e = make_unary(Op::exp, Expr(x) + 1);
  Expr wide = rewrite(e, [&](const Expr& node) { return node.is(Op::var) ? broadcast(node, 8) : node; });
  EXPECT_EQ(wide.type(), (Type{DType::f32, 8}));
  std::string order;
  visit(e, [&](const Expr& node) { order += std::string(traits(node->op).name) + ' '; });
  EXPECT_EQ(order, "var float_imm add exp ");
}

TEST(Equal, ComparesStructureAndVariablesByIdentity) {
  Var i = make_var("i"), j = make_var("i");
  EXPECT_TRUE(equal(Expr(i) + 1, Expr(i) + 1));
  EXPECT_EQ(hash(Expr(i) + 1), hash(Expr(i) + 1));
  EXPECT_FALSE(equal(Expr(i), Expr(j)));
  EXPECT_FALSE(equal(Expr(i) + 1, Expr(i) - 1));
  EXPECT_FALSE(equal(make_int(1), make_int(1, DType::i32)));
}

TEST(Equal, KeepsNanAndZerosApart) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(equal(make_float(nan), make_float(nan)));
  EXPECT_EQ(hash(make_float(nan)), hash(make_float(-nan)));
  EXPECT_FALSE(equal(make_float(0.0), make_float(-0.0)));
}

// A vector of one lane is a scalar, so what makes and folds vectors is the identity on it.
TEST(Builders, OneLaneIsAScalar) {
  Expr x = make_var("x");
  EXPECT_TRUE(ramp(x, 3, 1).same_as(x));
  EXPECT_TRUE(broadcast(x, 1).same_as(x));
  for (Op op : {Op::reduce_add, Op::reduce_max, Op::reduce_min, Op::reduce_mul}) EXPECT_TRUE(make_unary(op, x).same_as(x));
}

}  // namespace
}  // namespace broach
