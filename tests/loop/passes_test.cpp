// Each pass by a few lines of IR: what goes in, what comes out.
#include "loop/passes/passes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace broach {
namespace {

// The body of the result over these parameters.
std::string after(Stmt (*pass)(const Stmt&), const std::string& body) {
  PrimFunc f = parse_prim_func("func f(in: f32[4096] param, w: f32[4096] param, idx: i64[64] param, out: f32[4096] param written) {" + body + "}");
  verify(f);
  f.body = pass(f.body);
  verify(f);
  return "\n" + to_string(f.body);
}

TEST(SimplifyLoops, LoopsThatRunOnceOrNeverGo) {
  EXPECT_EQ(after(simplify_loops, R"(
    for i in 3..4 {
      for j in 0..0 { out[j] = 1.0f }
      vector k in i*2 ..+ 1 { out[i*8 + k] = in[i] }
      for m in 0..idx[0] { }
    })"),
            R"(
out[30] = in[3]
)");
}

TEST(SimplifyLoops, BeginWithALoadIsNotRepeated) {
  EXPECT_EQ(after(simplify_loops, "for i in idx[3] ..+ 1 { out[0] = in[i] out[1] = in[i] }"), R"(
let i = idx[3]
out[0] = in[i]
out[1] = in[i]
)");
}

TEST(SimplifyLoops, LetsOfConstantsAndVariablesGo) {
  EXPECT_EQ(after(simplify_loops, R"(
    for i in 0..4 {
      let a = 5
      let b = i
      let c = i*a + b
      out[c - b*6] = cast(f32, a)
      out[c] = 1.0f
    })"),
            R"(
for i in 0..4 {
  let c = i * 6
  out[c - i * 6] = 5.0f
  out[c] = 1.0f
}
)");
}

TEST(SimplifyLoops, BoundsOfLoopsDecide) {
  EXPECT_EQ(after(simplify_loops, R"(
    for i in 0..4 {
      for j in 0..16 {
        if i*16 + j < 64 { out[(i*16 + j)/16*100 + (i*16 + j)%16] = 1.0f }
        if i*16 + j >= 64 { out[0] = 0.0f } else { out[1] = 2.0f }
        if j > 16 { out[0] = 0.0f }
      }
    })"),
            R"(
for i in 0..4 {
  for j in 0..16 {
    out[i * 100 + j] = 1.0f
    out[1] = 2.0f
  }
}
)");
}

TEST(SimplifyLoops, ConditionsBoundVariablesInside) {
  EXPECT_EQ(after(simplify_loops, R"(
    for i in 0..100 {
      if i < 10 && 2 <= i {
        if i*2 < 19 { out[i] = 1.0f }
        if i == 1 { out[i] = 2.0f }
        for j in 0..min(i, 50) { out[j] = 3.0f }
      } else {
        out[min(i, 200)] = 4.0f
      }
      if i >= 10 { out[max(i, 10)] = 5.0f } else { out[max(i, 10)] = 6.0f }
    })"),
            R"(
for i in 0..100 {
  if i < 10 && 2 <= i {
    out[i] = 1.0f
    for j in 0..i {
      out[j] = 3.0f
    }
  } else {
    out[i] = 4.0f
  }
  if 10 <= i {
    out[i] = 5.0f
  } else {
    out[10] = 6.0f
  }
}
)");
}

TEST(VectorizeLoops, IndicesBecomeRampsAndInvariantLoadsStayScalar) {
  EXPECT_EQ(after(vectorize_loops, R"(
    for j in 0..6 {
      vector v in 0..16 {
        out[j*16 + v] = fma(in[j*3 + 7], w[v*2 + j], out[j*16 + v])
      }
    })"),
            R"(
for j in 0..6 {
  out[ramp(j * 16, 1, 16)] = fma(broadcast(in[j * 3 + 7], 16), w[ramp(j, 2, 16)], out[ramp(j * 16, 1, 16)])
}
)");
}

TEST(VectorizeLoops, BeginAndVariableStridesCount) {
  EXPECT_EQ(after(vectorize_loops, "for s in 1..3 { vector v in 4..8 { out[v] = in[v*s + 1] } }"), R"(
for s in 1..3 {
  out[ramp(4, 1, 4)] = in[ramp(s * 4 + 1, s, 4)]
}
)");
}

TEST(VectorizeLoops, OtherIndicesGather) {
  EXPECT_EQ(after(vectorize_loops, "vector v in 0..4 { out[v] = in[idx[v] * 4 + v / 2] }"), R"(
out[ramp(0, 1, 4)] = in[idx[ramp(0, 1, 4)] * broadcast(4, 4) + ramp(0, 1, 4) / broadcast(2, 4)]
)");
}

TEST(VectorizeLoops, SelectsWiden) {
  EXPECT_EQ(after(vectorize_loops, "for i in 0..9 { vector v in 0..4 { out[v] = select(v + i < 7, in[v], 0.0f) } }"),
            R"(
for i in 0..9 {
  out[ramp(0, 1, 4)] = select(ramp(i, 1, 4) < broadcast(7, 4), in[ramp(0, 1, 4)], broadcast(0.0f, 4))
}
)");
}

TEST(VectorizeLoops, LoopsInsideStayAround) {
  EXPECT_EQ(after(vectorize_loops, "vector v in 0..4 { for k in 0..3 { if k < 2 { out[k*4 + v] = in[k] } } }"), R"(
for k in 0..3 {
  if k < 2 {
    out[ramp(k * 4, 1, 4)] = broadcast(in[k], 4)
  }
}
)");
}

TEST(VectorizeLoops, WhatDependsOnTheLaneIsScalarisedAlone) {
  EXPECT_EQ(after(vectorize_loops, R"(
    vector v in 0..4 {
      out[v] = in[v]
      if v < 3 { out[v + 8] = 1.0f }
      for k in 0..v { out[v*16 + k] = 2.0f }
      out[v*2 + 100] = 3.0f
    })"),
            R"(
out[ramp(0, 1, 4)] = in[ramp(0, 1, 4)]
for v in 0..4 {
  if v < 3 {
    out[v + 8] = 1.0f
  }
}
for v in 0..4 {
  for k in 0..v {
    out[v * 16 + k] = 2.0f
  }
}
out[ramp(100, 2, 4)] = broadcast(3.0f, 4)
)");
}

TEST(VectorizeLoops, PrivateMemoryAndLetsGetLanes) {
  EXPECT_EQ(after(vectorize_loops, R"(
    vector v in 0..4 {
      let x = in[v] * 2.0f
      let k = v * 3
      alloc t: f32[2] registers {
        t[0] = x
        t[1] = in[k]
        out[v] = t[0] + t[1]
      }
    })"),
            R"(
alloc x: f32[4] registers {
  x[ramp(0, 1, 4)] = in[ramp(0, 1, 4)] * broadcast(2.0f, 4)
  alloc t: f32[8] registers {
    t[ramp(0, 1, 4)] = x[ramp(0, 1, 4)]
    t[ramp(4, 1, 4)] = in[ramp(0, 3, 4)]
    out[ramp(0, 1, 4)] = t[ramp(0, 1, 4)] + t[ramp(4, 1, 4)]
  }
}
)");
}

TEST(UnrollLoops, CopiesAddConstantsToTheSharedBase) {
  EXPECT_EQ(after(unroll_loops, R"(
    for i in 0..4 {
      unrolled j in 0..2 { unrolled k in 1..3 { out[(j*2 + k)*16 + i] = in[i*8 + j*100 - k] } }
    })"),
            R"(
for i in 0..4 {
  out[i + 16] = in[i * 8 - 1]
  out[i + 32] = in[i * 8 - 2]
  out[i + 48] = in[i * 8 + 99]
  out[i + 64] = in[i * 8 + 98]
}
)");
}

TEST(UnrollLoops, ConditionsAndExtentsFold) {
  EXPECT_EQ(after(unroll_loops, R"(
    unrolled j in 0..3 {
      if j == 1 { out[j] = 1.0f } else { unrolled k in 0..j { out[(j*5 + k)/3] = select(j > 1, 2.0f, in[j]) } }
    })"),
            R"(
out[1] = 1.0f
out[3] = 2.0f
out[3] = 2.0f
)");
}

TEST(UnrollLoops, UnknownExtentsStayLoops) {
  EXPECT_EQ(after(unroll_loops, "for i in 0..4 { unrolled j in 0..i { out[j] = in[j + i] } }"), R"(
for i in 0..4 {
  for j in 0..i {
    out[j] = in[i + j]
  }
}
)");
}

TEST(HoistInvariants, EachLoopAddsItsPart) {
  EXPECT_EQ(after(hoist_invariants, R"(
    parallel g in 0..4 {
      for h in 0..4 {
        for k in 0..16 {
          out[g*512 + h*64 + k*4] = in[g*512 + h*64 + k*4] + in[g*512 + h*64 + k*4 + 1] + w[k + 3] + w[h]
        }
      }
    })"),
            R"(
parallel g in 0..4 {
  let base = g * 512
  for h in 0..4 {
    let base_1 = h * 64 + base
    for k in 0..16 {
      let base_2 = k * 4 + base_1
      out[base_2] = in[base_2] + in[base_2 + 1] + w[k + 3] + w[h]
    }
  }
}
)");
}

TEST(HoistInvariants, LoadedIndicesStayWhereTheyAreLoaded) {
  EXPECT_EQ(after(hoist_invariants, "for i in 0..4 { for j in 0..4 { out[j] = in[idx[i*2] + i*4 + j] } }"), R"(
for i in 0..4 {
  let base = i * 2
  let base_1 = i * 4
  for j in 0..4 {
    out[j] = in[base_1 + j + idx[base]]
  }
}
)");
}

TEST(HoistInvariants, ExpressionsUsedOnceWhereTheyStandStay) {
  constexpr const char* text = R"(
for i in 0..4 {
  out[i * 5] = in[i * 7 + 1]
}
)";
  EXPECT_EQ(after(hoist_invariants, text), text);
}

TEST(ShareValues, ValuesUsedTwiceGetNames) {
  EXPECT_EQ(after(share_values, "for i in 0..4 { out[i] = (in[i] + 1.0f) * (in[i] + 1.0f) - max(in[i] + 1.0f, in[i]) }"), R"(
for i in 0..4 {
  let t = in[i] + 1.0f
  out[i] = t * t - max(t, in[i])
}
)");
}

TEST(ShareValues, LoadsOfArmsNotTakenStayThere) {
  constexpr const char* text = R"(
for i in 0..4 {
  out[i] = select(i < 2, (in[i] + 1.0f) * (in[i] + 1.0f), 0.0f)
}
)";
  EXPECT_EQ(after(share_values, text), text);
}

TEST(ShareValues, SizeStaysLinearInTheLengthOfAChain) {
  Buffer out = make_buffer("out", DType::f32, 1, Storage::param, true);
  Expr x = load(out, 0);
  for (int i = 0; i < 200; ++i) x = x * x + x;
  PrimFunc f{"f", {out}, share_values(make_store(out, 0, x))};
  EXPECT_LT(to_string(run_loop_pipeline(f)).size(), 20000u);
}

TEST(ExpandFunctions, OnlyBasicOperationsAreLeft) {
  std::string text = after(expand_functions, "for i in 0..4 { out[i] = exp(in[i]) * tanh(in[i]) out[ramp(0, 1, 8)] = exp(in[ramp(0, 1, 8)]) }");
  EXPECT_EQ(text.find("exp("), std::string::npos);
  EXPECT_EQ(text.find("tanh("), std::string::npos);
  EXPECT_NE(text.find("fma("), std::string::npos);
}

TEST(ExpandFunctions, ValuesStayWithinTheirErrors) {
  for (const char* type : {"f32", "f16"}) {
    for (const char* function : {"exp", "log", "tanh", "erf", "sigmoid", "sin", "sqrt"}) {
      PrimFunc f = parse_prim_func(fmt::format(R"(func f(in: f32[64] param, out: f32[64] param written) {{
        for i in 0..64 {{ out[i] = cast(f32, {0}(cast({1}, in[i]) + cast({1}, in[i]) * cast({1}, in[i]))) }}
      }})",
                                               function, type));
      std::vector<float> in(64), expected(64), got(64);
      for (int i = 0; i < 64; ++i) in[size_t(i)] = float(i) / 16 - 1;
      interpret(f, {in.data(), expected.data()});
      f.body = expand_functions(f.body);
      verify(f);
      interpret(f, {in.data(), got.data()});
      float tolerance = std::string(type) == "f32" ? 1e-6f : 1e-3f;
      for (size_t i = 0; i < 64; ++i) {
        if (std::isfinite(expected[i]))
          EXPECT_NEAR(got[i], expected[i], tolerance * std::max(1e-4f, std::fabs(expected[i]))) << function << " " << type << " of " << in[i];
        else
          EXPECT_EQ(std::isnan(got[i]), std::isnan(expected[i])) << function << " " << type << " of " << in[i];
      }
    }
  }
}

// The inner loop of a convolution, as the schedules make it.
constexpr const char* conv = R"(
func conv(in: f32[65536] param, w: f32[36864] param, bias: f32[64] param, out: f32[65536] param written) {
  parallel og in 0..2 {
    for t in 0..14 {
      alloc acc: f32[192] registers {
        unrolled j in 0..6 { unrolled o in 0..2 { vector v in 0..16 { acc[(j*2 + o)*16 + v] = 0.0f } } }
        for ib in 0..4 {
          for kh in 0..3 {
            for kw in 0..3 {
              for ii in 0..16 {
                unrolled j in 0..6 { unrolled o in 0..2 { vector v in 0..16 {
                  acc[(j*2 + o)*16 + v] = fma(in[((ib*30 + t + kh)*30 + j + kw)*16 + ii],
                    w[((((og*4 + ib)*3 + kh)*3 + kw)*16 + ii)*32 + o*16 + v], acc[(j*2 + o)*16 + v])
                } } }
              }
            }
          }
        }
        unrolled j in 0..6 { unrolled o in 0..2 { vector v in 0..16 {
          out[(((og*2 + o)*14 + t)*6 + j)*16 + v] = max(acc[(j*2 + o)*16 + v] + bias[(og*2 + o)*16 + v], 0.0f)
        } } }
      }
    }
  }
}
)";

TEST(Pipeline, ConvolutionKernelTakesItsForm) {
  std::string text = to_string(run_loop_pipeline(parse_prim_func(conv)));
  for (const char* line : {"acc[ramp(16, 1, 16)] = fma(broadcast(in[base_11], 16), w[ramp(base_12 + 16, 1, 16)], acc[ramp(16, 1, 16)])",
                           "acc[ramp(176, 1, 16)] = fma(broadcast(in[base_11 + 80], 16), w[ramp(base_12 + 16, 1, 16)], acc[ramp(176, 1, "
                           "16)])"})
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in\n" << text;
}

TEST(Pipeline, RegistersAreIndexedByConstants) {
  PrimFunc f = run_loop_pipeline(parse_prim_func(conv));
  auto constant = [](const Expr& index) {
    int64_t value;
    return as_int(index, &value) || (index.is(Op::ramp) && index.arg(0).is(Op::int_imm) && is_const(index.arg(1), 1));
  };
  int accesses = 0;
  auto check = [&](const Buffer& b, const Expr& index) {
    if (b->storage != Storage::registers) return;
    ++accesses;
    EXPECT_TRUE(constant(index)) << to_string(index);
  };
  visit(f.body, [&](const Stmt& s) {
    if (s.is(StmtOp::store)) check(s->buffer, s->exprs[0]);
  });
  visit_exprs(f.body, [&](const Expr& e) {
    if (e.is(Op::load)) check(e->buffer, e.arg(0));
  });
  EXPECT_EQ(accesses, 12 * 4);
}

TEST(Pipeline, SkipsByNameAndShowsEachResult) {
  std::vector<std::string> seen;
  PrimFunc f =
      run_loop_pipeline(parse_prim_func(conv), {"vectorize_loops", "unroll_loops"}, [&](const char* pass, const PrimFunc&) { seen.push_back(pass); });
  EXPECT_EQ(seen, (std::vector<std::string>{"lowered", "share_values", "simplify_loops", "simplify_loops", "expand_functions", "hoist_invariants"}));
  EXPECT_NE(to_string(f).find("unrolled j in 0..6"), std::string::npos);
}

}  // namespace
}  // namespace broach
