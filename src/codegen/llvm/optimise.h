#pragma once
// LLVM's passes, and its way from a module to bytes.
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "codegen/llvm/codegen.h"

namespace broach {

// vector_registers: how many the target has.
void optimise_module(llvm::Module& module, llvm::TargetMachine& machine, int opt_level, int vector_registers);

// Whether LLVM's scheduler may move instructions to hide latencies, or follows the order that it is given because registers are short.
enum class Order { scheduled, as_given };

// An object file, or assembly text. Code generation changes the module: once per module.
Bytes emit_object(llvm::Module& module, llvm::TargetMachine& machine, Order order = Order::scheduled);
std::string emit_assembly(llvm::Module& module, llvm::TargetMachine& machine, Order order = Order::scheduled);

}  // namespace broach
