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
  return std::memcmp(session.output(0).data(), expected.data(), 4000) == 0 &&
         std::memcmp(session.output(1).data(), &total, 4) == 0;
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
  const uint32_t count = internal::borrow_workers(held, 2);
  EXPECT_GE(count, 2u);
  Session session(model(), count + 1);
  EXPECT_TRUE(run_is_right(session, 5));
  std::atomic<uint32_t> ran{0};
  internal::start_workers(
      held, count, [](void* counter, uint32_t) { ++*static_cast<std::atomic<uint32_t>*>(counter); }, &ran);
  internal::join_workers(held, count, internal::default_spin_ns);
  EXPECT_EQ(ran, count);
  EXPECT_TRUE(run_is_right(session, 6));
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
  internal::Worker* worker[1];
  ASSERT_EQ(internal::borrow_workers(worker, 1), 1u);
  internal::start_workers(
      worker, 1, [](void*, uint32_t) { std::this_thread::sleep_for(std::chrono::milliseconds(300)); }, nullptr);
  const double before = cpu_seconds();
  internal::join_workers(worker, 1, internal::default_spin_ns);
  EXPECT_LT(cpu_seconds() - before, 0.03);
}

TEST(Threads, BarrierHoldsUntilAllHaveCome) {
  constexpr uint32_t count = 4;
  internal::Barrier barrier;
  std::atomic<int> arrived{0};
  std::atomic<bool> wrong{false};
  const auto work = [&](uint64_t spin) {
    for (int round = 1; round <= 2000; ++round) {
      ++arrived;
      barrier.wait(count, spin);
      if (arrived < round * static_cast<int>(count)) wrong = true;
      barrier.wait(count, spin);
    }
  };
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < count; ++i) threads.emplace_back(work, i % 2 ? 0 : 2000);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(wrong);
}

#if defined(__x86_64__)
TEST(Threads, WorkersTakeTheCallersFloatModes) {
  Session session(model(), 2);
  ASSERT_TRUE(run_is_right(session, 1));
  const uint32_t before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);  // flush to zero, denormals are zero
  internal::Worker* worker[1];
  ASSERT_EQ(internal::borrow_workers(worker, 1), 1u);
  uint32_t seen = 0;
  const auto read = [](void* to, uint32_t) { *static_cast<uint32_t*>(to) = __builtin_ia32_stmxcsr(); };
  internal::start_workers(worker, 1, read, &seen);
  internal::join_workers(worker, 1, internal::default_spin_ns);
  EXPECT_EQ(seen & 0x8040, 0x8040u);
  EXPECT_EQ(__builtin_ia32_stmxcsr() & 0x8040, 0x8040u);
  __builtin_ia32_ldmxcsr(before);
  ASSERT_EQ(internal::borrow_workers(worker, 1), 1u);
  internal::start_workers(worker, 1, read, &seen);
  internal::join_workers(worker, 1, internal::default_spin_ns);
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
