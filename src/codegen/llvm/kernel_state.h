#pragma once
// What the emitters of one kernel share.
//
// Values: a value of lanes 1 is an LLVM scalar, others are LLVM vectors. f16 and bf16 are carried as their 16 bits (i16): an operator
// widens to f32, computes and rounds back, so that no target needs half-precision support or a helper library. Booleans are i1
// in registers and one byte in memory.
#include <llvm/IR/IRBuilder.h>

#include <map>

#include "expr/simplify.h"
#include "loop/stmt.h"
#include "target/target.h"

namespace broach {

// Where a buffer lies, and the metadata of accesses to it.
struct BufferPlace {
  llvm::Value* base = nullptr;
  llvm::MDNode* scope = nullptr;    // its own alias scope
  llvm::MDNode* noalias = nullptr;  // those of all other buffers
  bool constant = false;            // never written while the kernel runs
  uint64_t alignment = 1;           // known of base
};

struct KernelState {
  llvm::IRBuilder<> builder;
  const Target& target;
  bool half_hardware;  // conversions of f16 in hardware
  std::map<Var, llvm::Value*> vars;
  std::map<Buffer, BufferPlace> buffers;
  Bounds bounds;  // of the variables in scope, where constant

  KernelState(llvm::LLVMContext& context, const Target& t, bool half) : builder(context), target(t), half_hardware(half) {}
  llvm::Function* function() { return builder.GetInsertBlock()->getParent(); }
  llvm::BasicBlock* new_block(const char* name) { return llvm::BasicBlock::Create(builder.getContext(), name, function()); }
};

llvm::Type* value_type(llvm::LLVMContext& context, Type type);
llvm::Type* memory_type(llvm::LLVMContext& context, Type type);

inline int lanes_of(llvm::Value* v) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(v->getType());
  return vector ? int(vector->getNumElements()) : 1;
}

// The type `scalar` with as many lanes as `like`.
inline llvm::Type* with_lanes_of(llvm::Type* scalar, llvm::Value* like) {
  return like->getType()->isVectorTy() ? llvm::FixedVectorType::get(scalar, unsigned(lanes_of(like))) : scalar;
}

}  // namespace broach
