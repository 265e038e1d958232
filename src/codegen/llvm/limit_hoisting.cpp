#include "codegen/llvm/limit_hoisting.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>

namespace broach {
namespace {

constexpr int passing_by = 10;  // registers for what is on its way: LLVM loads up to four neighbours at once, of inputs and of weights

// What a loop keeps in vectors from its first instruction to its last: the values it carries around and those it stores.
int lasting_vectors(const llvm::Loop& loop) {
  int count = 0;
  for (const llvm::BasicBlock* block : loop.blocks())
    for (const llvm::Instruction& i : *block) {
      auto* store = llvm::dyn_cast<llvm::StoreInst>(&i);
      count += (llvm::isa<llvm::PHINode>(i) && i.getType()->isVectorTy()) || (store && store->getValueOperand()->getType()->isVectorTy());
    }
  return count;
}

// Whether it is the same in every iteration, address arithmetic inside the loop included.
bool is_invariant(const llvm::Loop& loop, const llvm::Value* value) {
  if (loop.isLoopInvariant(value)) return true;
  auto* i = llvm::cast<llvm::Instruction>(value);
  bool arithmetic = llvm::isa<llvm::GetElementPtrInst>(i) || llvm::isa<llvm::BinaryOperator>(i) || llvm::isa<llvm::CastInst>(i);
  return arithmetic && std::ranges::all_of(i->operands(), [&](const llvm::Use& operand) { return is_invariant(loop, operand); });
}

std::vector<llvm::LoadInst*> invariant_vector_loads(const llvm::Loop& loop) {
  std::vector<llvm::LoadInst*> loads;
  for (llvm::BasicBlock* block : loop.blocks())
    for (llvm::Instruction& i : *block)
      if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&i); load && load->getType()->isVectorTy() && is_invariant(loop, load->getPointerOperand()))
        loads.push_back(load);
  return loads;
}

// A load that might read what the loop stores is not hoisted, so to forget why it does not keeps it where it is.
void keep_inside(llvm::LoadInst& load) {
  for (unsigned kind : {llvm::LLVMContext::MD_invariant_load, llvm::LLVMContext::MD_alias_scope, llvm::LLVMContext::MD_noalias})
    load.setMetadata(kind, nullptr);
}

}  // namespace

llvm::PreservedAnalyses LimitHoisting::run(llvm::Function& f, llvm::FunctionAnalysisManager& analyses) {
  for (const llvm::Loop* loop : analyses.getResult<llvm::LoopAnalysis>(f).getLoopsInPreorder()) {
    if (!loop->isInnermost()) continue;
    std::vector<llvm::LoadInst*> loads = invariant_vector_loads(*loop);
    int room = std::max(registers_ - lasting_vectors(*loop) - passing_by, 0);
    for (size_t i = size_t(room); i < loads.size(); ++i) keep_inside(*loads[i]);
  }
  return llvm::PreservedAnalyses::all();
}

}  // namespace broach
