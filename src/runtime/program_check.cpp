#include "runtime/program_check.h"

#include <cstring>

#include "runtime/error.h"
#include "runtime/expression.h"

namespace broach::runtime::internal {
namespace {

constexpr uint32_t most_dims = 64;  // of a tensor

class Checker {
 public:
  Checker(const broach_program& program, const Artifact& artifact, uintptr_t base) : program_(program), artifact_(artifact), base_(base) {}

  broach_status check() {
    BROACH_TRY(check_header());
    BROACH_TRY(check_tables());
    BROACH_TRY(check_constants());
    for (uint32_t i = 0; i < program_.norigins; ++i)
      if (!is_string(program_.origins[i])) return bad("origin", i);
    for (uint64_t i = 0; i < ntensors(); ++i)
      if (!is_tensor(tensor_of(program_, i))) return bad("tensor", i);
    for (uint32_t i = 0; i < program_.nbuffers; ++i)
      if (!is_buffer(buffer_of(program_, i))) return bad("buffer", i);
    for (uint32_t i = 0; i < program_.nargs; ++i)
      if (program_.args[i] >= program_.nbuffers) return bad("argument", i);
    for (uint32_t i = 0; i < program_.nsteps; ++i)
      if (!is_step(step_of(program_, i))) return bad("step", i);
    return BROACH_STATUS_OK;
  }

 private:
  uint64_t ntensors() const { return uint64_t{program_.ninputs} + program_.noutputs; }

  uint64_t mapped_from(const void* pointer, bool executable = false) const {
    return pointer ? mapped_bytes(artifact_, reinterpret_cast<uintptr_t>(pointer) - base_, executable) : 0;
  }
  bool is_mapped(const void* pointer, uint64_t bytes) const { return mapped_from(pointer) >= bytes; }

  bool is_table(const void* pointer, uint64_t count, uint64_t stride, uint64_t alignment) const {
    if (count == 0) return true;
    return reinterpret_cast<uintptr_t>(pointer) % alignment == 0 && stride % alignment == 0 && is_mapped(pointer, count * stride);
  }

  bool is_string(const char* text) const {
    const uint64_t bytes = mapped_from(text);
    return bytes != 0 && std::memchr(text, 0, bytes) != nullptr;
  }

  bool is_size(uint32_t expression) const { return is_valid_expression(program_, expression); }

  bool is_tensor(const broach_tensor& tensor) const {
    if (!is_string(tensor.name) || !is_size(tensor.bytes) || tensor.ndim > most_dims) return false;
    if (tensor.dtype_bits == 0 || tensor.dtype_lanes == 0) return false;
    if (!is_table(tensor.shape, tensor.ndim, sizeof(uint32_t), alignof(uint32_t))) return false;
    for (uint32_t i = 0; i < tensor.ndim; ++i)
      if (!is_size(tensor.shape[i])) return false;
    return true;
  }

  bool is_buffer(const broach_buffer& buffer) const {
    if (!is_size(buffer.offset) || !is_size(buffer.bytes)) return false;
    switch (buffer.kind) {
      case BROACH_BUFFER_INPUT: return buffer.index < program_.ninputs;
      case BROACH_BUFFER_OUTPUT: return buffer.index < program_.noutputs;
      default: return buffer.kind <= BROACH_BUFFER_ARENA;
    }
  }

  bool is_step(const broach_step& step) const {
    if (step.arg0 > program_.nargs || step.nargs > program_.nargs - step.arg0) return false;
    if (step.origin >= program_.norigins || !is_size(step.tasks) || step.nbody != 0) return false;
    if (step.kind == BROACH_STEP_COPY) return step.nargs == 2;
    return step.kind == BROACH_STEP_CALL && mapped_from(reinterpret_cast<const void*>(step.fn), true) != 0;
  }

  broach_status check_header() const {
    if (!is_mapped(&program_, sizeof program_) || program_.size < sizeof program_ || !is_mapped(&program_, program_.size))
      return bad("program header");
    const broach_note& note = artifact_.note;
    const bool same = program_.major == note.major && program_.constants_bytes == note.constants_bytes &&
                      std::memcmp(program_.build_id, note.build_id, sizeof note.build_id) == 0 &&
                      std::memcmp(program_.features, note.features, sizeof note.features) == 0;
    if (!same) return bad("program header, which differs from the note,");
    if (!is_string(program_.target) || (program_.meta && !is_string(program_.meta))) return bad("target or meta string");
    return BROACH_STATUS_OK;
  }

  broach_status check_tables() const {
    const broach_program& p = program_;
    if (p.step_stride < sizeof(broach_step) || !is_table(p.steps, p.nsteps, p.step_stride, alignof(broach_step))) return bad("step table");
    if (p.buffer_stride < sizeof(broach_buffer) || !is_table(p.buffers, p.nbuffers, p.buffer_stride, alignof(broach_buffer)))
      return bad("buffer table");
    if (p.tensor_stride < sizeof(broach_tensor) || !is_table(p.tensors, ntensors(), p.tensor_stride, alignof(broach_tensor)))
      return bad("tensor table");
    if (!is_table(p.exprs, p.nexprs, sizeof(int64_t), alignof(int64_t))) return bad("expression table");
    if (!is_table(p.args, p.nargs, sizeof(uint32_t), alignof(uint32_t))) return bad("argument table");
    if (!is_table(p.origins, p.norigins, sizeof(char*), alignof(char*))) return bad("origin table");
    if (!is_size(p.arena_bytes) || !is_size(p.scratch_bytes)) return bad("arena or scratch size");
    return BROACH_STATUS_OK;
  }

  // Constants in the library lie where the note says, so that the checksum of the one is the checksum of the other.
  broach_status check_constants() const {
    if (program_.constants_bytes == 0) return BROACH_STATUS_OK;
    const bool inside = artifact_.note.constants_offset != 0;
    if (inside != (program_.constants != nullptr)) return bad("constants' place");
    if (!inside) return BROACH_STATUS_OK;
    const uintptr_t address = reinterpret_cast<uintptr_t>(program_.constants);
    uint64_t expected;
    if (address % BROACH_ALIGNMENT != 0 || !is_mapped(program_.constants, program_.constants_bytes) ||
        !address_of_offset(artifact_, artifact_.note.constants_offset, &expected) || address - base_ != expected)
      return bad("constants' address");
    return BROACH_STATUS_OK;
  }

  broach_status bad(const char* what) const {
    return fail(BROACH_STATUS_FORMAT, "%s has a malformed %s, a fault of the compiler that wrote it: please report it", artifact_.name, what);
  }
  broach_status bad(const char* what, uint64_t index) const {
    Text text;
    text.add("%s %llu", what, static_cast<unsigned long long>(index));
    return bad(text.c_str());
  }

  const broach_program& program_;
  const Artifact& artifact_;
  uintptr_t base_;
};

}  // namespace

broach_status check_program(const broach_program* program, const Artifact& artifact, uintptr_t base) noexcept {
  return Checker(*program, artifact, base).check();
}

}  // namespace broach::runtime::internal
