// Random functions of all kinds of loops, types and accesses, compiled for several instruction sets: equal to the interpreter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "codegen/compiled_kernel.h"
#include "loop/passes/passes.h"
#include "loop/random_loops.h"

namespace broach::test {
namespace {

uint32_t functions() {  // BROACH_TEST_ROUNDS: more for a longer search
  const char* text = std::getenv("BROACH_TEST_ROUNDS");
  return text ? uint32_t(std::atoi(text)) : 100;
}

// Small numbers: where they are floats, few bits.
void small_numbers(Memory& memory, std::mt19937& random) {
  for (int64_t i = 0; i < memory.elements; ++i) {
    double value = memory.dtype == DType::boolean ? double(random() % 2) : double(int(random() % 41) - 20);
    store_double(memory.dtype, memory.data(), i, is_float(memory.dtype) ? value / 8 : value);
  }
}

class RandomLoops : public testing::TestWithParam<const char*> {};

bool runs_here(const Target& target) {
  Target host = host_target();
  return host.vector_bits >= target.vector_bits && (host.fma || !target.fma);
}

TEST_P(RandomLoops, EqualTheInterpreter) {
  Target target = target_of(GetParam());
  if (!runs_here(target)) GTEST_SKIP() << "this machine does not run code for " << GetParam();
  std::vector<PrimFunc> compiled;
  for (uint32_t seed = 0; seed < functions(); ++seed) {
    compiled.push_back(run_loop_pipeline(random_loops(seed, Products::exact)));
    compiled.back().name = fmt::format("random_{}", seed);
  }
  Library library(build_library(program_of(compiled), target, 2));
  for (uint32_t seed = 0; seed < functions() && !HasFailure(); ++seed) {
    SCOPED_TRACE(to_string(compiled[seed]));
    std::mt19937 random(seed);
    expect_like_interpreter(library, seed, compiled[seed], [&](size_t, Memory& memory) { small_numbers(memory, random); });
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RandomLoops, testing::Values("llvm -mcpu=x86-64-v2", "llvm -mcpu=haswell", "llvm"), [](const auto& info) {
  std::string name = info.index == 2 ? "host" : std::string(info.param).substr(std::string(info.param).find('=') + 1);
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace broach::test
