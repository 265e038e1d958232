#pragma once
// Compiles a PrimFunc for this machine the whole way (object, tables, link, dlopen) and runs it beside the interpreter.
#include <memory>
#include <random>

#include "broach/abi.h"
#include "codegen/llvm/codegen.h"
#include "loop/stmt.h"

namespace broach::test {

Target host_target();
Target target_of(const std::string& text);  // resolve_target of parse_target

// A program with one step per function; every parameter is an input or an output of its own.
LoweredProgram program_of(const std::vector<PrimFunc>& functions, const std::string& name = "test");

class Library {
 public:
  explicit Library(const Bytes& bytes, const std::string& symbol = "broach_program_test");
  ~Library();
  Library(const Library&) = delete;
  const broach_program& program() const { return *program_; }
  broach_kernel kernel(size_t step) const;
  int64_t size(uint32_t expression) const { return program_->exprs[expression + 2]; }
  int64_t tasks(size_t step) const;

 private:
  void* handle_;
  const broach_program* program_;
};

// Objects, tables and link.
Bytes build_library(const LoweredProgram& program, const Target& target, int threads = 1, int opt_level = 3);

// Memory of a parameter between canaries. It begins one element after a multiple of 16 bytes: views may begin anywhere, so no code may count
// on more than an element's alignment.
class Memory {
 public:
  Memory(DType dtype, int64_t elements);
  void* data() { return bytes_.data() + begin(); }
  const void* data() const { return bytes_.data() + begin(); }
  bool intact() const;  // nothing was written outside
  void fill(std::mt19937& random);  // ordinary and special values

  size_t begin() const { return margin + size_t(byte_size(dtype)); }
  static constexpr size_t margin = 64;
  DType dtype;
  int64_t elements;

 private:
  std::vector<unsigned char> bytes_;
};

// Runs f compiled and interpreted on equal random data and expects equal results in every written parameter: exactly (any NaN equals
// any other, -0 equals 0), or within `ulps` units in the last place of the dtype.
void expect_like_interpreter(const PrimFunc& f, double ulps = 0, int opt_level = 3, unsigned seed = 1);

// The same on given data: fill(parameter, memory) sets it.
void expect_like_interpreter(const PrimFunc& f, const std::function<void(size_t, Memory&)>& fill, double ulps = 0, int opt_level = 3);

// The same for a function that is a step of a library already.
void expect_like_interpreter(const Library& library, size_t step, const PrimFunc& f, const std::function<void(size_t, Memory&)>& fill,
                             double ulps = 0);

}  // namespace broach::test
