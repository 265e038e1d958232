// What the innermost loops consist of, without a clock.
#include <gtest/gtest.h>

#include <cmath>

#include "codegen/compiled_kernel.h"
#include "codegen/conv_tile.h"
#include "codegen/llvm/kernel_report.h"
#include "loop/passes/passes.h"

namespace broach::test {
namespace {

KernelReport compile_report(const PrimFunc& f, const std::string& target) {
  std::map<std::string, std::string> text;
  CodegenOptions options;
  options.asm_text = &text;
  compile_functions({f}, target_of(target), options);
  std::vector<KernelReport> reports = report_kernels(text.at(f.name));
  EXPECT_EQ(reports.size(), 1u);
  return reports.at(0);
}

struct Case {
  const char* target;
  int lanes, vectors, pixels;
};

class HotLoop : public testing::TestWithParam<Case> {};

// One load per vector of weights, one broadcast per pixel, one fused multiply-add per pair: nothing else but the loop's own count and
// addresses. In whichever order the tile is unrolled.
TEST_P(HotLoop, HoldsTheTileAndNothingElse) {
  const Case& c = GetParam();
  for (int taps : {1, 3})
    for (bool pixels_outer : {false, true}) {
      PrimFunc f = run_loop_pipeline(conv_tile({c.lanes, c.vectors, c.pixels, taps, 2, 2, pixels_outer}));
      KernelReport report = compile_report(f, c.target);
      const LoopReport* loop = report.hottest();
      ASSERT_NE(loop, nullptr);
      SCOPED_TRACE(to_string(*loop));
      EXPECT_EQ(loop->fma, c.vectors * c.pixels);
      EXPECT_EQ(loop->stack, 0);
      EXPECT_EQ(loop->stores, 0);
      EXPECT_EQ(loop->loads + loop->broadcasts + loop->folded_loads, c.vectors + c.pixels);
      EXPECT_LE(loop->instructions, c.vectors * c.pixels + c.vectors + c.pixels + 6);
    }
}

INSTANTIATE_TEST_SUITE_P(Tiles, HotLoop,
                         testing::Values(Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=skylake-avx512", 16, 2, 14},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=skylake-avx512", 16, 3, 9},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=skylake-avx512", 16, 4, 6},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=sapphirerapids", 16, 2, 14},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=znver4", 16, 2, 14},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=haswell", 8, 2, 6},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=znver3", 8, 2, 6},
                                         Case{"llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64-v3", 8, 4, 3},
                                         Case{"llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72", 4, 4, 6},
                                         Case{"llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a53", 4, 2, 8}),
                         [](const auto& info) {
                           std::string name = info.param.target;
                           name = name.substr(name.rfind('=') + 1) + fmt::format("_{}x{}", info.param.vectors, info.param.pixels);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ConvTile, ComputesWhatTheInterpreterDoes) {
  for (bool pixels_outer : {false, true}) {
    PrimFunc f = conv_tile({8, 2, 3, 3, 2, 2, pixels_outer});
    int seed = 0;
    // Small integers: every sum is exact, so contraction cannot be seen.
    expect_like_interpreter(run_loop_pipeline(f), [&](size_t, Memory& m) {
      for (int64_t i = 0; i < m.elements; ++i) store_double(m.dtype, m.data(), i, (seed = (seed * 37 + 11) % 101) % 7 - 3);
    });
  }
}

// max(x, 0) of a vector.
PrimFunc relu(int lanes) {
  auto a = make_buffer("a", DType::f32, 64), out = make_buffer("out", DType::f32, 64, Storage::param, true);
  Var i = make_var("i");
  Expr at = ramp(Expr(i) * Expr(lanes), Expr(1), lanes);
  return {"relu", {a, out}, make_for(i, 0, Expr(64 / lanes), make_store(out, at, max(load(a, at), broadcast(make_float(0), lanes))))};
}

TEST(Relu, IsOneInstruction) {
  std::map<std::string, std::string> text;
  CodegenOptions options;
  options.asm_text = &text;
  compile_functions({relu(16)}, target_of("llvm -mtriple=x86_64-linux-gnu -mcpu=skylake-avx512"), options);
  EXPECT_NE(text["relu"].find("vmaxps"), std::string::npos);
  EXPECT_EQ(text["relu"].find("vcmp"), std::string::npos) << text["relu"];
  EXPECT_EQ(text["relu"].find("blend"), std::string::npos) << text["relu"];
}

TEST(Relu, KeepsNaN) {
  Library library(build_library(program_of({relu(8)}), host_target()));
  std::vector<float> in(64, NAN), out(64, 0);
  in[1] = -3, in[2] = 5, in[3] = -INFINITY, in[4] = INFINITY;
  void* buffers[] = {in.data(), out.data()};
  broach_call call{sizeof call, buffers, nullptr, nullptr, nullptr};
  library.kernel(0)(&call, 0, 1);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], 0);
  EXPECT_EQ(out[2], 5);
  EXPECT_EQ(out[3], 0);
  EXPECT_EQ(out[4], INFINITY);
}

TEST(KernelReport, CountsX86) {
  std::vector<KernelReport> reports = report_kernels(R"(
	.globl	f
f:                                      # @f
	pushq	%rbx
	xorl	%eax, %eax
.LBB0_1:                                # =>This Loop Header
	movq	$0, 8(%rsp)
.LBB0_2:
	vmovups	(%rdi,%rax), %zmm0
	vbroadcastss	4(%rsi), %zmm1
	vfmadd231ps	(%rsi){1to16}, %zmm1, %zmm0
	vmovups	%zmm0, -64(%rsp)         # 64-byte Spill
	vaddps	64(%rdx), %zmm0, %zmm0
	vmovups	%zmm0, (%rdx)
	prefetcht1	(%rdx)
	incq	%rax
	jne	.LBB0_2
	jne	.LBB0_1
	retq
)");
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].function, "f");
  EXPECT_EQ(reports[0].stack, 2);
  ASSERT_EQ(reports[0].innermost.size(), 1u);
  EXPECT_EQ(to_string(reports[0].innermost[0]),
            ".LBB0_2: 9 instructions, 1 fma, 1 loads, 1 broadcasts, 2 folded loads, 2 stores, 1 prefetches, 1 on the stack");
}

TEST(KernelReport, CountsArm) {
  std::vector<KernelReport> reports = report_kernels(R"(
g:                                      // @g
.LBB0_1:
	ldp	q0, q1, [x1], #32
	ld1r	{ v2.4s }, [x0], #4
	fmla	v3.4s, v0.4s, v2.s[0]
	str	q3, [sp, #16]
	subs	x8, x8, #1
	b.ne	.LBB0_1
	ret
)");
  ASSERT_EQ(reports.size(), 1u);
  ASSERT_EQ(reports[0].innermost.size(), 1u);
  EXPECT_EQ(to_string(reports[0].innermost[0]),
            ".LBB0_1: 6 instructions, 1 fma, 2 loads, 1 broadcasts, 0 folded loads, 1 stores, 0 prefetches, 1 on the stack");
}

}  // namespace
}  // namespace broach::test
