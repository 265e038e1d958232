#include "runtime/cpu.h"

#include <elf.h>

#include "broach/abi.h"
#include "runtime/error.h"
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace broach::runtime::internal {
namespace {

struct Feature {
  uint64_t bit;
  const char* name;
};

constexpr Feature features[] = {
    {BROACH_X86_SSE42, "SSE4.2"},
    {BROACH_X86_AVX, "AVX"},
    {BROACH_X86_F16C, "F16C"},
    {BROACH_X86_FMA, "FMA"},
    {BROACH_X86_AVX2, "AVX2"},
    {BROACH_X86_BMI2, "BMI2"},
    {BROACH_X86_AVX512F, "AVX-512F"},
    {BROACH_X86_AVX512BW, "AVX-512BW"},
    {BROACH_X86_AVX512DQ, "AVX-512DQ"},
    {BROACH_X86_AVX512VL, "AVX-512VL"},
    {BROACH_X86_AVX512CD, "AVX-512CD"},
    {BROACH_X86_AVX512VNNI, "AVX-512VNNI"},
    {BROACH_X86_AVXVNNI, "AVX-VNNI"},
    {BROACH_ARM_DOTPROD, "dot product"},
    {BROACH_ARM_FP16, "FP16"},
    {BROACH_ARM_I8MM, "I8MM"},
    {BROACH_ARM_SVE, "SVE"},
};

#if defined(__x86_64__)
constexpr uint16_t host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t host_machine = EM_AARCH64;
#else
#error "the runtime knows x86-64 and aarch64"
#endif

struct Machine {
  uint16_t id;
  const char *name, *triple;
};

constexpr Machine machines[] = {
    {EM_X86_64, "x86-64", "x86_64-linux-gnu"},
    {EM_AARCH64, "aarch64", "aarch64-linux-gnu"},
    {EM_386, "32-bit x86", ""},
    {EM_ARM, "32-bit ARM", ""},
    {EM_RISCV, "RISC-V", ""},
    {EM_PPC64, "POWER", ""},
};

const Machine* find_machine(uint16_t id) {
  for (const Machine& machine : machines)
    if (machine.id == id) return &machine;
  return nullptr;
}

// The most capable target that every CPU with these features runs.
const char* portable_target(uint64_t host) {
  if (host_machine == EM_AARCH64) return "llvm -mtriple=aarch64-linux-gnu";
  constexpr uint64_t v2 = BROACH_X86_SSE42;
  constexpr uint64_t v3 = v2 | BROACH_X86_AVX | BROACH_X86_F16C | BROACH_X86_FMA | BROACH_X86_AVX2 | BROACH_X86_BMI2;
  constexpr uint64_t v4 = v3 | BROACH_X86_AVX512F | BROACH_X86_AVX512BW | BROACH_X86_AVX512DQ | BROACH_X86_AVX512VL | BROACH_X86_AVX512CD;
  if ((host & v4) == v4) return "llvm -mcpu=x86-64-v4";
  if ((host & v3) == v3) return "llvm -mcpu=x86-64-v3";
  return (host & v2) == v2 ? "llvm -mcpu=x86-64-v2" : "llvm -mcpu=x86-64";
}

}  // namespace

#if defined(__x86_64__)
uint64_t host_features() noexcept {
  uint32_t a, b, c, d;
  uint64_t found = 0;
  const auto add = [&found](uint32_t word, uint32_t bit, uint64_t feature) {
    if (word >> bit & 1) found |= feature;
  };
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  add(c, 20, BROACH_X86_SSE42);
  uint32_t state = 0, state_high = 0;
  if (c >> 27 & 1) __asm__("xgetbv" : "=a"(state), "=d"(state_high) : "c"(0));
  const bool wide = (state & 0x06) == 0x06;   // the system saves XMM and YMM
  const bool wider = (state & 0xe6) == 0xe6;  // and ZMM and mask registers
  if (wide) {
    add(c, 28, BROACH_X86_AVX);
    add(c, 29, BROACH_X86_F16C);
    add(c, 12, BROACH_X86_FMA);
  }
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  const uint32_t subleaves = a;
  add(b, 8, BROACH_X86_BMI2);
  if (wide) add(b, 5, BROACH_X86_AVX2);
  if (wider) {
    add(b, 16, BROACH_X86_AVX512F);
    add(b, 17, BROACH_X86_AVX512DQ);
    add(b, 28, BROACH_X86_AVX512CD);
    add(b, 30, BROACH_X86_AVX512BW);
    add(b, 31, BROACH_X86_AVX512VL);
    add(c, 11, BROACH_X86_AVX512VNNI);
  }
  if (wide && subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) add(a, 4, BROACH_X86_AVXVNNI);
  return found;
}
#else
uint64_t host_features() noexcept {
  // Bits of AT_HWCAP and AT_HWCAP2: Linux, arch/arm64/include/uapi/asm/hwcap.h.
  const unsigned long low = getauxval(AT_HWCAP), high = getauxval(AT_HWCAP2);
  uint64_t found = 0;
  if (low >> 20 & 1) found |= BROACH_ARM_DOTPROD;
  if (low >> 10 & 1) found |= BROACH_ARM_FP16;
  if (low >> 22 & 1) found |= BROACH_ARM_SVE;
  if (high >> 13 & 1) found |= BROACH_ARM_I8MM;
  return found;
}
#endif

broach_status check_features(const uint64_t* needed, uint64_t host, const char* cpu, const char* name) noexcept {
  uint64_t unknown = needed[0];
  Text missing;
  for (const Feature& feature : features) {
    unknown &= ~feature.bit;
    if (needed[0] & ~host & feature.bit) missing.add("%s%s", missing.empty() ? "" : ", ", feature.name);
  }
  for (int i = 1; i < 8; ++i) unknown |= needed[i];
  if (!missing.empty())
    return fail(BROACH_STATUS_CPU, "%s was built for a CPU with %s (%s), which this machine lacks: compile with --target \"%s\"", name,
                missing.c_str(), cpu, portable_target(host));
  if (unknown)
    return fail(BROACH_STATUS_CPU,
                "%s was built for the CPU %s, whose features this runtime (%s) does not know: use a newer runtime, or "
                "compile with --target \"%s\"",
                name, cpu, broach_runtime_version(), portable_target(host));
  return BROACH_STATUS_OK;
}

broach_status check_machine(uint16_t machine, const char* name) noexcept {
  if (machine == host_machine) return BROACH_STATUS_OK;
  const Machine *built = find_machine(machine), *host = find_machine(host_machine);
  return fail(BROACH_STATUS_CPU, "%s was built for %s, this machine is %s: compile with --target \"llvm -mtriple=%s\"", name,
              built ? built->name : "another architecture", host->name, host->triple);
}

}  // namespace broach::runtime::internal
