#pragma once
#include "codegen/llvm/codegen.h"
#include "driver/artifact.h"
#include "driver/compile.h"
#include "driver/dump.h"

namespace broach {

enum class OutputKind : uint8_t { tar, shared, archive, graph };
OutputKind output_kind(const std::string& path);  // by suffix; Error for any other

// Throws Error for a name that makes no symbol.
void check_module_name(const std::string& name);

// Refuses early what could not be written in the end.
void check_output(const CompileOptions& options);

// A program with all its constants, and what goes into the artifact beside it.
struct BuiltProgram {
  LoweredProgram program;
  Target target;
  std::string meta;
};

// Generates code, links and seals.
Library shared_library(const BuiltProgram& built, const CompileOptions& options, Dumper& dumper);

// The same and writes: the files' names, the artifact first. Nothing is left under a final name on failure.
std::vector<std::string> write_artifact(const BuiltProgram& built, const CompileOptions& options, Dumper& dumper);

}  // namespace broach
