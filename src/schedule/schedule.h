#pragma once
// A schedule says in which order, in what registers and on how many threads a group of tensor expressions is computed. It changes
// speed, never results (up to the order of floating-point sums). It is built by primitives, each recorded in the trace.
#include <optional>

#include "expr/bounds.h"
#include "loop/stmt.h"
#include "schedule/primitives.h"
#include "te/tensor.h"

namespace broach {

struct ScheduledLoop {
  Var var;
  int64_t extent = 1;
  bool reduce = false;
  ForKind kind = ForKind::serial;
};

// Loops from the outside in; after them either the element itself or, where an axis was cut into parts, one nest per part.
struct Nest {
  std::vector<ScheduledLoop> loops;
  std::vector<VarBinding> relations;  // in order: each says what an axis is in terms of the axes that replaced it
  std::vector<Expr> guards;           // must hold for the element to exist
  std::vector<Nest> parts;
  bool reduce_parts = false;          // the axis that was cut is a reduction axis: the parts add to the same accumulators
};

struct Stage {
  std::string name;  // of the tensor, made unique among the stages
  Tensor tensor;
  Nest nest;
  std::vector<std::string> packed;       // names of constants
  std::vector<Prefetch> prefetches;
  std::optional<Storage> accumulators;   // unset: registers if indices become constants, else by size
  // compute_at: where, and the region of the tensor computed there (first indices over the reader's loops, extents).
  std::string reader;
  Var attach;
  std::vector<Expr> region_begin;
  std::vector<int64_t> region_extent;
};

class Schedule {
 public:
  // Stages are what inline_stages leaves of the outputs; each begins as plain loops over its axes, then its reduction's.
  explicit Schedule(std::vector<Tensor> outputs);

  // Throws Error for what is not legal, naming stage and axis.
  void apply(const Primitive& primitive);
  void replay(const Trace& trace);
  const Trace& trace() const { return trace_; }

  const std::vector<Tensor>& outputs() const { return outputs_; }
  const std::vector<Stage>& stages() const { return stages_; }  // producers first
  const Stage& stage(std::string_view name) const;
  const Stage* find_stage(const Tensor& tensor) const;
  int64_t extent(std::string_view stage, std::string_view axis) const;

 private:
  struct Place {
    Nest* nest;
    size_t index;
    ScheduledLoop& loop() const { return nest->loops[index]; }
  };
  Stage& find(std::string_view name);
  Place find_axis(std::string_view stage, std::string_view axis);
  Place find_free_axis(std::string_view stage, std::string_view axis);  // one whose loops nothing is computed at
  struct Region {
    std::vector<Expr> begin;
    std::vector<Interval> range;  // around begin
  };
  Region region_read(const Stage& stage, const Stage& reader, const Place& place) const;
  static void take_region(Stage& stage, const Region& region);
  void run(const Split&);
  void run(const SplitParts&);
  void run(const Fuse&);
  void run(const Reorder&);
  void run(const Unroll&);
  void run(const Vectorize&);
  void run(const Parallel&);
  void run(const Align&);
  void run(const ComputeAt&);
  void run(const CacheRead&);
  void run(const CacheWrite&);
  void run(const Pack&);
  void run(const Prefetch&);

  std::vector<Tensor> outputs_;
  std::vector<Stage> stages_;
  Trace trace_;
};

}  // namespace broach
