#pragma once
// A Target in LLVM's terms.
//
// LLVM may use any instruction of the CPU it compiles for, but a host can only be checked for those that abi.h has a bit for. So code is made
// for the baseline of the architecture plus the features of cpu_features.def that the CPU has, and merely tuned for the CPU itself.
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "target/target.h"

namespace broach {

struct CodeTarget {
  llvm::Triple triple;
  std::string base_cpu;   // baseline of the architecture: "target-cpu"
  std::string tune_cpu;   // the user's CPU: "tune-cpu"
  std::string features;   // "+avx,+fma": "target-features"
  uint64_t feature_bits = 0;
};

void initialise_llvm();  // once per process; thread-safe
const llvm::Target& llvm_target(const llvm::Triple& triple);  // throws Error where LLVM has none
std::unique_ptr<llvm::MCSubtargetInfo> subtarget_info(const llvm::Triple& triple, const std::string& cpu, const std::string& features);

// The arguments have been checked (resolve_target).
CodeTarget code_target(Arch arch, const std::string& triple, const std::string& cpu, const std::vector<std::string>& features);
CodeTarget code_target(const Target& target);

// opt_level: 0..3. A TargetMachine may be used by one thread at a time.
std::unique_ptr<llvm::TargetMachine> make_target_machine(const CodeTarget& target, int opt_level);

struct CpuFeature {
  Arch arch;
  const char* name;
  uint64_t bit;
  const char* vouched_by;
};
const std::vector<CpuFeature>& cpu_features();

std::string join_features(const std::vector<std::string>& features);

}  // namespace broach
