#pragma once
// The tables of a compiled library (abi.h), read from its file: nothing is loaded, so it may be for any CPU.
#include <map>
#include <string>
#include <vector>

#include "broach/abi.h"
#include "support/files.h"

namespace broach {

struct ImageTensor {
  std::string name;
  uint8_t dtype_code = 0, dtype_bits = 0;
  std::vector<int64_t> shape;  // -1: depends on a symbolic dimension
};

struct ImageStep {
  std::string origin;
  std::string kernel;  // "copy" for copies; empty where the library's symbols are stripped
  int64_t tasks = 0;   // -1: depends on a symbolic dimension
};

struct ProgramImage {
  broach_note note = {};
  std::string target, meta, name;
  std::vector<ImageTensor> inputs, outputs;
  std::vector<ImageStep> steps;
  int64_t code_bytes = 0, constant_bytes = 0;
  int64_t arena_bytes = 0, scratch_bytes = 0;  // of a session; scratch for each of its threads
};

// An artifact, .tar or .so. Throws Error: no such file, not an artifact, a damaged one, another format version.
ProgramImage read_program_image(const std::string& path);

}  // namespace broach
