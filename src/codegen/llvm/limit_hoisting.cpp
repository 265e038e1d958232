#include "codegen/llvm/limit_hoisting.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>

namespace broach {
namespace {

constexpr int passing_by = 8;  // registers for what is on its way: LLVM loads up to four neighbours at once, of inputs and of weights

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

// What another loop has loaded would keep its registers until this one is done: loads it here once more.
void load_again(const llvm::Loop& loop, const llvm::LoopInfo& loops) {
  llvm::DenseMap<llvm::LoadInst*, llvm::Instruction*> again;
  for (llvm::BasicBlock* block : loop.blocks())
    for (llvm::Instruction& i : *block)
      for (llvm::Use& use : i.operands()) {
        auto* load = llvm::dyn_cast<llvm::LoadInst>(use.get());
        if (!load || !load->getType()->isVectorTy() || loop.contains(load) || llvm::isa<llvm::PHINode>(i)) continue;
        const llvm::Loop* other = loops.getLoopFor(load->getParent());
        if (!other || other->contains(&loop)) continue;
        llvm::Instruction*& copy = again[load];
        if (!copy) {
          copy = load->clone();
          copy->insertBefore(loop.getHeader()->getFirstInsertionPt());
          keep_inside(*llvm::cast<llvm::LoadInst>(copy));
        }
        use.set(copy);
      }
}

}  // namespace

llvm::PreservedAnalyses LimitHoisting::run(llvm::Function& f, llvm::FunctionAnalysisManager& analyses) {
  const auto& loops = analyses.getResult<llvm::LoopAnalysis>(f);
  for (const llvm::Loop* loop : loops.getLoopsInPreorder()) {
    if (!loop->isInnermost() || lasting_vectors(*loop) == 0) continue;
    load_again(*loop, loops);
    std::vector<llvm::LoadInst*> loads = invariant_vector_loads(*loop);
    int room = std::max(registers_ - lasting_vectors(*loop) - passing_by, 0);
    for (size_t i = size_t(room); i < loads.size(); ++i) keep_inside(*loads[i]);
  }
  return llvm::PreservedAnalyses::none();
}

}  // namespace broach
