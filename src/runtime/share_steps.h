// How the threads of a run share its steps.
//
// Steps are grouped into batches: one step whose tasks any thread may take, or a chain of small ones that one thread
// runs in order. Every thread walks all batches by itself. A batch is done when its last task has ended, not when all
// threads have come by: a thread that lost its CPU delays nothing but the tasks it has already taken. Each thread begins
// with a range of its own, the same in every step, so that it finds its data in its cache, then helps others with theirs.
// Which thread runs a task never changes what it computes.
//
// Nothing is reset between runs: counters only grow, and what a thread takes, it takes for a run by number. A thread
// that comes late, when its run is over, finds nothing to take.
#pragma once
#include <atomic>

#include "runtime/memory.h"
#include "runtime/thread_pool.h"

struct broach_session;

namespace broach::runtime::internal {

struct Batch {
  uint32_t first_step, nsteps;  // a shared batch has one step
  uint32_t pieces;              // what is taken: ranges of tasks; of a chain the one whole
  bool sync;                    // all earlier batches are done before it begins
};

// What of one thread's range of a batch is taken: the run (its lower half) in the upper half, pieces in the lower.
struct alignas(64) Claim {
  std::atomic<uint64_t> taken;
};

// Pieces done in all runs so far.
struct alignas(64) Progress {
  std::atomic<uint64_t> done;
};

struct Sharing {
  Array<Batch> batches;
  Array<Claim> claims;  // of batch b and thread t: [b * threads + t]
  Array<Progress> progress;
  uint32_t shared_end = 0;  // batches before it may have work for a worker
  uint64_t run = 0;         // number of the current run, from 1
  Signal advanced;          // raised whenever a batch is done
};

// Groups the session's steps into batches; false: out of memory.
[[nodiscard]] bool share_steps(broach_session& session) noexcept;

// Runs the session's steps once on the caller's thread and the workers that are free.
void run_steps(broach_session& session) noexcept;

}  // namespace broach::runtime::internal
