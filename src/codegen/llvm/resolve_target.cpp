#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>

#include "broach/abi.h"
#include "codegen/llvm/code_target.h"
#include "codegen/llvm/codegen.h"
#include "support/nearest.h"

namespace broach {
namespace {

struct ArchRow {
  Arch arch;
  llvm::Triple::ArchType llvm_arch;
  const char* triple;
  const char* cpu;  // where none is named
};
constexpr ArchRow arch_rows[] = {{Arch::x86_64, llvm::Triple::x86_64, "x86_64-linux-gnu", "x86-64"},
                                 {Arch::aarch64, llvm::Triple::aarch64, "aarch64-linux-gnu", "generic"},
                                 {Arch::riscv64, llvm::Triple::riscv64, "riscv64-linux-gnu", "generic-rv64"}};

llvm::Triple normalized(const std::string& triple) { return llvm::Triple(llvm::Triple::normalize(triple)); }

const ArchRow& host_arch() {
  llvm::Triple host(llvm::sys::getProcessTriple());
  for (const ArchRow& row : arch_rows)
    if (row.llvm_arch == host.getArch()) return row;
  throw_error("this machine ({}) is none that code can be made for; name one by -mtriple, as in -mtriple=x86_64-linux-gnu", host.str());
}

const ArchRow& arch_of(const std::string& triple) {
  llvm::Triple parsed = normalized(triple);
  for (const ArchRow& row : arch_rows)
    if (row.llvm_arch == parsed.getArch() && parsed.isOSLinux()) return row;
  throw_error("the triple '{}' is not supported; expected x86_64-linux-gnu, aarch64-linux-gnu or riscv64-linux-gnu", triple);
}

// Features of `cpu` that this host lacks, or has beyond it (a virtual machine hides some).
std::vector<std::string> host_differences(const ArchRow& row, const std::string& cpu) {
  auto info = subtarget_info(normalized(row.triple), cpu, "");
  auto host = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> differences;
  for (const CpuFeature& feature : cpu_features()) {
    if (feature.arch != row.arch || !host.count(feature.name)) continue;
    bool here = host.lookup(feature.name), there = info->checkFeatures(std::string("+") + feature.name);
    if (here != there) differences.push_back((here ? "+" : "-") + std::string(feature.name));
  }
  return differences;
}

void check_cpu(const std::string& cpu, const std::string& triple, const ArchRow& row) {
  std::vector<std::string> known = known_cpus(triple);
  if (std::ranges::count(known, cpu)) return;
  for (const ArchRow& other : arch_rows) {
    std::vector<std::string> others = known_cpus(other.triple);
    if (other.arch != row.arch && std::ranges::count(others, cpu))
      throw_error("the CPU '{}' does not go with {}: add -mtriple={}", cpu, triple, other.triple);
  }
  throw_error("unknown CPU '{}' for {}{}", cpu, triple, did_you_mean(cpu, known));
}

// A feature that is asked for must be one that code is made with; one that is switched off, one that LLVM knows.
void check_features(const std::vector<std::string>& features, const std::string& triple, const std::string& cpu, const ArchRow& row) {
  auto plain = subtarget_info(normalized(triple), cpu, "");
  std::vector<std::string> known, used = {"prefer-256-bit"};
  for (const auto& feature : plain->getAllProcessorFeatures()) known.push_back(feature.Key);
  for (const CpuFeature& feature : cpu_features())
    if (feature.arch == row.arch) used.push_back(feature.name);
  for (const std::string& feature : features) {
    std::string name = feature.substr(1);
    if (!std::ranges::count(known, name)) throw_error("unknown CPU feature '{}' for {}{}", name, triple, did_you_mean(name, used));
    if (feature[0] == '+' && !std::ranges::count(used, name) && !plain->checkFeatures(feature))
      throw_error("the CPU feature '{}' would have no effect: generated code does not use it; leave it out of -mattr", name);
  }
}

void set_x86_model(Target& target) {
  auto has = [&target](uint64_t bits) { return (target.feature_bits & bits) == bits; };
  bool avx512 = has(BROACH_X86_AVX512F | BROACH_X86_AVX512BW | BROACH_X86_AVX512DQ | BROACH_X86_AVX512VL);
  bool narrow = std::ranges::count(target.features, "+prefer-256-bit") > 0;
  target.vector_bits = avx512 && !narrow ? 512 : has(BROACH_X86_AVX) ? 256 : 128;
  target.vector_registers = avx512 ? 32 : 16;
  target.fma = has(BROACH_X86_FMA);
  target.vnni = has(BROACH_X86_AVXVNNI) || (avx512 && has(BROACH_X86_AVX512VNNI));
}

void set_machine_model(Target& target) {
  const CpuModel* model = find_cpu_model(target.cpu);
  if (target.arch == Arch::x86_64) {
    set_x86_model(target);
  } else {
    target.vector_bits = 128;
    target.vector_registers = 32;
    target.fma = true;
    target.vnni = target.feature_bits & BROACH_ARM_DOTPROD;
  }
  target.fma_per_cycle = target.loads_per_cycle = target.vector_bits >= 256 ? 2 : 1;
  if (!model) return;
  if (model->vector_bits == target.vector_bits) {
    target.fma_per_cycle = model->fma_per_cycle;
    target.loads_per_cycle = model->loads_per_cycle;
  }
  target.l1_bytes = model->l1_kib << 10;
  target.l2_bytes = model->l2_kib << 10;
  target.l3_bytes = model->l3_kib << 10;
}

void set_host_caches(Target& target) {
  CacheSizes host = host_caches();
  if (host.l1) target.l1_bytes = host.l1;
  if (host.l2) target.l2_bytes = host.l2;
  if (host.l3) target.l3_bytes = host.l3;
}

}  // namespace

std::string host_cpu_name() { return llvm::sys::getHostCPUName().str(); }

std::vector<std::string> known_cpus(const std::string& triple) {
  const ArchRow& row = arch_of(triple);
  auto info = subtarget_info(normalized(triple), row.cpu, "");
  std::vector<std::string> names;
  for (const auto& cpu : info->getAllProcessorDescriptions()) {
    std::string name = cpu.Key;
    // LLVM's lists hold 32-bit CPUs too.
    const char* wide = row.arch == Arch::x86_64 ? "+64bit" : row.arch == Arch::riscv64 ? "+64bit" : "+neon";
    if (name.empty() || !subtarget_info(normalized(triple), name, "")->checkFeatures(wide)) continue;
    names.push_back(name);
  }
  return names;
}

Target resolve_target(const TargetSpec& spec) {
  initialise_llvm();
  const ArchRow& row = spec.triple.empty() ? host_arch() : arch_of(spec.triple);
  Target target;
  target.arch = row.arch;
  target.triple = spec.triple.empty() ? row.triple : spec.triple;
  bool host = spec.host || spec.cpu == "native";
  if (host && row.arch != host_arch().arch) throw_error("-mcpu=native is this machine, which is not {}", target.triple);
  target.cpu = host ? host_cpu_name() : spec.cpu.empty() ? row.cpu : spec.cpu;
  check_cpu(target.cpu, target.triple, row);
  check_features(spec.features, target.triple, target.cpu, row);
  if (host) target.features = host_differences(row, target.cpu);
  for (const std::string& feature : spec.features) {
    std::erase_if(target.features, [&](const std::string& other) { return other.substr(1) == feature.substr(1); });
    target.features.push_back(feature);
  }
  target.feature_bits = code_target(target).feature_bits;
  set_machine_model(target);
  if (host) set_host_caches(target);
  return target;
}

}  // namespace broach
