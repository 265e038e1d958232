#pragma once
// The result of lowering a graph: kernels, constants and a static plan of steps over buffers. Nothing of the graph is needed after it.
#include <string>
#include <vector>

#include "graph/graph.h"
#include "loop/stmt.h"

namespace broach {

struct ProgramTensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
};

// A constant of the program: given, or made at compile time by a prologue step (packing).
struct ProgramConstant {
  std::string name;
  DType dtype = DType::f32;
  int64_t elements = 0;
  Constant value = {};  // empty until the prologue has run
  int64_t bytes() const { return elements * byte_size(dtype); }
};

enum class BufferKind : uint8_t { input, output, constant, arena };

struct ProgramBuffer {
  BufferKind kind = BufferKind::arena;
  int index = 0;       // input, output: which tensor; constant: which constant; arena: which allocation, of which this is all or a view
  int64_t offset = 0;  // bytes, from the tensor's, constant's or arena's start; a multiple of 64 for arena buffers that are no views
  int64_t bytes = 0;
};

struct ProgramStep {
  int function = 0;
  std::vector<int> arguments;  // buffers, one per parameter of the function
  Origin origin;
  bool barrier = true;   // all earlier steps must have ended
  bool serial = false;   // too small to share between threads
};

struct LoweredProgram {
  std::string name = "default";
  std::vector<PrimFunc> functions;  // distinct
  std::vector<ProgramTensor> inputs, outputs;
  std::vector<ProgramConstant> constants;
  std::vector<ProgramBuffer> buffers;
  std::vector<ProgramStep> steps;
  std::vector<ProgramStep> prologue;  // at compile time on the host; arguments index `constants`
  int64_t arena_bytes = 0;
};

std::string to_string(const LoweredProgram& program);
LoweredProgram parse_program(std::string_view text);  // constants come back without values

// Throws InternalError: indices out of range, argument counts, a buffer outside its tensor, constant or the arena, allocations that overlap
// and are in use at the same time (between two barriers steps run in any order), a step that reads what one since the last barrier wrote.
void verify(const LoweredProgram& program);

}  // namespace broach
