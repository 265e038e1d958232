#include "codegen/llvm/code_target.h"

#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>

#include <mutex>

#include "broach/abi.h"
#include "support/errors.h"

namespace broach {

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo(), LLVMInitializeX86Target(), LLVMInitializeX86TargetMC(), LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo(), LLVMInitializeAArch64Target(), LLVMInitializeAArch64TargetMC(), LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeRISCVTargetInfo(), LLVMInitializeRISCVTarget(), LLVMInitializeRISCVTargetMC(), LLVMInitializeRISCVAsmPrinter();
  });
}

const llvm::Target& llvm_target(const llvm::Triple& triple) {
  initialise_llvm();
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) throw_error("LLVM has no code generator for the triple {}: {}", triple.str(), error);
  return *target;
}

std::unique_ptr<llvm::MCSubtargetInfo> subtarget_info(const llvm::Triple& triple, const std::string& cpu, const std::string& features) {
  return std::unique_ptr<llvm::MCSubtargetInfo>(llvm_target(triple).createMCSubtargetInfo(triple, cpu, features));
}

const std::vector<CpuFeature>& cpu_features() {
  static const std::vector<CpuFeature> features = {
#define BROACH_CPU_FEATURE(arch, name, bit, vouched_by) {Arch::arch, name, uint64_t(bit), vouched_by},
#include "codegen/llvm/cpu_features.def"
#undef BROACH_CPU_FEATURE
  };
  return features;
}

std::string join_features(const std::vector<std::string>& features) {
  std::string text;
  for (const std::string& feature : features) text += (text.empty() ? "" : ",") + feature;
  return text;
}

CodeTarget code_target(Arch arch, const std::string& triple, const std::string& cpu, const std::vector<std::string>& features) {
  CodeTarget result{llvm::Triple(llvm::Triple::normalize(triple)), "", cpu, "", 0};
  auto info = subtarget_info(result.triple, cpu, join_features(features));
  auto has = [&](const char* name) { return info->checkFeatures(std::string("+") + name); };
  // The baselines: SSE2; Armv8-A with NEON; RV64GC.
  result.base_cpu = arch == Arch::x86_64 ? "x86-64" : arch == Arch::aarch64 ? "generic" : "generic-rv64";
  std::vector<std::string> used;
  if (arch == Arch::riscv64) used = {"+m", "+a", "+f", "+d", "+c"};
  for (const CpuFeature& feature : cpu_features()) {
    if (feature.arch != arch || !has(feature.name) || !has(feature.vouched_by)) continue;
    used.push_back(std::string("+") + feature.name);
    result.feature_bits |= feature.bit;
  }
  result.features = join_features(used);
  return result;
}

CodeTarget code_target(const Target& target) { return code_target(target.arch, target.triple, target.cpu, target.features); }

std::unique_ptr<llvm::TargetMachine> make_target_machine(const CodeTarget& target, int opt_level) {
  llvm::TargetOptions options;
  options.FunctionSections = true;  // so that the linker drops what is not used
  options.DataSections = true;
  if (target.triple.isRISCV()) options.MCOptions.ABIName = "lp64d";
  auto level = llvm::CodeGenOpt::getLevel(std::clamp(opt_level, 0, 3)).value();
  std::unique_ptr<llvm::TargetMachine> machine(
      llvm_target(target.triple)
          .createTargetMachine(target.triple, target.base_cpu, target.features, options, llvm::Reloc::PIC_, std::nullopt, level));
  BROACH_CHECK(machine, "LLVM makes no code generator for {}", target.triple.str());
  return machine;
}

}  // namespace broach
