#pragma once
// What the innermost loops of compiled kernels consist of, read from assembly text: the tests hold hot loops to it.
#include <string>
#include <vector>

namespace broach {

struct LoopReport {
  std::string label;     // where the loop begins
  int instructions = 0;  // all
  int fma = 0;           // fused multiply-adds, of vectors or scalars
  int loads = 0;         // vector loads by instructions of their own
  int broadcasts = 0;    // of one element of memory or of a register
  int folded_loads = 0;  // memory operands of arithmetic
  int stores = 0;        // vector stores
  int stack = 0;         // accesses relative to the stack pointer or frame
  int prefetches = 0;
};

struct KernelReport {
  std::string function;
  int instructions = 0;
  int stack = 0;  // accesses outside prologue and epilogue count too: pushes and pops do not
  std::vector<LoopReport> innermost;

  const LoopReport* hottest() const;  // the innermost loop with most fused multiply-adds, null if there is no loop
};

// AT&T assembly of x86-64, or assembly of aarch64, as CodegenOptions::asm_text gives it.
std::vector<KernelReport> report_kernels(const std::string& assembly);

std::string to_string(const LoopReport& loop);

}  // namespace broach
