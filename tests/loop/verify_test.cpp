// What the verifier refuses, each with its message.
#include <gtest/gtest.h>

#include "loop/stmt.h"

namespace broach {
namespace {

const Buffer in = make_buffer("in", DType::f32, 16), out = make_buffer("out", DType::f32, 16, Storage::param, true);

std::string refusal(const Stmt& body) {
  try {
    verify({"f", {in, out}, body});
  } catch (const InternalError& e) {
    return e.what();
  }
  return "accepted";
}

std::string refusal_of_value(const Expr& value) { return refusal(make_store(out, 0, value)); }

Stmt good() { return make_store(out, 0, make_float(1)); }

TEST(Verify, AcceptsWhatIsLegal) {
  Var i = make_var("i");
  EXPECT_EQ(refusal(make_block({make_for(i, 0, 4, make_store(out, i, load(in, i))), make_for(i, 0, 4, good())})), "accepted");
}

TEST(Verify, Scopes) {
  Var i = make_var("i");
  Buffer t = make_buffer("t", DType::f32, 4, Storage::stack);
  EXPECT_EQ(refusal(make_store(out, i, make_float(1))), "loop IR of f: variable i is used outside its scope");
  EXPECT_EQ(refusal(make_block({make_for(i, 0, 4, good()), make_store(out, i, make_float(1))})),
            "loop IR of f: variable i is used outside its scope");
  EXPECT_EQ(refusal(make_for(i, 0, 4, make_for(i, 0, 4, good()))), "loop IR of f: variable i is bound inside its own scope");
  EXPECT_EQ(refusal(make_for(i, i, 4, good())), "loop IR of f: variable i is used outside its scope");
  EXPECT_EQ(refusal_of_value(load(t, 0)), "loop IR of f: buffer t is used outside its scope");
  EXPECT_EQ(refusal(make_store(t, 0, make_float(1))), "loop IR of f: buffer t is used outside its scope");
  EXPECT_EQ(refusal(make_prefetch(t, 0)), "loop IR of f: buffer t is used outside its scope");
  EXPECT_EQ(refusal(make_allocate(t, make_allocate(t, good()))), "loop IR of f: buffer t is declared inside its own scope");
}

TEST(Verify, Loops) {
  Var i = make_var("i"), j = make_var("j"), x = make_var("x", DType::i32);
  EXPECT_EQ(refusal(make_for(x, 0, 4, good())), "loop IR of f: the loop variable x is i32");
  EXPECT_EQ(refusal(make_for(i, 0, make_int(4, DType::i32), good())), "loop IR of f: the extent of the loop over i is i32, expected i64: 4i32");
  EXPECT_EQ(refusal(make_for(i, make_float(0), 4, good())), "loop IR of f: the begin of the loop over i is f32, expected i64: 0.0f");
  EXPECT_EQ(refusal(make_for(i, 0, 4, make_for(j, 0, i, good(), ForKind::vector))), "loop IR of f: the vector loop over j has no constant extent");
  EXPECT_EQ(refusal(make_for(i, 0, Expr(4) + 1, good(), ForKind::parallel)), "loop IR of f: the parallel loop over i has no constant extent");
  EXPECT_EQ(refusal(make_for(i, 0, 4, make_for(j, 0, 4, good(), ForKind::parallel))), "loop IR of f: the parallel loop over j is not outermost");
  EXPECT_EQ(refusal(make_block({good(), make_for(j, 0, 4, good(), ForKind::parallel)})), "loop IR of f: the parallel loop over j is not outermost");
}

TEST(Verify, Statements) {
  Var x = make_var("x", DType::f32);
  EXPECT_EQ(refusal(make_let(x, 1, good())), "loop IR of f: the value of x is i64, expected f32: 1");
  EXPECT_EQ(refusal(make_if(1, good())), "loop IR of f: the condition of an if is i64, expected bool: 1");
  EXPECT_EQ(refusal(make_store(in, 0, make_float(1))), "loop IR of f: a store to in, a parameter that is not marked written");
  EXPECT_EQ(refusal(make_store(out, 0, 1)), "loop IR of f: the value stored to out is i64, expected f32: 1");
  EXPECT_EQ(refusal(make_store(out, 0, broadcast(make_float(1), 4))),
            "loop IR of f: the value stored to out is f32x4, expected f32: broadcast(1.0f, 4)");
  EXPECT_EQ(refusal(make_store(out, make_float(0), make_float(1))), "loop IR of f: the index 0.0f of out is f32");
  EXPECT_EQ(refusal(make_prefetch(in, ramp(0, 1, 4))), "loop IR of f: the index of a prefetch of in is i64x4, expected i64: ramp(0, 1, 4)");
  EXPECT_EQ(refusal(make_allocate(make_buffer("t", DType::f32, 4), good())), "loop IR of f: t is allocated with storage param");
  EXPECT_EQ(refusal(make_allocate(make_buffer("t", DType::f32, -4, Storage::stack), good())), "loop IR of f: buffer t has -4 elements");
  EXPECT_EQ(refusal({}), "loop IR of f: there is no body");
}

TEST(Verify, ConstantIndices) {
  EXPECT_EQ(refusal_of_value(load(in, 16)), "loop IR of f: the index 16 is outside in, which has 16 elements");
  EXPECT_EQ(refusal_of_value(load(in, -1)), "loop IR of f: the index -1 is outside in, which has 16 elements");
  EXPECT_EQ(refusal(make_store(out, 16, make_float(1))), "loop IR of f: the index 16 is outside out, which has 16 elements");
  EXPECT_EQ(refusal(make_store(out, ramp(9, 1, 8), make_float(1))), "loop IR of f: the index ramp(9, 1, 8) is outside out, which has 16 elements");
  EXPECT_EQ(refusal(make_store(out, ramp(7, -1, 8), make_float(1))), "accepted");
  EXPECT_EQ(refusal(make_store(out, ramp(6, -1, 8), make_float(1))), "loop IR of f: the index ramp(6, -1, 8) is outside out, which has 16 elements");
}

Expr node(Op op, Type type, std::vector<Expr> args) { return Expr(ExprNode{op, type, std::move(args)}); }

TEST(Verify, Operators) {
  Type f32{DType::f32, 1};
  Expr x = make_float(1), n = make_int(1), b = make_bool(true);
  auto refused = [](const Expr& e, const std::string& text) {
    EXPECT_EQ(refusal_of_value(e), fmt::format("loop IR of f: {} gives f32, which its operands do not fit: {}", traits(e->op).name, text));
  };
  refused(node(Op::add, f32, {x, n}), "1.0f + 1");
  refused(node(Op::select, f32, {n, x, x}), "select(1, 1.0f, 1.0f)");
  refused(node(Op::select, f32, {b, x, n}), "select(true, 1.0f, 1)");
  refused(node(Op::bit_and, f32, {x, x}), "1.0f & 1.0f");
  refused(node(Op::lt, f32, {x, x}), "1.0f < 1.0f");
  refused(node(Op::exp, f32, {n}), "exp(1)");
  refused(node(Op::broadcast, f32, {n}), "broadcast(1, 1)");
  refused(node(Op::bitcast, f32, {n}), "bitcast(f32, 1)");
  refused(node(Op::reduce_add, f32, {broadcast(n, 4)}), "reduce_add(broadcast(1, 4))");
  EXPECT_EQ(refusal_of_value(node(Op::add, f32, {x})), "loop IR of f: add has 1 operands");
  EXPECT_EQ(refusal_of_value(node(Op::read, f32, {n})), "loop IR of f: a tensor is read");
}

}  // namespace
}  // namespace broach
