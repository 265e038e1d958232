// The process's worker threads, and the two ways threads of a run wait for each other.
//
// Workers are started when first wanted, belong to the process and never end; a run borrows those that are free and
// goes on with fewer where others use them. A waiting thread spins for a bounded time, then sleeps: idle burns no CPU.
#pragma once
#include <atomic>
#include <cstdint>

namespace broach::runtime::internal {

constexpr uint32_t most_threads = 1024;      // of one session
constexpr uint64_t default_spin_ns = 30000;  // the longest a thread spins before it sleeps

uint64_t now_ns() noexcept;

// A number that one thread raises and others wait to see raised.
class Signal {
 public:
  uint32_t value() const noexcept { return value_.load(std::memory_order_relaxed); }
  void raise() noexcept;
  // Returns when the value is no longer `old`; what the raising thread did before is visible then.
  void wait_while(uint32_t old, uint64_t spin_ns) noexcept;

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<uint32_t> sleepers_{0};
};

// Holds threads until all of `count` have come; used again and again.
class Barrier {
 public:
  void wait(uint32_t count, uint64_t spin_ns) noexcept;

 private:
  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) Signal passed_;
};

struct Worker;

// Work of one worker: index counts from 1, 0 being the calling thread.
using Work = void (*)(void* argument, uint32_t index);

// Takes up to `wanted` free workers, starting missing ones; returns how many. They are the caller's until join_workers.
// Never fails: where a thread cannot be started there are fewer.
uint32_t borrow_workers(Worker** workers, uint32_t wanted) noexcept;
// Starts work(argument, 1 ...) on the borrowed workers, with the caller's floating-point modes.
void start_workers(Worker** workers, uint32_t count, Work work, void* argument) noexcept;
// Waits for their end and gives them back.
void join_workers(Worker** workers, uint32_t count, uint64_t spin_ns) noexcept;

}  // namespace broach::runtime::internal
