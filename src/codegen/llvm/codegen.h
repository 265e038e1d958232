#pragma once
// Machine code from loops: the only folder that knows LLVM.
#include <map>
#include <span>

#include "plan/program.h"
#include "target/target.h"

namespace broach {

using Bytes = std::vector<std::byte>;

// Checks triple, CPU and features against LLVM's tables and fills the machine model. Throws Error with the nearest known name.
Target resolve_target(const TargetSpec& spec);
std::string host_cpu_name();
std::vector<std::string> known_cpus(const std::string& triple);

struct CodegenOptions {
  int opt_level = 3;           // 0..3, LLVM's
  int threads = 0;             // 0: as many as there are CPUs; the result does not depend on it
  // Of every symbol that is not exported, so that two models link into one program. Not empty: a kernel called pow would take libm's place.
  std::string symbol_prefix = "kernel_";
  std::map<std::string, std::string>* ll_text = nullptr;   // set: LLVM IR after optimisation per object
  std::map<std::string, std::string>* asm_text = nullptr;  // set: assembly per object
};

// One relocatable object per group of functions, each function exported as <symbol_prefix><name> (hidden visibility) with the
// signature broach_kernel (abi.h). The functions have passed run_loop_pipeline.
std::vector<Bytes> compile_functions(const std::vector<PrimFunc>& functions, const Target& target, const CodegenOptions& options);

// Where constants lie: their bytes form one blob (the .params container) that the caller laid out.
struct ConstantBlob {
  std::vector<int64_t> offsets;  // of each constant of the program, multiples of 64
  int64_t bytes = 0;
  const Bytes* embed = nullptr;  // set: put into the object (section .broach_constants, 64-byte aligned); null: external
};
struct ProgramMetadata {
  std::string meta_json;
  std::array<uint8_t, 32> build_id = {};
};

// The object with the broach_program, its tables and the note (variable fields zero; the driver seals them).
Bytes compile_program_tables(const LoweredProgram& program, const ConstantBlob& blob, const ProgramMetadata& metadata, const Target& target,
                             const CodegenOptions& options);
// For .a: an object with `int32_t <name>_run(const void* const* inputs, void* const* outputs, void* arena, void* scratch,
// void (*parallel_for)(void* ctx, int64_t tasks, void (*body)(void* arg, int64_t begin, int64_t end, int32_t worker), void* arg), void* ctx)`,
// <name>_arena_bytes and <name>_scratch_bytes; works with parallel_for NULL. Every other symbol is hidden and prefixed.
Bytes compile_static_entry(const LoweredProgram& program, const ConstantBlob& blob, const Target& target, const CodegenOptions& options);

// In-process lld. Only `exported` is visible. Needs nothing but libc, libm (named where used).
Bytes link_shared(std::span<const Bytes> objects, const std::string& exported, const Target& target);
// Links to <name>.o members of an ar archive, deterministic.
Bytes write_archive(std::span<const Bytes> objects, const std::string& stem);

}  // namespace broach
