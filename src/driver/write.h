#pragma once
#include "codegen/llvm/codegen.h"
#include "driver/compile.h"
#include "driver/dump.h"

namespace broach {

enum class OutputKind : uint8_t { tar, shared, archive, graph };
OutputKind output_kind(const std::string& path);  // by suffix; Error for any other

// Refuses early what could not be written in the end, and names that make no symbol.
void check_output(const CompileOptions& options);

// Generates code, links, seals and writes: the files' names, the artifact first. Nothing is left under a final name on failure.
std::vector<std::string> write_artifact(const LoweredProgram& program, const Target& target, const CompileOptions& options, Dumper& dumper);

}  // namespace broach
