#pragma once
// What is written: containers and files.
#include <functional>

#include "codegen/llvm/codegen.h"

namespace broach {

// The .params container (TVM's layout of named tensors), with pad tensors between so that every constant is 64-byte aligned in the blob.
struct ParamsBlob {
  Bytes bytes;
  std::vector<int64_t> offsets;  // of each constant's data
};
ParamsBlob make_params(const std::vector<ProgramConstant>& constants);

// The plan for people: TVM's graph JSON keys (nodes, arg_nodes, heads, node_row_ptr, attrs). The runtime never reads it.
std::string plan_json(const LoweredProgram& program);

struct TarEntry {
  std::string name;
  std::string_view bytes;
};
// A ustar archive; the same entries give the same bytes.
void write_tar(const std::string& path, const std::vector<TarEntry>& entries);

// A linked, sealed library for a program. `embed`: the constants are inside.
struct Library {
  Bytes bytes;
  ParamsBlob params;
};
struct BuildLibraryOptions {
  bool embed_constants = true;
  std::string meta_json = "{}";
  CodegenOptions codegen;
  // Makes one library of objects in which only `exported` can be seen; empty: link_shared.
  std::function<Bytes(std::span<const Bytes> objects, const std::string& exported)> link;
};

// Identifies the inputs of a build: program, constants, target, options that change code. In every artifact (abi.h).
std::array<uint8_t, 32> build_id(const LoweredProgram& program, const Target& target, const std::string& meta_json, int opt_level, bool embed);
Library build_library(const LoweredProgram& program, const Target& target, const BuildLibraryOptions& options);

}  // namespace broach
