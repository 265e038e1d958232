#pragma once
// From a model file to an artifact: the one function that everything which compiles calls.
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/tensor_type.h"

namespace broach {

// How a model file is read; also what check, inspect and verify need to know.
struct ModelOptions {
  std::string format;                         // "onnx" or "graph"; empty: by the file's suffix
  std::map<std::string, Shape> input_shapes;  // for inputs whose shape the model leaves open
};

// Stages that can be written out, in the order of processing.
inline constexpr std::string_view dump_stages[] = {"graph", "te", "schedule", "loop", "plan", "ll", "asm"};

struct CompileOptions {
  ModelOptions model;
  std::string target = "llvm";         // as parse_target (target/target.h) reads it
  std::string output = "module.tar";   // by suffix: .tar, .so, .a (with .h beside it) or .graph
  // 3: everything. 2: no folding of batch norms, no sharing of equal results. 1: also row-major layouts and separate pads.
  // 0: also one node a kernel and plain machine code.
  int opt_level = 3;
  std::vector<std::string> disabled_passes;
  std::map<std::string, std::string> pass_config;  // "fuse.max_nodes": most nodes in one kernel
  std::string desired_layout;          // of convolutions: NCHW, NCHW4c, NCHW8c, NCHW16c; empty: blocks as wide as the target's vectors
  std::string module_name = "default";
  std::string cross_compiler, cross_compiler_options;  // a program that links, options with blanks between them; empty: linked in process

  std::vector<std::string> dump_code;  // of dump_stages: written as <output>.<stage>
  std::vector<std::string> print_ir_before, print_ir_after;  // names of passes; "all": every one. To stdout
  bool print_pass_times = false;                             // to stdout

  std::map<std::string, std::string> meta;  // key to JSON value: goes into the artifact's meta object as it is

  // Called from the compiling thread: what is being done now, and how much of the whole is done, 0 to 1, never falling.
  std::function<void(std::string_view stage, double fraction)> progress;
};

struct CompileResult {
  std::vector<std::string> files;  // what was written, the artifact first
  std::string target;              // canonical
  double seconds = 0;
};

// Throws Error for what is wrong with the model or an option; then no file is left under a final name.
CompileResult compile_file(const std::string& model, const CompileOptions& options);

// The same for the bytes of a model whose data is all inside; options.output does not matter. The result is a library that holds its
// weights, as an output .so does.
std::vector<std::byte> compile_model(std::span<const std::byte> model, const CompileOptions& options);

}  // namespace broach
