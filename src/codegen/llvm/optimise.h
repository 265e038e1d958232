#pragma once
// LLVM's passes, and its way from a module to bytes.
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "codegen/llvm/codegen.h"

namespace broach {

// vector_registers: how many the target has.
void optimise_module(llvm::Module& module, llvm::TargetMachine& machine, int opt_level, int vector_registers);

// An object file, or assembly text. Code generation changes the module: once per module.
Bytes emit_object(llvm::Module& module, llvm::TargetMachine& machine);
std::string emit_assembly(llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace broach
