// What a C program calls when the model is linked into it: <name>_run, and the sizes of the memory that it wants.
#include <llvm/AsmParser/Parser.h>
#include <llvm/Support/SourceMgr.h>

#include <algorithm>

#include "broach/abi.h"
#include "codegen/llvm/data_module.h"
#include "codegen/llvm/function_emitter.h"

namespace broach {
namespace {

// run_step shares a kernel's tasks: parallel_for calls run_tasks for ranges of them. A worker's scratch is its share of the whole.
// Any status but 0 is kept.
constexpr const char* step_code = R"(
%call = type { i32, ptr, ptr, ptr, ptr }
%state = type { ptr, ptr, ptr, i64, i32 }

define internal void @run_tasks(ptr %state, i64 %begin, i64 %end, i32 %worker) nounwind {
  %call = alloca %call
  %kernel = load ptr, ptr %state
  %buffers.at = getelementptr %state, ptr %state, i32 0, i32 1
  %buffers = load ptr, ptr %buffers.at
  %scratch.at = getelementptr %state, ptr %state, i32 0, i32 2
  %scratch = load ptr, ptr %scratch.at
  %share.at = getelementptr %state, ptr %state, i32 0, i32 3
  %share = load i64, ptr %share.at
  %index = zext i32 %worker to i64
  %offset = mul i64 %index, %share
  %own = getelementptr i8, ptr %scratch, i64 %offset
  store %call zeroinitializer, ptr %call
  store i32 CALL_SIZE, ptr %call
  %call.buffers = getelementptr %call, ptr %call, i32 0, i32 1
  store ptr %buffers, ptr %call.buffers
  %call.scratch = getelementptr %call, ptr %call, i32 0, i32 3
  store ptr %own, ptr %call.scratch
  %status = call i32 %kernel(ptr %call, i64 %begin, i64 %end)
  %failed = icmp ne i32 %status, 0
  br i1 %failed, label %keep, label %done
keep:
  %status.at = getelementptr %state, ptr %state, i32 0, i32 4
  store atomic i32 %status, ptr %status.at monotonic, align 4
  br label %done
done:
  ret void
}

define internal i32 @run_step(ptr %kernel, ptr %buffers, i64 %tasks, i1 %serial, ptr %scratch, i64 %share, ptr %parallel_for, ptr %context) nounwind noinline {
  %state = alloca %state
  store ptr %kernel, ptr %state
  %buffers.at = getelementptr %state, ptr %state, i32 0, i32 1
  store ptr %buffers, ptr %buffers.at
  %scratch.at = getelementptr %state, ptr %state, i32 0, i32 2
  store ptr %scratch, ptr %scratch.at
  %share.at = getelementptr %state, ptr %state, i32 0, i32 3
  store i64 %share, ptr %share.at
  %status.at = getelementptr %state, ptr %state, i32 0, i32 4
  store i32 0, ptr %status.at
  %none = icmp eq ptr %parallel_for, null
  %single = icmp eq i64 %tasks, 1
  %few = or i1 %serial, %single
  %alone = or i1 %none, %few
  br i1 %alone, label %one, label %many
one:
  call void @run_tasks(ptr %state, i64 0, i64 %tasks, i32 0)
  br label %done
many:
  call void %parallel_for(ptr %context, i64 %tasks, ptr @run_tasks, ptr %state)
  br label %done
done:
  %status = load atomic i32, ptr %status.at monotonic, align 4
  ret i32 %status
}
)";

class StaticEntry {
 public:
  StaticEntry(const LoweredProgram& program, const ConstantBlob& blob, const Target& target, const CodegenOptions& options)
      : program_(program), blob_(blob), options_(options), data_("entry", target), b_(data_.builder()) {}

  Bytes emit() {
    add_step_code();
    for (const PrimFunc& f : program_.functions) scratch_ = std::max(scratch_, scratch_bytes(f));
    if (blob_.bytes) constants_ = data_.reserve_constants(blob_.bytes);
    add_run();
    add_size("_arena_bytes", program_.arena_bytes);
    add_size("_scratch_bytes", scratch_);
    Bytes object = data_.emit();
    fill_constants(object, blob_);
    return object;
  }

 private:
  void add_step_code() {
    std::string text = step_code;
    text.replace(text.find("CALL_SIZE"), 9, std::to_string(sizeof(broach_call)));
    llvm::SMDiagnostic problem;
    bool failed = llvm::parseAssemblyInto({text, "step"}, &data_.module(), nullptr, problem);
    BROACH_CHECK(!failed, "the code of a step: {}", problem.getMessage().str());
  }

  void add_size(const char* suffix, int64_t value) {
    data_.global(data_.u64(uint64_t(value)), program_.name + suffix)->setLinkage(llvm::GlobalValue::ExternalLinkage);
  }

  // (inputs, outputs, arena, scratch, parallel_for, context) -> status. Every step fills one array of buffers, in order.
  void add_run() {
    llvm::Type* pointer = b_.getPtrTy();
    auto* type = llvm::FunctionType::get(b_.getInt32Ty(), std::vector<llvm::Type*>(6, pointer), false);
    run_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, program_.name + "_run", data_.module());
    run_->setDoesNotThrow();
    size_t most = 1;
    for (const ProgramStep& step : program_.steps) most = std::max(most, step.arguments.size());
    b_.SetInsertPoint(llvm::BasicBlock::Create(b_.getContext(), "entry", run_));
    llvm::Value* buffers = b_.CreateAlloca(llvm::ArrayType::get(pointer, most));
    llvm::BasicBlock* failed = llvm::BasicBlock::Create(b_.getContext(), "failed", run_);
    std::vector<std::pair<llvm::Value*, llvm::BasicBlock*>> failures;
    for (const ProgramStep& step : program_.steps) {
      for (size_t i = 0; i < step.arguments.size(); ++i)
        b_.CreateStore(address_of(program_.buffers[size_t(step.arguments[i])]), b_.CreateConstGEP1_64(pointer, buffers, i));
      llvm::Value* status = run_step(step, buffers);
      failures.emplace_back(status, b_.GetInsertBlock());
      llvm::BasicBlock* next = llvm::BasicBlock::Create(b_.getContext(), "step", run_);
      b_.CreateCondBr(b_.CreateICmpEQ(status, b_.getInt32(0)), next, failed);
      b_.SetInsertPoint(next);
    }
    b_.CreateRet(b_.getInt32(0));
    if (failures.empty()) {
      failed->eraseFromParent();
      return;
    }
    b_.SetInsertPoint(failed);
    llvm::PHINode* status = b_.CreatePHI(b_.getInt32Ty(), unsigned(failures.size()));
    for (auto& [value, block] : failures) status->addIncoming(value, block);
    b_.CreateRet(status);
  }

  llvm::Value* run_step(const ProgramStep& step, llvm::Value* buffers) {
    const PrimFunc& f = program_.functions[size_t(step.function)];
    llvm::Value* kernel = data_.kernel(options_.symbol_prefix + f.name);
    return b_.CreateCall(data_.module().getFunction("run_step"),
                         {kernel, buffers, b_.getInt64(uint64_t(task_nest(f).count())), b_.getInt1(step.serial), run_->getArg(3),
                          b_.getInt64(uint64_t(scratch_)), run_->getArg(4), run_->getArg(5)});
  }

  llvm::Value* address_of(const ProgramBuffer& buffer) {
    auto tensor = [&](unsigned argument) -> llvm::Value* {
      llvm::Type* pointer = b_.getPtrTy();
      return b_.CreateLoad(pointer, b_.CreateConstGEP1_64(pointer, run_->getArg(argument), uint64_t(buffer.index)));
    };
    llvm::Value* base = nullptr;
    int64_t offset = buffer.offset;
    switch (buffer.kind) {
      case BufferKind::input: base = tensor(0); break;
      case BufferKind::output: base = tensor(1); break;
      case BufferKind::constant: base = constants_, offset += blob_.offsets[size_t(buffer.index)]; break;
      case BufferKind::arena: base = run_->getArg(2); break;
    }
    return b_.CreateConstGEP1_64(b_.getInt8Ty(), base, uint64_t(offset));
  }

  const LoweredProgram& program_;
  const ConstantBlob& blob_;
  const CodegenOptions& options_;
  DataModule data_;
  llvm::IRBuilder<>& b_;
  llvm::Function* run_ = nullptr;
  llvm::Constant* constants_ = nullptr;
  int64_t scratch_ = 0;
};

}  // namespace

Bytes compile_static_entry(const LoweredProgram& program, const ConstantBlob& blob, const Target& target, const CodegenOptions& options) {
  BROACH_CHECK(blob.embed, "the constants of {} are not given: an archive holds them", program.name);
  return StaticEntry(program, blob, target, options).emit();
}

}  // namespace broach
