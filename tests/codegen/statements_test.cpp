// Loads, stores, control flow and tasks, against the interpreter.
#include <gtest/gtest.h>

#include <cmath>

#include "codegen/compiled_kernel.h"

namespace broach::test {
namespace {

void check(const std::string& text) {
  PrimFunc f = parse_prim_func(text);
  verify(f);
  for (int level : {0, 3}) expect_like_interpreter(f, 0, level);
}

Buffer in_f32(int64_t n) { return make_buffer("a", DType::f32, n); }
Buffer out_of(DType dtype, int64_t n) { return make_buffer("out", dtype, n, Storage::param, true); }

void check(Buffer a, Buffer out, Stmt body) {
  PrimFunc f{"f", {std::move(a), std::move(out)}, std::move(body)};
  for (int level : {0, 3}) expect_like_interpreter(f, 0, level);
}

TEST(Loads, OfEveryShape) {
  Var i = make_var("i");
  Expr x = Expr(i);
  const std::vector<Expr> indices = {ramp(x, Expr(1), 8),
                                     ramp(x * Expr(3), Expr(3), 8),
                                     ramp(x + Expr(20), Expr(-1), 8),
                                     ramp(x, Expr(0), 8),
                                     broadcast(x + Expr(2), 8),
                                     ramp(x, Expr(1), 8) / broadcast(Expr(2), 8),
                                     make_binary(Op::min, ramp(x, Expr(1), 8), broadcast(Expr(5), 8))};
  for (const Expr& index : indices) {
    auto a = in_f32(128), out = out_of(DType::f32, 80);
    check(a, out, make_for(i, 0, 10, make_store(out, ramp(x * Expr(8), Expr(1), 8), load(a, index))));
  }
}

TEST(Stores, OfEveryShape) {
  Var i = make_var("i");
  for (int stride : {2, -1, 3}) {
    auto a = in_f32(80), out = make_buffer("out", DType::f32, 300, Storage::param, true);
    Expr index = ramp(Expr(i) * Expr(30) + Expr(25), Expr(stride == 3 ? -3 : stride), 8);
    Stmt zero = make_for(make_var("k"), 0, 1, make_store(out, Expr(0), make_float(0)));
    check(a, out, make_block({zero, make_for(i, 0, 5, make_store(out, index, load(a, ramp(Expr(i) * Expr(8), Expr(1), 8))))}));
  }
}

TEST(Booleans, AreOneByteInMemory) {
  Var i = make_var("i");
  auto a = in_f32(64), out = out_of(DType::boolean, 64);
  Expr index = ramp(Expr(i) * Expr(16), Expr(1), 16);
  check(a, out, make_for(i, 0, 4, make_store(out, index, load(a, index) > broadcast(make_float(0), 16))));
  auto flags = make_buffer("a", DType::boolean, 64), inverse = out_of(DType::boolean, 64);
  check(flags, inverse, make_for(i, 0, 4, make_store(inverse, index, logical_not(load(flags, index)))));
}

// Padding: what lies outside is replaced, and must not be read. The interpreter refuses to read outside, the guard pages of the
// system test would see the compiled kernel do it; here the values tell.
TEST(Select, DoesNotLoadWhatIsNotTaken) {
  for (int lanes : {1, 8}) {
    Var i = make_var("i");
    auto a = in_f32(40), out = out_of(DType::f32, 64);
    Expr place = lanes == 1 ? Expr(i) : ramp(Expr(i) * Expr(lanes), Expr(1), lanes);
    Expr index = place - (lanes == 1 ? Expr(12) : broadcast(Expr(12), lanes));
    Expr shifted = lanes == 1 ? index : ramp(Expr(i) * Expr(lanes) - Expr(12), Expr(1), lanes);
    Expr low = lanes == 1 ? Expr(0) : broadcast(Expr(0), lanes), high = lanes == 1 ? Expr(40) : broadcast(Expr(40), lanes);
    Expr zero = lanes == 1 ? make_float(7) : broadcast(make_float(7), lanes);
    Expr inside = index >= low && index < high;
    check(a, out, make_for(i, 0, Expr(64 / lanes), make_store(out, place, select(inside, load(a, shifted), zero))));
    check(a, out, make_for(i, 0, Expr(64 / lanes), make_store(out, place, select(inside, load(a, index), zero))));  // a gather
    Expr twice = select(index >= low, select(index < high, load(a, shifted) + zero, -zero), zero);
    check(a, out, make_for(i, 0, Expr(64 / lanes), make_store(out, place, twice)));
  }
}

TEST(Select, GuardsScalarLoadsBelowVectors) {
  Var i = make_var("i");
  auto a = in_f32(4), out = out_of(DType::f32, 64);
  Expr place = ramp(Expr(i) * Expr(8), Expr(1), 8);
  Expr lanes_taken = place < broadcast(Expr(30), 8);
  Expr value = broadcast(load(a, Expr(i)), 8);  // outside from i = 4 on, where no lane is taken
  check(a, out, make_for(i, 0, 8, make_store(out, place, select(lanes_taken, value, broadcast(make_float(1), 8)))));
  Expr uniform = select(broadcast(Expr(i) < Expr(4), 8), value, broadcast(make_float(2), 8));
  check(a, out, make_for(i, 0, 8, make_store(out, place, uniform)));
}

TEST(Loops, WithVariableBoundsAndBranches) {
  Var i = make_var("i"), j = make_var("j"), sum = make_var("twice");
  auto a = in_f32(64), out = out_of(DType::f32, 10);
  auto acc = make_buffer("acc", DType::f32, 1, Storage::registers);
  Stmt add = make_store(acc, Expr(0), load(acc, Expr(0)) * make_float(0.5) + load(a, Expr(j)));
  Stmt guarded = make_if(Expr(j) % Expr(3) == Expr(1), add, make_store(acc, Expr(0), load(acc, Expr(0)) - make_float(1)));
  Stmt inner = make_for(j, Expr(i), Expr(i) * Expr(2), guarded);  // empty for i = 0
  Stmt finish = make_let(sum, Expr(i) * Expr(2), make_store(out, Expr(i), load(acc, Expr(0)) + cast(DType::f32, Expr(sum))));
  Stmt body = make_allocate(acc, make_block({make_store(acc, Expr(0), make_float(1)), inner, finish}));
  // Contracted or not, products with 0.5 are exact, so the results agree exactly.
  check(a, out, make_for(i, 0, 10, body));
}

TEST(Loops, ScalarOnesMayBeVectorised) {
  Var i = make_var("i");
  auto a = in_f32(1000), out = out_of(DType::f32, 1000);
  check(a, out, make_for(i, 0, 1000, make_store(out, Expr(i), max(load(a, Expr(i)), make_float(0)) - make_float(1))));
}

TEST(Allocations, StackAndScratchAreSeparate) {
  Var t = make_var("t"), i = make_var("i"), j = make_var("j");
  auto a = in_f32(64), out = out_of(DType::f32, 64);
  auto stack = make_buffer("s", DType::f32, 16, Storage::stack), strip = make_buffer("w", DType::i32, 5, Storage::worker_scratch),
       second = make_buffer("w2", DType::f32, 16, Storage::worker_scratch);
  Expr at = Expr(t) * Expr(16) + Expr(i);
  Stmt first = make_for(i, 0, 16,
                        make_block({make_store(stack, Expr(i), load(a, at)), make_store(second, Expr(15) - Expr(i), load(a, at)),
                                    make_store(strip, Expr(i) % Expr(5), make_int(3, DType::i32))}));
  Expr read = load(stack, Expr(15) - Expr(j)) + load(second, Expr(j)) + cast(DType::f32, load(strip, Expr(j) % Expr(5)));
  Stmt last = make_for(j, 0, 16, make_store(out, Expr(t) * Expr(16) + Expr(j), read));
  check(a, out, make_for(t, 0, 4, make_allocate(stack, make_allocate(strip, make_allocate(second, make_block({first, last})))), ForKind::parallel));
}

TEST(Tasks, AreRowMajorOverNestedParallelLoops) {
  Var n = make_var("n"), c = make_var("c"), offset = make_var("offset");
  auto out = out_of(DType::i64, 15);
  Stmt store = make_store(out, Expr(offset) + Expr(c) - Expr(4), Expr(n) * Expr(100) + Expr(c));
  Stmt inner = make_for(c, 4, 5, store, ForKind::parallel);
  Stmt body = make_for(n, 0, 3, make_let(offset, Expr(n) * Expr(5), inner), ForKind::parallel);
  PrimFunc f{"f", {out}, body};
  Library library(build_library(program_of({f}), host_target()));
  ASSERT_EQ(library.tasks(0), 15);
  std::vector<int64_t> values(15, -1);
  void* buffers[] = {values.data()};
  broach_call call{sizeof call, buffers, nullptr, nullptr, nullptr};
  ASSERT_EQ(library.kernel(0)(&call, 3, 8), 0);  // a range runs its tasks and no others
  for (int64_t i = 0; i < 15; ++i) EXPECT_EQ(values[size_t(i)], i >= 3 && i < 8 ? i / 5 * 100 + i % 5 + 4 : -1) << i;
  ASSERT_EQ(library.kernel(0)(&call, 8, 8), 0);
  EXPECT_EQ(values[8], -1);
}

TEST(Tasks, AFunctionWithoutParallelLoopIsOne) {
  auto out = out_of(DType::i64, 1);
  PrimFunc f{"f", {out}, make_store(out, Expr(0), Expr(7))};
  Library library(build_library(program_of({f}), host_target()));
  EXPECT_EQ(library.tasks(0), 1);
  int64_t value = 0;
  void* buffers[] = {&value};
  broach_call call{sizeof call, buffers, nullptr, nullptr, nullptr};
  library.kernel(0)(&call, 0, 0);
  EXPECT_EQ(value, 0);
  library.kernel(0)(&call, 0, 1);
  EXPECT_EQ(value, 7);
}

TEST(Prefetch, MayPointAnywhere) {
  Var i = make_var("i");
  auto a = in_f32(64), out = out_of(DType::f32, 64);
  check(a, out, make_for(i, 0, 64, make_block({make_prefetch(a, Expr(i)), make_store(out, Expr(i), load(a, Expr(i)))})));
}

TEST(Text, OfAKernelRuns) {
  check(R"(func scale(a: f32[64] param, out: f32[64] param written) {
  parallel i in 0..8 {
    out[ramp(i * 8, 1, 8)] = a[ramp(i * 8, 1, 8)] * broadcast(2.0f, 8)
  }
})");
}

}  // namespace
}  // namespace broach::test
