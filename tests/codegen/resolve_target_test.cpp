#include <gtest/gtest.h>

#include <algorithm>

#include "codegen/compiled_kernel.h"

namespace broach::test {
namespace {

constexpr uint64_t v3 = BROACH_X86_SSE42 | BROACH_X86_AVX | BROACH_X86_F16C | BROACH_X86_FMA | BROACH_X86_AVX2 | BROACH_X86_BMI2;
constexpr uint64_t v4 = v3 | BROACH_X86_AVX512F | BROACH_X86_AVX512BW | BROACH_X86_AVX512DQ | BROACH_X86_AVX512VL | BROACH_X86_AVX512CD;

Target x86(const std::string& options) { return target_of("llvm -mtriple=x86_64-linux-gnu " + options); }

std::string error_of(const std::string& text) {
  try {
    target_of(text);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ResolveTarget, FeaturesOfX86) {
  EXPECT_EQ(x86("-mcpu=x86-64").feature_bits, 0u);
  EXPECT_EQ(x86("-mcpu=x86-64-v2").feature_bits, uint64_t(BROACH_X86_SSE42));
  EXPECT_EQ(x86("-mcpu=haswell").feature_bits, v3);
  EXPECT_EQ(x86("-mcpu=x86-64-v3").feature_bits, v3);
  EXPECT_EQ(x86("-mcpu=znver3").feature_bits, v3);
  EXPECT_EQ(x86("-mcpu=skylake-avx512").feature_bits, v4);
  EXPECT_EQ(x86("-mcpu=znver4").feature_bits, v4 | BROACH_X86_AVX512VNNI);
  EXPECT_EQ(x86("-mcpu=sapphirerapids").feature_bits, v4 | BROACH_X86_AVX512VNNI | BROACH_X86_AVXVNNI);
  EXPECT_EQ(x86("-mcpu=alderlake").feature_bits, v3 | BROACH_X86_AVXVNNI);
}

TEST(ResolveTarget, WidthsOfX86) {
  Target avx512 = x86("-mcpu=skylake-avx512"), avx2 = x86("-mcpu=haswell"), sse = x86("-mcpu=x86-64-v2");
  EXPECT_EQ(avx512.vector_bits, 512);
  EXPECT_EQ(avx512.vector_registers, 32);
  EXPECT_EQ(avx512.lanes(32), 16);
  EXPECT_EQ(avx512.l2_bytes, 1 << 20);
  EXPECT_TRUE(avx512.fma);
  EXPECT_FALSE(avx512.vnni);
  EXPECT_EQ(avx2.vector_bits, 256);
  EXPECT_EQ(avx2.vector_registers, 16);
  EXPECT_EQ(sse.vector_bits, 128);
  EXPECT_FALSE(sse.fma);
  Target narrow = x86("-mcpu=skylake-avx512 -mattr=+prefer-256-bit");
  EXPECT_EQ(narrow.vector_bits, 256);
  EXPECT_EQ(narrow.vector_registers, 32);
}

TEST(ResolveTarget, FeaturesAreAddedAndTaken) {
  EXPECT_EQ(x86("-mcpu=skylake-avx512 -mattr=-avx512f").vector_bits, 256);
  EXPECT_EQ(x86("-mcpu=skylake-avx512 -mattr=-avx512f").feature_bits, v3);
  EXPECT_FALSE(x86("-mcpu=haswell -mattr=-fma").fma);
  EXPECT_EQ(x86("-mcpu=x86-64 -mattr=+avx2").vector_bits, 256);
}

TEST(ResolveTarget, Arm) {
  Target a72 = target_of("llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72"), n1 = target_of("llvm -mtriple=aarch64-linux-gnu -mcpu=neoverse-n1");
  EXPECT_EQ(a72.arch, Arch::aarch64);
  EXPECT_EQ(a72.vector_bits, 128);
  EXPECT_EQ(a72.vector_registers, 32);
  EXPECT_EQ(a72.feature_bits, 0u);
  EXPECT_EQ(a72.to_string(), "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72");
  EXPECT_TRUE(n1.vnni);
  EXPECT_EQ(n1.feature_bits, uint64_t(BROACH_ARM_DOTPROD | BROACH_ARM_FP16));
  EXPECT_EQ(target_of("llvm -mtriple=aarch64-linux-gnu").cpu, "generic");
  EXPECT_EQ(target_of("llvm -mtriple=riscv64-linux-gnu").arch, Arch::riscv64);
}

TEST(ResolveTarget, HostIsReproducible) {
  Target host = host_target();
  EXPECT_EQ(host.cpu, host_cpu_name());
  Target again = target_of(host.to_string());
  EXPECT_EQ(again.feature_bits, host.feature_bits);
  EXPECT_EQ(again.vector_bits, host.vector_bits);
  EXPECT_EQ(target_of("llvm -mcpu=native").to_string(), host.to_string());
}

TEST(ResolveTarget, ErrorsSayWhatIsKnown) {
  EXPECT_EQ(error_of("llvm -mtriple=x86_64-linux-gnu -mcpu=haswel"), "unknown CPU 'haswel' for x86_64-linux-gnu (did you mean 'haswell'?)");
  EXPECT_EQ(error_of("llvm -mtriple=x86_64-linux-gnu -mcpu=cortex-a72"),
            "the CPU 'cortex-a72' does not go with x86_64-linux-gnu: add -mtriple=aarch64-linux-gnu");
  EXPECT_NE(error_of("llvm -mtriple=x86_64-linux-gnu -mcpu=pentium4").find("unknown CPU"), std::string::npos);  // 32 bits
  EXPECT_EQ(error_of("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu -mattr=+avx3"),
            "unknown CPU feature 'avx3' for x86_64-linux-gnu (did you mean 'avx'?)");
  EXPECT_EQ(error_of("llvm -mcpu=haswell -mtriple=x86_64-linux-gnu -mattr=+amx-int8"),
            "the CPU feature 'amx-int8' would have no effect: generated code does not use it; leave it out of -mattr");
  EXPECT_EQ(error_of("llvm -mtriple=mips-linux-gnu"),
            "the triple 'mips-linux-gnu' is not supported; expected x86_64-linux-gnu, aarch64-linux-gnu or riscv64-linux-gnu");
  EXPECT_NE(error_of("llvm -mtriple=x86_64-windows-msvc").find("not supported"), std::string::npos);
}

TEST(KnownCpus, AreThoseOf64Bits) {
  std::vector<std::string> x86_names = known_cpus("x86_64-linux-gnu"), arm_names = known_cpus("aarch64-linux-gnu");
  EXPECT_EQ(std::ranges::count(x86_names, "znver5"), 1);
  EXPECT_EQ(std::ranges::count(x86_names, "i486"), 0);
  EXPECT_EQ(std::ranges::count(arm_names, "neoverse-v1"), 1);
  EXPECT_EQ(std::ranges::count(arm_names, "haswell"), 0);
}

}  // namespace
}  // namespace broach::test
