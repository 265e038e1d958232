#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "runtime/faults.h"
#include "runtime/thread_pool.h"
#include "runtime/toy.h"

#if defined(__SANITIZE_THREAD__)
// The child of the fork below has one thread: what ThreadSanitizer warns of does not happen.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace {

using broach::runtime::Module;
using broach::runtime::Session;
using broach::runtime::Tensor;
namespace internal = broach::runtime::internal;

const Module& model() {
  static const Module module(toy::sealed());
  return module;
}

void set_inputs(Session& session, int seed) {
  const auto x = toy::input(1000, seed), y = toy::input(1000, seed + 1);
  session.copy_input(0, Tensor::of(x.data(), {4, 250}));
  session.copy_input(1, Tensor::of(y.data(), {1000}));
}

bool is_right(Session& session, int seed) {
  const auto x = toy::input(1000, seed), y = toy::input(1000, seed + 1);
  const auto expected = toy::expected_out(x, y);
  const float total = toy::expected_total(x, y);
  return std::memcmp(session.output(0).data(), expected.data(), 4000) == 0 && std::memcmp(session.output(1).data(), &total, 4) == 0;
}

bool run_is_right(Session& session, int seed) {
  set_inputs(session, seed);
  session.run();
  return is_right(session, seed);
}

double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

int count_threads() {
  int count = 0;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

TEST(Threads, EveryCountGivesEqualBits) {
  for (uint32_t threads : {1u, 2u, 3u, 5u}) {
    Session session(model(), threads);
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(run_is_right(session, i)) << threads << " threads, run " << i;
  }
}

TEST(Threads, ProfilingOnSeveralThreads) {
  Session session(model(), 3);
  session.set_profile(true);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(run_is_right(session, i));
  for (const auto& entry : session.profile()) EXPECT_EQ(entry.count, 100u);
}

TEST(Threads, FourSessionsAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      Session session(model(), 1 + static_cast<uint32_t>(caller) % 3);
      for (int i = 0; i < 300; ++i) wrong += !run_is_right(session, 10 * i + caller);
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, AnErrorOnAWorkerEndsTheRun) {
  Session session(model(), 3);
  for (int i = 0; i < 50; ++i) {
    set_inputs(session, i);
    const float before = session.input(0).values<float>()[0];
    session.input(0).values<float>()[0] = 12345;
    EXPECT_EQ(broach_session_run(session.get()), BROACH_STATUS_KERNEL);
    session.input(0).values<float>()[0] = before;
    session.run();
    ASSERT_TRUE(is_right(session, i));
  }
}

TEST(Threads, BusyWorkersLeaveTheCallerAlone) {
  // Take every worker there is, as a long run of another session would.
  Session first(model(), 3);
  run_is_right(first, 1);
  internal::Worker* held[internal::most_threads];
  std::atomic<uint32_t> ran{0};
  const uint32_t count = internal::borrow_workers(held, 2, &ran);
  EXPECT_GE(count, 2u);
  Session session(model(), count + 1);
  EXPECT_TRUE(run_is_right(session, 5));
  const auto work = [](void* counter, uint32_t, uint64_t) { ++*static_cast<std::atomic<uint32_t>*>(counter); };
  internal::start_workers(held, count, work, 0);
  internal::await_workers(&ran, internal::default_spin_ns);
  EXPECT_EQ(ran, count);
  EXPECT_TRUE(run_is_right(session, 6));
}

// A worker that has lost its CPU before it took anything, here one kept busy in the session's name: runs end without
// it, and closing the session waits for it.
TEST(Threads, ALateWorkerDelaysNoRun) {
  using std::chrono::steady_clock;
  static std::atomic<bool> released;
  released = false;
  const steady_clock::time_point start = steady_clock::now();
  {
    Session session(model(), 2);
    ASSERT_TRUE(run_is_right(session, 1));
    internal::await_workers(session.get(), 0);
    internal::Worker* worker[1];
    ASSERT_EQ(internal::borrow_workers(worker, 1, session.get()), 1u);
    const auto work = [](void*, uint32_t, uint64_t) {
      while (!released) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    };
    internal::start_workers(worker, 1, work, 0);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(run_is_right(session, i));
    released = true;
  }
  EXPECT_GT(steady_clock::now() - start, std::chrono::milliseconds(100));
}

TEST(Threads, RunsDoNotAllocate) {
  for (uint32_t threads : {1u, 3u}) {
    Session session(model(), threads);
    ASSERT_TRUE(run_is_right(session, 1));
    const uint64_t before = faults::allocations();
    for (int i = 0; i < 100; ++i) broach_session_run(session.get());
    EXPECT_EQ(faults::allocations() - before, 0u) << threads << " threads";
    void* volatile memory = std::malloc(8);
    std::free(memory);
    EXPECT_GT(faults::allocations() - before, 0u) << "the counter counts nothing";
  }
}

// What sharing a step costs, by a thousand empty ones. The best of many runs: other programs may take a CPU at times.
TEST(Threads, SharingAStepCostsLittle) {
  const Module empty(toy::sealed("-DEMPTY"));
  for (uint32_t threads : {1u, 2u}) {
    Session session(empty, threads);
    set_inputs(session, 1);
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 50; ++i) {
      const uint64_t start = internal::now_ns();
      session.run();
      best = std::min(best, internal::now_ns() - start);
    }
    std::printf("a step on %u threads: %.3f us\n", threads, static_cast<double>(best) * 1e-6);
    EXPECT_LT(best, SANITIZED ? 100000000u : 2000000u) << threads << " threads";
  }
}

TEST(Threads, IdleBurnsNoCpu) {
  Session session(model(), 3);
  for (int i = 0; i < 20; ++i) run_is_right(session, i);
  const double before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(cpu_seconds() - before, 0.03);
}

TEST(Threads, WaitingForALongStepSleeps) {
  Session session(model(), 2);
  ASSERT_TRUE(run_is_right(session, 1));
  int owner;
  internal::Worker* worker[1];
  ASSERT_EQ(internal::borrow_workers(worker, 1, &owner), 1u);
  const auto work = [](void*, uint32_t, uint64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(300)); };
  internal::start_workers(worker, 1, work, 0);
  const double before = cpu_seconds();
  internal::await_workers(&owner, internal::default_spin_ns);
  EXPECT_LT(cpu_seconds() - before, 0.03);
}

TEST(Threads, SignalsAreSeenAndHeld) {
  constexpr int rounds = 2000;
  internal::Signal there, back;
  std::atomic<int> reached{0};
  std::thread other([&] {
    for (uint32_t i = 0; i < rounds; ++i) {
      there.wait_while(i, i % 2 ? 0 : 2000);
      ++reached;
      back.raise();
    }
  });
  for (uint32_t i = 0; i < rounds; ++i) {
    ASSERT_EQ(reached, static_cast<int>(i));
    there.raise();
    back.wait_while(i, i % 3 ? 0 : 2000);
  }
  other.join();
  EXPECT_EQ(reached, rounds);
}

#if defined(__x86_64__)
TEST(Threads, WorkersTakeTheCallersFloatModes) {
  Session session(model(), 2);
  ASSERT_TRUE(run_is_right(session, 1));
  const uint32_t before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);  // flush to zero, denormals are zero
  uint32_t seen = 0;
  const auto see = [&] {
    internal::Worker* worker[1];
    ASSERT_EQ(internal::borrow_workers(worker, 1, &seen), 1u);
    const auto read = [](void* to, uint32_t, uint64_t) { *static_cast<uint32_t*>(to) = __builtin_ia32_stmxcsr(); };
    internal::start_workers(worker, 1, read, 0);
    internal::await_workers(&seen, internal::default_spin_ns);
  };
  see();
  EXPECT_EQ(seen & 0x8040, 0x8040u);
  EXPECT_EQ(__builtin_ia32_stmxcsr() & 0x8040, 0x8040u);
  __builtin_ia32_ldmxcsr(before);
  see();
  EXPECT_EQ(seen & 0x8040, 0u);
}
#endif

// The child has none of the parent's workers and starts its own.
TEST(Threads, RunsAfterFork) {
  Session session(model(), 3);
  ASSERT_TRUE(run_is_right(session, 1));
  const pid_t child = fork();
  if (child == 0) {
    const bool alone = count_threads() == 1;
    bool right = true;
    for (int i = 0; i < 20; ++i) right &= run_is_right(session, i);
    Session second(model(), 2);
    right &= run_is_right(second, 3);
    _exit(right && (SANITIZED || (alone && count_threads() == 3)) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(run_is_right(session, 2));
}

}  // namespace
