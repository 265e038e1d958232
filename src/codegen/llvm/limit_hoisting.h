#pragma once
// Which loads stay inside their loop.
//
// A depthwise tile multiplies every pixel by the same few weights, whose loads do not depend on the innermost loop. Hoisted, they hold a
// register each for the whole loop; next to the tile's accumulators there may be none left for them, and they end on the stack, read from
// there instead of from where they were.
#include <llvm/IR/PassManager.h>

namespace broach {

// Run before LICM. Of each innermost loop that stores, lets only as many vector loads out as there are registers beside its sums.
class LimitHoisting : public llvm::PassInfoMixin<LimitHoisting> {
 public:
  explicit LimitHoisting(int vector_registers) : registers_(vector_registers) {}
  llvm::PreservedAnalyses run(llvm::Function& f, llvm::FunctionAnalysisManager& analyses);

 private:
  int registers_;
};

}  // namespace broach
