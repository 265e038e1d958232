#pragma once
// What code is made for: triple, CPU, features and a machine model. Two compiles with equal Targets give equal bytes.
#include <cstdint>
#include <string>
#include <vector>

namespace broach {

enum class Arch : uint8_t { x86_64, aarch64, riscv64 };

struct Target {
  Arch arch = Arch::x86_64;
  std::string triple = "x86_64-linux-gnu";
  std::string cpu = "x86-64";
  std::vector<std::string> features;  // "+avx2", "-fma": as given by -mattr, on top of the CPU's

  // Machine model; filled by resolve_target (driver) from CPU and features, cache sizes from targets.def or the host.
  int vector_bits = 128;       // widest register that pays
  int vector_registers = 16;
  bool fma = false;
  bool vnni = false;           // dot product of bytes into 32 bits
  int fma_per_cycle = 2;       // vectors
  int loads_per_cycle = 2;     // vectors
  int64_t l1_bytes = 32 << 10, l2_bytes = 1 << 20, l3_bytes = 16 << 20;
  uint64_t feature_bits = 0;   // BROACH_X86_..., BROACH_ARM_...: what a host must have

  int lanes(int element_bits) const { return vector_bits / element_bits; }
  std::string to_string() const;  // "llvm -mtriple=... -mcpu=... -mattr=...", canonical
};

// What the user wrote, not yet checked against LLVM's tables. Accepts "llvm", "llvm -mcpu=haswell --mattr=+fma,-avx512f -mtriple=...",
// "cpu", a JSON object {"kind": "llvm", "mcpu": ...} or the path of a file with one. `llvm` alone means this host. Throws Error
// naming the nearest known kind or option.
struct TargetSpec {
  std::string triple, cpu;
  std::vector<std::string> features;
  bool host = false;  // neither triple nor CPU given
};
TargetSpec parse_target(const std::string& text);

// Known rows of targets.def: cache sizes and widths where LLVM's tables say nothing.
struct CpuModel {
  const char* name;
  int vector_bits, vector_registers, fma_per_cycle, loads_per_cycle;
  int64_t l1_kib, l2_kib, l3_kib;
};
const CpuModel* find_cpu_model(const std::string& name);

// Reads this machine's cache sizes (bytes) from the operating system; zero where unknown.
struct CacheSizes {
  int64_t l1 = 0, l2 = 0, l3 = 0;
};
CacheSizes host_caches();

}  // namespace broach
