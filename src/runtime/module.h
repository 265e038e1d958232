// A loaded artifact: its library, its constants, and what it says of its inputs and outputs.
#pragma once
#include <atomic>

#include "runtime/artifact_note.h"
#include "runtime/memory.h"

struct broach_module {
  broach_module() = default;
  broach_module(const broach_module&) = delete;
  ~broach_module();

  const char* label() const noexcept { return name.data(); }
  uint64_t ntensors() const noexcept { return uint64_t{program->ninputs} + program->noutputs; }

  std::atomic<uint32_t> references{1};
  broach::runtime::internal::Array<char> name;  // of the artifact, in messages
  broach_note note = {};
  const broach_program* program = nullptr;
  const uint8_t* constants = nullptr;
  broach::runtime::internal::Array<broach_tensor_info> tensors;  // inputs, then outputs

  // What the pointers above point into.
  void* library = nullptr;
  int library_descriptor = -1;  // of a library without a path of its own
  broach::runtime::internal::FileMap constants_file;
  broach::runtime::internal::Pages constants_copy;
  broach::runtime::internal::Array<int64_t> shapes;
};

namespace broach::runtime::internal {

broach_status open_module(const char* path, broach_module** module) noexcept;
broach_status open_module(const uint8_t* artifact, uint64_t bytes, const uint8_t* params, uint64_t params_bytes, broach_module** module) noexcept;
void retain_module(broach_module* module) noexcept;
void release_module(broach_module* module) noexcept;
broach_status verify_module(const broach_module& module) noexcept;

// The tensor of this name among `count` from `first` on; kind is "input" or "output".
broach_status find_tensor(const broach_module& module, uint64_t first, uint32_t count, const char* kind, const char* name, uint32_t* index) noexcept;

}  // namespace broach::runtime::internal
