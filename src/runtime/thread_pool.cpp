#include "runtime/thread_pool.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>

namespace broach::runtime::internal {
namespace {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

void futex(std::atomic<uint32_t>& word, int operation, uint32_t value) {
  syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

// Control bits of floating point: rounding, flush to zero. Results must not depend on which thread ran a task, so a
// worker takes those of the thread it works for.
#if defined(__x86_64__)
using FloatModes = uint32_t;
FloatModes float_modes() { return __builtin_ia32_stmxcsr() & ~0x3fu; }
void set_float_modes(FloatModes modes) { __builtin_ia32_ldmxcsr(modes); }
#else
using FloatModes = uint64_t;
FloatModes float_modes() {
  FloatModes modes;
  __asm__ volatile("mrs %0, fpcr" : "=r"(modes));
  return modes;
}
void set_float_modes(FloatModes modes) { __asm__ volatile("msr fpcr, %0" ::"r"(modes)); }
#endif

}  // namespace

struct alignas(128) Worker {
  std::atomic<void*> owner{nullptr};  // null: free
  Work work = nullptr;
  uint32_t index = 0;
  uint64_t run = 0;
  FloatModes modes = 0;
  alignas(64) Signal given;
  alignas(64) Signal left;
};

namespace {

// Long enough for a worker that is on its way out of the owner's last run, too short to matter where it lost its CPU.
constexpr uint64_t return_ns = 2000;

// All of it is constant-initialised and nothing is ever destroyed: threads may wait in it while the process ends.
constinit Worker* slots[most_threads] = {};
constinit std::atomic<uint32_t> started{0};
constinit std::atomic<bool> starting{false};
constinit bool prepared = false;

void* run_worker(void* argument) {
  Worker& worker = *static_cast<Worker*>(argument);
  for (uint32_t last = 0;; ++last) {
    worker.given.wait_while(last, default_spin_ns);
    set_float_modes(worker.modes);
    worker.work(worker.owner.load(std::memory_order_relaxed), worker.index, worker.run);
    worker.owner.store(nullptr, std::memory_order_release);
    worker.left.raise();
  }
  return nullptr;
}

// The child of fork() has none of its parent's threads; it starts its own, in the same slots.
void forget_workers() {
  started.store(0, std::memory_order_relaxed);
  starting.store(false, std::memory_order_relaxed);
}

// Unloading this library would pull the code from under the workers, so it stays.
void stay_loaded() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&run_worker), &info) && info.dli_fname) dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

bool start_worker(uint32_t slot) {
  if (!slots[slot]) slots[slot] = static_cast<Worker*>(std::aligned_alloc(alignof(Worker), sizeof(Worker)));
  if (!slots[slot]) return false;
  Worker* worker = new (slots[slot]) Worker;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are the program's: none is handled on a thread it does not know.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, run_worker, worker);
  if (!error) {
    char name[16];
    std::snprintf(name, sizeof name, "broach-%u", slot + 1);
    pthread_setname_np(thread, name);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

void start_missing(uint32_t wanted) {
  // While another thread starts workers this one goes on with those there are.
  if (starting.exchange(true, std::memory_order_acquire)) return;
  if (!prepared) {
    prepared = true;
    stay_loaded();
    pthread_atfork(nullptr, nullptr, forget_workers);
  }
  for (uint32_t count = started.load(std::memory_order_relaxed); count < wanted && start_worker(count);)
    started.store(++count, std::memory_order_release);
  starting.store(false, std::memory_order_release);
}

}  // namespace

uint64_t now_ns() noexcept {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

void Signal::raise() noexcept {
  // Sequential consistency, here and in wait_while: either this sees the sleeper or the sleeper sees the new value.
  value_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst)) futex(value_, FUTEX_WAKE, INT_MAX);
}

void Signal::wait_while(uint32_t old, uint64_t spin_ns) noexcept {
  if (spin_until([&] { return value() != old; }, spin_ns)) return;
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  while (value_.load(std::memory_order_seq_cst) == old) futex(value_, FUTEX_WAIT, old);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

namespace {

bool take_worker(Worker& worker, void* owner) {
  if (worker.owner.load(std::memory_order_relaxed) == owner)
    spin_until([&] { return worker.owner.load(std::memory_order_relaxed) != owner; }, return_ns);
  void* none = nullptr;
  return worker.owner.compare_exchange_strong(none, owner, std::memory_order_acquire, std::memory_order_relaxed);
}

}  // namespace

uint32_t borrow_workers(Worker** workers, uint32_t wanted, void* owner) noexcept {
  if (started.load(std::memory_order_acquire) < wanted) start_missing(wanted);
  const uint32_t count = started.load(std::memory_order_acquire);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < count && taken < wanted; ++i)
    if (take_worker(*slots[i], owner)) workers[taken++] = slots[i];
  return taken;
}

void start_workers(Worker** workers, uint32_t count, Work work, uint64_t run) noexcept {
  const FloatModes modes = float_modes();
  for (uint32_t i = 0; i < count; ++i) {
    Worker& worker = *workers[i];
    worker.work = work;
    worker.index = i + 1;
    worker.run = run;
    worker.modes = modes;
    worker.given.raise();
  }
}

void await_workers(const void* owner, uint64_t spin_ns) noexcept {
  const uint32_t count = started.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count; ++i) {
    Worker& worker = *slots[i];
    for (;;) {
      const uint32_t seen = worker.left.value();
      if (worker.owner.load(std::memory_order_acquire) != owner) break;
      worker.left.wait_while(seen, spin_ns);
    }
  }
}

}  // namespace broach::runtime::internal
