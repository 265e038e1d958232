#include "runtime/share_steps.h"

#include <cstring>

#include "runtime/session.h"

namespace broach::runtime::internal {
namespace {

constexpr int64_t most_pieces = 1 << 16;  // times the most tasks, 2^46, stays in 63 bits

// The steps of a batch see each other's work without waiting: a chain takes in a step that has to wait only where all it
// waits for is in the chain. But a shared step that may overlap the last of a chain may not overlap what that one waited for.
class BatchBuilder {
 public:
  explicit BatchBuilder(broach_session& session) : session_(session) {}

  void build() {
    for (uint32_t i = 0; i < session_.steps.size(); ++i) add(i, session_.steps[i]);
  }
  uint32_t count() const { return count_; }

 private:
  void add(uint32_t index, const Step& step) {
    const bool chained = count_ && !step.shared && !session_.steps[index - 1].shared && (!step.sync || alone_);
    if (chained) {
      ++session_.sharing.batches[count_ - 1].nsteps;
      waited_inside_ |= step.sync;
      return;
    }
    const bool sync = count_ && (step.sync || waited_inside_);
    const int64_t pieces = step.shared ? (step.tasks < most_pieces ? step.tasks : most_pieces) : 1;
    alone_ = sync || !count_;
    waited_inside_ = false;
    session_.sharing.batches[count_++] = {index, 1, static_cast<uint32_t>(pieces), sync};
    if (step.shared) session_.sharing.shared_end = count_;
  }

  broach_session& session_;
  uint32_t count_ = 0;
  bool alone_ = false;          // the last batch is the first since a wait
  bool waited_inside_ = false;  // a step of the last batch waits for another of it
};

// Takes half of what is left of a range: few calls while all goes well, and little left to wait for at the end.
bool take(Claim& claim, uint32_t run, uint32_t begin, uint32_t end, uint32_t& from, uint32_t& to) {
  uint64_t seen = claim.taken.load(std::memory_order_relaxed);
  for (;;) {
    const int32_t age = static_cast<int32_t>(run - static_cast<uint32_t>(seen >> 32));
    if (age < 0) return false;
    from = begin + (age ? 0 : static_cast<uint32_t>(seen));
    if (from >= end) return false;
    to = from + (end - from + 1) / 2;
    if (claim.taken.compare_exchange_weak(seen, uint64_t{run} << 32 | (to - begin), std::memory_order_relaxed)) return true;
  }
}

// Tasks [begin, end) of a copy are equal pieces, whole cache lines but for the last.
void copy_tasks(const Step& step, int64_t begin, int64_t end) {
  const uint64_t lines = (step.copy_bytes + BROACH_ALIGNMENT - 1) / BROACH_ALIGNMENT;
  const auto offset_of = [&](int64_t task) {
    const uint64_t offset =
        static_cast<uint64_t>(static_cast<unsigned __int128>(lines) * static_cast<uint64_t>(task) / static_cast<uint64_t>(step.tasks)) *
        BROACH_ALIGNMENT;
    return offset < step.copy_bytes ? offset : step.copy_bytes;
  };
  const uint64_t from = offset_of(begin), to = offset_of(end);
  std::memmove(static_cast<uint8_t*>(step.buf[1]) + from, static_cast<const uint8_t*>(step.buf[0]) + from, to - from);
}

// One thread's way through the steps of one run.
class Walk {
 public:
  Walk(broach_session& session, uint32_t thread, uint64_t run)
      : session_(session), sharing_(session.sharing), thread_(thread), run_(run),
        call_{sizeof call_, nullptr, session.dims.data(), session.scratch.data() + thread * session.scratch_stride, nullptr},
        profiling_(session.profiling.load(std::memory_order_relaxed)) {}

  // The caller's thread: returns when everything is done.
  void to_the_end() {
    const uint32_t count = static_cast<uint32_t>(sharing_.batches.size());
    for (uint32_t b = 0; b < count; ++b) {
      come_to(b);
      const uint64_t start = profiling_ ? now_ns() : 0;
      work_on(b);
      if (!profiling_ || !is_shared(b)) continue;
      await(b);
      session_.profile_ns[sharing_.batches[b].first_step] += now_ns() - start;
    }
    while (awaited_ < count) await(awaited_++);
  }

  // A worker: leaves when nothing is left to take.
  void while_useful() {
    for (uint32_t b = 0; b < sharing_.shared_end; ++b) {
      come_to(b);
      work_on(b);
    }
  }

 private:
  bool is_shared(uint32_t b) const { return session_.steps[sharing_.batches[b].first_step].shared; }

  void come_to(uint32_t b) {
    if (!profiling_ && !sharing_.batches[b].sync) return;
    while (awaited_ < b) await(awaited_++);
  }

  uint64_t total(uint32_t b) const { return run_ * sharing_.batches[b].pieces; }
  bool is_done(uint32_t b) const { return sharing_.progress[b].done.load(std::memory_order_acquire) >= total(b); }

  void await(uint32_t b) {
    if (spin_until([&] { return is_done(b); }, session_.spin_ns)) return;
    for (;;) {
      const uint32_t seen = sharing_.advanced.value();
      if (is_done(b)) return;
      sharing_.advanced.wait_while(seen, 0);
    }
  }

  void work_on(uint32_t b) {
    const Batch& batch = sharing_.batches[b];
    const uint32_t threads = session_.threads;
    uint32_t ended = 0;
    for (uint32_t i = 0, owner = thread_; i < threads; ++i, owner = owner + 1 == threads ? 0 : owner + 1)
      ended += work_on_range(batch, sharing_.claims[uint64_t{b} * threads + owner], owner);
    if (!ended) return;
    const uint64_t done = sharing_.progress[b].done.fetch_add(ended, std::memory_order_acq_rel) + ended;
    if (done == total(b) && threads > 1) sharing_.advanced.raise();
  }

  // Pieces that this thread ran of the range that thread `owner` begins with.
  uint32_t work_on_range(const Batch& batch, Claim& claim, uint32_t owner) {
    const uint64_t pieces = batch.pieces;
    const uint32_t begin = static_cast<uint32_t>(pieces * owner / session_.threads);
    const uint32_t end = static_cast<uint32_t>(pieces * (owner + 1) / session_.threads);
    uint32_t from, to, ended = 0;
    while (take(claim, static_cast<uint32_t>(run_), begin, end, from, to)) {
      const Step& step = session_.steps[batch.first_step];
      if (step.shared)
        run(step, step.tasks * from / batch.pieces, step.tasks * to / batch.pieces);
      else
        run_chain(batch);
      ended += to - from;
    }
    return ended;
  }

  void run_chain(const Batch& batch) {
    for (uint32_t s = batch.first_step; s < batch.first_step + batch.nsteps; ++s) {
      const uint64_t start = profiling_ ? now_ns() : 0;
      run(session_.steps[s], 0, session_.steps[s].tasks);
      if (profiling_) session_.profile_ns[s] += now_ns() - start;
    }
  }

  void run(const Step& step, int64_t begin, int64_t end) {
    if (begin >= end || session_.failure.load(std::memory_order_relaxed)) return;
    if (!step.fn) return copy_tasks(step, begin, end);
    call_.buf = step.buf;
    const int32_t status = step.fn(&call_, begin, end);
    if (!status) return;
    const uint64_t index = static_cast<uint64_t>(&step - session_.steps.data());
    uint64_t none = 0;
    session_.failure.compare_exchange_strong(none, (index + 1) << 32 | static_cast<uint32_t>(status));
  }

  broach_session& session_;
  Sharing& sharing_;
  uint32_t thread_;
  uint64_t run_;
  uint32_t awaited_ = 0;  // batches before it are done
  broach_call call_;
  bool profiling_;
};

void walk_as_worker(void* session, uint32_t index, uint64_t run) { Walk(*static_cast<broach_session*>(session), index, run).while_useful(); }

}  // namespace

bool share_steps(broach_session& session) noexcept {
  Sharing& sharing = session.sharing;
  const uint64_t nsteps = session.steps.size();
  if (!sharing.batches.allocate(nsteps)) return false;
  BatchBuilder builder(session);
  builder.build();
  sharing.batches.shorten(builder.count());
  return sharing.claims.allocate(uint64_t{builder.count()} * session.threads) && sharing.progress.allocate(builder.count());
}

void run_steps(broach_session& session) noexcept {
  Worker** workers = session.workers.data();
  const uint64_t run = ++session.sharing.run;
  const uint32_t borrowed = session.has_shared ? borrow_workers(workers, session.threads - 1, &session) : 0;
  start_workers(workers, borrowed, walk_as_worker, run);
  Walk(session, 0, run).to_the_end();
}

}  // namespace broach::runtime::internal
