#include "codegen/llvm/optimise.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/CodeGen/CodeGenTargetMachineImpl.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Vectorize/LoopVectorize.h>

#include <mutex>

#include "codegen/llvm/limit_hoisting.h"

namespace broach {
namespace {

// Appends to the vector that becomes the result, so that large objects are not copied once more.
class BytesStream : public llvm::raw_pwrite_stream {
 public:
  explicit BytesStream(Bytes& bytes) : bytes_(bytes) { SetUnbuffered(); }

 private:
  void write_impl(const char* data, size_t size) override {
    auto* begin = reinterpret_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  void pwrite_impl(const char* data, size_t size, uint64_t offset) override {
    std::copy_n(reinterpret_cast<const std::byte*>(data), size, bytes_.begin() + std::ptrdiff_t(offset));
  }
  uint64_t current_pos() const override { return bytes_.size(); }

  Bytes& bytes_;
};

// Not LLVM's O3: the loops arrive in the shape that the schedule wants, and unrolling, interleaving or vectorising them
// again costs registers. What is left to do is to promote register buffers, to share and hoist addresses, and to tidy up.
llvm::FunctionPassManager hot_loop_passes(int vector_registers) {
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(LimitHoisting(vector_registers));
  llvm::LICMOptions hoist;
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(hoist), /*UseMemorySSA=*/true));
  passes.addPass(llvm::LoopVectorizePass());
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::ADCEPass());
  return passes;
}

// As TargetMachine::addPassesToEmitFile does, which cannot leave a pass out.
bool add_code_generation(llvm::legacy::PassManager& passes, llvm::TargetMachine& machine, llvm::raw_pwrite_stream& stream, llvm::CodeGenFileType type,
                         Order order) {
  auto& target = static_cast<llvm::CodeGenTargetMachineImpl&>(machine);
  auto* info = new llvm::MachineModuleInfoWrapperPass(&target);  // the pass manager's
  llvm::TargetPassConfig* config = target.createPassConfig(passes);
  passes.add(config);
  passes.add(info);
  if (order == Order::as_given) config->disablePass(&llvm::MachineSchedulerID);
  if (config->addISelPasses()) return false;
  config->addMachinePasses();
  config->setInitialized();
  return !target.addAsmPrinter(passes, stream, nullptr, type, info->getMMI().getContext());
}

// Adds what turns the module into machine code, without loop strength reduction: it would give each pixel of a register tile a
// pointer of its own in place of one base and a constant. LLVM has no other way to leave it out than this switch, which is read
// while the passes are added.
void add_machine_passes(llvm::legacy::PassManager& passes, llvm::TargetMachine& machine, llvm::raw_pwrite_stream& stream, llvm::CodeGenFileType type,
                        Order order) {
  static std::mutex one_at_a_time;
  std::lock_guard lock(one_at_a_time);
  auto* without = static_cast<llvm::cl::opt<bool>*>(llvm::cl::getRegisteredOptions().lookup("disable-lsr"));
  BROACH_CHECK(without, "this LLVM has no switch disable-lsr");
  bool before = *without;
  without->setValue(true);
  bool added = add_code_generation(passes, machine, stream, type, order);
  without->setValue(before);
  BROACH_CHECK(added, "LLVM writes no machine code for {}", machine.getTargetTriple().str());
}

}  // namespace

void optimise_module(llvm::Module& module, llvm::TargetMachine& machine, int opt_level, int vector_registers) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  llvm::ModulePassManager passes;
  llvm::FunctionPassManager promote;
  promote.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(opt_level == 0 ? std::move(promote) : hot_loop_passes(vector_registers)));
  passes.run(module, modules);
}

Bytes emit_object(llvm::Module& module, llvm::TargetMachine& machine, Order order) {
  Bytes object;
  BytesStream stream(object);
  llvm::legacy::PassManager passes;
  add_machine_passes(passes, machine, stream, llvm::CodeGenFileType::ObjectFile, order);
  passes.run(module);
  return object;
}

std::string emit_assembly(llvm::Module& module, llvm::TargetMachine& machine, Order order) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  add_machine_passes(passes, machine, stream, llvm::CodeGenFileType::AssemblyFile, order);
  passes.run(module);
  return text.str().str();
}

}  // namespace broach
