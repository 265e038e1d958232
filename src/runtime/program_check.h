// Checks a loaded program before anything in it is used: a mistake of a compiler becomes a message, not a crash.
#pragma once
#include "runtime/artifact_note.h"

namespace broach::runtime::internal {

// Every size, stride, pointer and index of the program: pointers lie in the loaded image (base: its load address),
// strings end in it, indices are in range, expressions are valid. Values of expressions are the session's to check.
broach_status check_program(const broach_program* program, const Artifact& artifact, uintptr_t base) noexcept;

// Elements of a checked program; strides may be larger than the structures of this runtime.
inline const broach_step& step_of(const broach_program& program, uint64_t i) {
  return *reinterpret_cast<const broach_step*>(static_cast<const uint8_t*>(program.steps) + i * program.step_stride);
}
inline const broach_buffer& buffer_of(const broach_program& program, uint64_t i) {
  return *reinterpret_cast<const broach_buffer*>(static_cast<const uint8_t*>(program.buffers) + i * program.buffer_stride);
}
// Inputs first, then outputs.
inline const broach_tensor& tensor_of(const broach_program& program, uint64_t i) {
  return *reinterpret_cast<const broach_tensor*>(static_cast<const uint8_t*>(program.tensors) + i * program.tensor_stride);
}

}  // namespace broach::runtime::internal
