// A session: a program's sizes evaluated, its memory taken, every step's pointers ready. run() walks the steps.
#pragma once
#include <atomic>

#include "runtime/memory.h"
#include "runtime/module.h"
#include "runtime/share_steps.h"

namespace broach::runtime::internal {

// A step made ready.
struct Step {
  broach_kernel fn;  // null: copy buf[0] to buf[1]
  void** buf;
  int64_t tasks;
  uint64_t copy_bytes;
  uint32_t origin;
  bool shared;  // its tasks are shared by the threads of a run; else one thread runs all
  bool sync;    // all earlier steps end before it begins
};

// An input or output of the session.
struct Binding {
  broach_dltensor view;  // what the model reads or writes; view.data is own or the caller's memory
  broach_dltensor copy;  // outputs: where each run is copied to; data null: nowhere
  void* own;
  uint64_t bytes;
  bool given;  // inputs: set or viewed
};

// A pointer of a step that follows an input's or output's memory.
struct Patch {
  void** pointer;
  uint64_t tensor, offset;
};

}  // namespace broach::runtime::internal

struct broach_session {
  using Module = broach_module;
  template <typename T>
  using Array = broach::runtime::internal::Array<T>;
  using Pages = broach::runtime::internal::Pages;

  explicit broach_session(Module* owner) noexcept : module(owner) { broach::runtime::internal::retain_module(owner); }
  broach_session(const broach_session&) = delete;
  ~broach_session();

  Module* module;
  uint32_t threads = 1;
  uint64_t spin_ns = 0;
  bool debug = false;       // guard pages, poisoned memory
  bool has_shared = false;  // some step can use workers
  bool rebound = true;      // bindings changed since they were last checked
  uint64_t profiled_runs = 0;

  Array<int64_t> dims, shapes;
  Array<broach::runtime::internal::Binding> tensors;  // inputs, then outputs
  Array<Pages*> own;                                  // of the tensors
  Pages arena, scratch;
  uint64_t scratch_stride = 0;  // bytes from one worker's scratch to the next
  Array<broach::runtime::internal::Step> steps;
  Array<void*> pointers;
  Array<broach::runtime::internal::Patch> patches;
  Array<uint64_t> profile_ns;  // by step
  Array<broach::runtime::internal::Worker*> workers;

  broach::runtime::internal::Sharing sharing;

  std::atomic<bool> busy{false};
  std::atomic<bool> profiling{false};
  std::atomic<uint64_t> failure{0};  // first step that failed + 1 in the upper half, its status in the lower
};

namespace broach::runtime::internal {

// dims: values of the program's symbolic dimensions.
broach_status create_session(broach_module* module, uint32_t threads, const int64_t* dims, uint32_t ndims, broach_session** session) noexcept;
void close_session(broach_session* session) noexcept;

// Marks a session as in use for a scope; refused where it already is.
class Use {
 public:
  explicit Use(broach_session& session) noexcept : session_(session), taken_(!session.busy.exchange(true, std::memory_order_acquire)) {}
  Use(const Use&) = delete;
  ~Use() {
    if (taken_) session_.busy.store(false, std::memory_order_release);
  }
  broach_status status() const noexcept;

 private:
  broach_session& session_;
  bool taken_;
};

// index counts inputs, then outputs. tensor null: back to the session's own memory.
broach_status bind_input(broach_session& session, uint64_t index, const broach_dltensor* tensor, bool copy) noexcept;
broach_status bind_output(broach_session& session, uint64_t index, const broach_dltensor* tensor) noexcept;
broach_status run_session(broach_session& session) noexcept;
void set_profile(broach_session& session, bool enabled) noexcept;

}  // namespace broach::runtime::internal
