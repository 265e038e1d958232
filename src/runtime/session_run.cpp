#include <cstring>

#include "runtime/program_check.h"
#include "runtime/session.h"
#include "runtime/tensor_copy.h"

namespace broach::runtime::internal {
namespace {

const char* tensor_name(const broach_session& session, uint64_t index) { return session.module->tensors[index].name; }

void set_memory(broach_session& session, uint64_t index, void* data) {
  session.tensors[index].view.data = data;
  session.rebound = true;
  for (const Patch& patch : session.patches)
    if (patch.tensor == index) *patch.pointer = static_cast<uint8_t*>(data) + patch.offset;
}

bool overlap(const Binding& a, const Binding& b) {
  const auto a_start = reinterpret_cast<uintptr_t>(a.view.data), b_start = reinterpret_cast<uintptr_t>(b.view.data);
  return a.bytes && b.bytes && a_start < b_start + b.bytes && b_start < a_start + a.bytes;
}

broach_status check_bindings(broach_session& session) {
  if (!session.rebound) return BROACH_STATUS_OK;
  const uint32_t ninputs = session.module->program->ninputs;
  for (uint64_t i = 0; i < ninputs; ++i)
    if (!session.tensors[i].given) return fail(BROACH_STATUS_ARGUMENT, "input %s has not been set", tensor_name(session, i));
  for (uint64_t output = ninputs; output < session.tensors.size(); ++output)
    for (uint64_t i = 0; i < output; ++i)
      if (overlap(session.tensors[i], session.tensors[output]))
        return fail(BROACH_STATUS_ARGUMENT, "the memory of output %s overlaps that of %s %s: use separate tensors", tensor_name(session, output),
                    i < ninputs ? "input" : "output", tensor_name(session, i));
  session.rebound = false;
  return BROACH_STATUS_OK;
}

broach_status check_failure(const broach_session& session) {
  const uint64_t failure = session.failure.load(std::memory_order_relaxed);
  if (!failure) return BROACH_STATUS_OK;
  const uint64_t step = (failure >> 32) - 1;
  return fail(BROACH_STATUS_KERNEL, "step %llu of %s (%s) ended with status %d", static_cast<unsigned long long>(step), session.module->label(),
              session.module->program->origins[session.steps[step].origin], static_cast<int32_t>(static_cast<uint32_t>(failure)));
}

// What is not written before it is read becomes NaN, in memory that looks fresh otherwise.
void poison(broach_session& session) {
  std::memset(session.arena.data(), 0xff, session.arena.bytes());
  std::memset(session.scratch.data(), 0xff, session.scratch.bytes());
  for (uint64_t i = session.module->program->ninputs; i < session.tensors.size(); ++i)
    if (session.tensors[i].bytes) std::memset(session.tensors[i].view.data, 0xff, session.tensors[i].bytes);
}

void copy_outputs(broach_session& session) {
  for (uint64_t i = session.module->program->ninputs; i < session.tensors.size(); ++i) {
    const Binding& binding = session.tensors[i];
    if (binding.copy.data) copy_tensor(binding.copy, binding.view);
  }
}

}  // namespace

broach_status Use::status() const noexcept {
  if (taken_) return BROACH_STATUS_OK;
  return fail(BROACH_STATUS_BUSY, "the session is busy: another thread is using it; give each thread its own session");
}

broach_status bind_input(broach_session& session, uint64_t index, const broach_dltensor* tensor, bool copy) noexcept {
  Binding& binding = session.tensors[index];
  if (!tensor) {
    binding.given = false;
    set_memory(session, index, binding.own);
    return BROACH_STATUS_OK;
  }
  BROACH_TRY(check_tensor(*tensor, binding.view, binding.bytes, "input", tensor_name(session, index)));
  binding.given = true;
  if (!copy && is_usable_in_place(*tensor) && tensor->data) {
    set_memory(session, index, data_of(*tensor));
    return BROACH_STATUS_OK;
  }
  set_memory(session, index, binding.own);
  copy_tensor(binding.view, *tensor);
  return BROACH_STATUS_OK;
}

broach_status bind_output(broach_session& session, uint64_t index, const broach_dltensor* tensor) noexcept {
  Binding& binding = session.tensors[index];
  if (tensor) BROACH_TRY(check_tensor(*tensor, binding.view, binding.bytes, "output", tensor_name(session, index)));
  int64_t* strides = binding.view.shape + binding.view.ndim;
  const bool in_place = tensor && tensor->data && is_usable_in_place(*tensor);
  set_memory(session, index, in_place ? data_of(*tensor) : binding.own);
  binding.copy = binding.view;
  binding.copy.data = nullptr;
  if (!tensor || in_place) return BROACH_STATUS_OK;
  binding.copy.data = data_of(*tensor);
  binding.copy.strides = tensor->strides ? strides : nullptr;
  if (tensor->strides) std::memcpy(strides, tensor->strides, static_cast<size_t>(tensor->ndim) * sizeof *strides);
  return BROACH_STATUS_OK;
}

broach_status run_session(broach_session& session) noexcept {
  BROACH_TRY(check_bindings(session));
  if (session.debug) poison(session);
  session.failure.store(0, std::memory_order_relaxed);
  run_steps(session);
  if (session.profiling) ++session.profiled_runs;
  BROACH_TRY(check_failure(session));
  copy_outputs(session);
  return BROACH_STATUS_OK;
}

void set_profile(broach_session& session, bool enabled) noexcept {
  session.profiling.store(enabled, std::memory_order_relaxed);
  if (!enabled) return;
  session.profiled_runs = 0;
  for (uint64_t& ns : session.profile_ns) ns = 0;
}

}  // namespace broach::runtime::internal
