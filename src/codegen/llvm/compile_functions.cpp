#include <llvm/IR/Verifier.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <atomic>
#include <exception>
#include <thread>

#include "codegen/llvm/codegen.h"
#include "codegen/llvm/function_emitter.h"
#include "codegen/llvm/optimise.h"
#include "codegen/llvm/order_tiles.h"

namespace broach {
namespace {

struct CompiledFunction {
  Bytes object;
  std::string ll, assembly;
};

std::string module_text(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

CompiledFunction compile_function(const PrimFunc& f, const Target& target, const CodeTarget& code, const CodegenOptions& options) {
  llvm::LLVMContext context;
  llvm::Module module(f.name, context);
  auto machine = make_target_machine(code, options.opt_level);
  module.setTargetTriple(code.triple);
  module.setDataLayout(machine->createDataLayout());
  FunctionEmitter(module, f, target, code).emit(options.symbol_prefix + f.name);
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  BROACH_CHECK(!llvm::verifyModule(module, &stream), "invalid LLVM IR for {}: {}", f.name, problem);
  optimise_module(module, *machine, options.opt_level, int(target.vector_registers));
  bool windows = false;
  for (llvm::Function& function : module) windows |= order_tiles(function);
  Order order = windows ? Order::as_given : Order::scheduled;
  CompiledFunction result;
  if (options.ll_text) result.ll = module_text(module);
  if (options.asm_text) result.assembly = emit_assembly(*llvm::CloneModule(module), *machine, order);
  result.object = emit_object(module, *machine, order);
  return result;
}

}  // namespace

// One module and one context per function: any thread may take any function, and the bytes do not depend on which did.
std::vector<Bytes> compile_functions(const std::vector<PrimFunc>& functions, const Target& target, const CodegenOptions& options) {
  BROACH_CHECK(!options.symbol_prefix.empty(), "kernels need a prefix to tell them from functions of libm");
  initialise_llvm();
  CodeTarget code = code_target(target);
  std::vector<CompiledFunction> compiled(functions.size());
  std::vector<std::exception_ptr> failures(functions.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < functions.size();) {
      try {
        compiled[i] = compile_function(functions[i], target, code, options);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  size_t threads = options.threads > 0 ? size_t(options.threads) : std::thread::hardware_concurrency();
  std::vector<std::jthread> pool;
  for (size_t i = 1; i < std::min(threads, functions.size()); ++i) pool.emplace_back(work);
  work();
  pool.clear();  // joins
  std::vector<Bytes> objects;
  for (size_t i = 0; i < functions.size(); ++i) {
    if (failures[i]) std::rethrow_exception(failures[i]);
    if (options.ll_text) (*options.ll_text)[functions[i].name] = std::move(compiled[i].ll);
    if (options.asm_text) (*options.asm_text)[functions[i].name] = std::move(compiled[i].assembly);
    objects.push_back(std::move(compiled[i].object));
  }
  return objects;
}

}  // namespace broach
