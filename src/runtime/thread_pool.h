// The process's worker threads, and how threads of a run wait for each other.
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

inline void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("isb" ::: "memory");
#endif
}

// Checks until ready() or for about spin_ns by the clock; returns whether it became ready.
template <typename Ready>
bool spin_until(const Ready& ready, uint64_t spin_ns) noexcept {
  constexpr int checks_per_clock = 32;
  uint64_t end = 0;
  while (spin_ns) {
    for (int i = 0; i < checks_per_clock; ++i) {
      if (ready()) return true;
      pause_cpu();
    }
    const uint64_t now = now_ns();
    if (!end) end = now + spin_ns;
    if (now >= end) break;
  }
  return ready();
}

// A number that threads raise and others wait to see raised.
class Signal {
 public:
  uint32_t value() const noexcept { return value_.load(std::memory_order_acquire); }
  void raise() noexcept;
  // Returns when the value is no longer `old`; what the raising thread did before is visible then.
  void wait_while(uint32_t old, uint64_t spin_ns) noexcept;

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<uint32_t> sleepers_{0};
};

struct Worker;

// Work of one worker for an owner. index counts from 1, 0 being the calling thread; run is the number the owner gave.
using Work = void (*)(void* owner, uint32_t index, uint64_t run);

// Takes up to `wanted` free workers for the owner, starting missing ones; returns how many. Each is free again when the
// work given to it has returned; every one taken must be given work. Never fails: where a thread cannot be started
// there are fewer. A worker that is just returning from the same owner's last run is waited for, but only a moment.
uint32_t borrow_workers(Worker** workers, uint32_t wanted, void* owner) noexcept;
// Starts work(owner, 1 ..., run) on the borrowed workers, with the caller's floating-point modes.
void start_workers(Worker** workers, uint32_t count, Work work, uint64_t run) noexcept;
// Returns when no worker works for the owner any more.
void await_workers(const void* owner, uint64_t spin_ns) noexcept;

}  // namespace broach::runtime::internal
