#pragma once
// Modules of constant data and glue code rather than kernels.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include "codegen/llvm/code_target.h"
#include "codegen/llvm/codegen.h"

namespace broach {

class DataModule {
 public:
  DataModule(const std::string& name, const Target& target);

  llvm::Module& module() { return module_; }
  llvm::IRBuilder<>& builder() { return builder_; }

  llvm::Constant* u8(uint64_t value) { return builder_.getInt8(uint8_t(value)); }
  llvm::Constant* u16(uint64_t value) { return builder_.getInt16(uint16_t(value)); }
  llvm::Constant* u32(uint64_t value) { return builder_.getInt32(uint32_t(value)); }
  llvm::Constant* u64(uint64_t value) { return builder_.getInt64(value); }
  llvm::Constant* null() { return llvm::ConstantPointerNull::get(builder_.getPtrTy()); }
  llvm::Constant* text(const std::string& value);                        // pointer to a NUL-terminated string
  llvm::Constant* chars(const std::string& value, size_t size);          // array of `size`, filled with zeros
  llvm::Constant* record(std::vector<llvm::Constant*> fields, bool packed = false);
  llvm::Constant* table(const std::vector<llvm::Constant*>& items);      // pointer to a constant array of its own; null if empty
  llvm::GlobalVariable* global(llvm::Constant* value, const std::string& name = "");  // internal

  // The bytes of the constants, `bytes` long, in a section of their own; fill_constants puts them into the object afterwards, so
  // that LLVM never sees them.
  llvm::GlobalVariable* reserve_constants(int64_t bytes);
  llvm::Function* kernel(const std::string& symbol);  // declares one of compile_functions

  Bytes emit();

 private:
  llvm::LLVMContext context_;
  llvm::Module module_;
  llvm::IRBuilder<> builder_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  std::map<std::string, llvm::Constant*> texts_;
};

void fill_constants(Bytes& object, const ConstantBlob& blob);

}  // namespace broach
