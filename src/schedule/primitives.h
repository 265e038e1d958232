#pragma once
// The schedule primitives. A schedule is a list of them; the list prints, parses and replays. Stages and axes are named by text.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/fields.h"

namespace broach {

// axis -> outer, inner with axis = outer * factor + inner. What lies past the end is guarded.
struct Split {
  std::string stage, axis;
  int64_t factor = 1;
  std::string outer, inner;
  static constexpr auto name = "split";
  static constexpr auto fields = std::tuple{field("stage", &Split::stage), field("axis", &Split::axis), field("factor", &Split::factor),
                                            field("outer", &Split::outer), field("inner", &Split::inner)};
};
// Cuts an axis into consecutive ranges; the loops from it inwards are cloned per range and can be scheduled apart. Names of part k
// end in "@k". Works above a reduction and on a reduction axis.
struct SplitParts {
  std::string stage, axis;
  std::vector<int64_t> sizes;
  static constexpr auto name = "split_parts";
  static constexpr auto fields = std::tuple{field("stage", &SplitParts::stage), field("axis", &SplitParts::axis), field("sizes", &SplitParts::sizes)};
};
// Two adjacent axes become one: fused = outer * extent(inner) + inner.
struct Fuse {
  std::string stage, outer, inner, fused;
  static constexpr auto name = "fuse";
  static constexpr auto fields =
      std::tuple{field("stage", &Fuse::stage), field("outer", &Fuse::outer), field("inner", &Fuse::inner), field("fused", &Fuse::fused)};
};
// The named axes (of one nest) take the places they had together, in this order.
struct Reorder {
  std::string stage;
  std::vector<std::string> axes;
  static constexpr auto name = "reorder";
  static constexpr auto fields = std::tuple{field("stage", &Reorder::stage), field("axes", &Reorder::axes)};
};
struct Unroll {
  std::string stage, axis;
  static constexpr auto name = "unroll";
  static constexpr auto fields = std::tuple{field("stage", &Unroll::stage), field("axis", &Unroll::axis)};
};
// A reduction axis too, if the reduction is a sum, product, min or max: partial results per lane, folded at the end.
struct Vectorize {
  std::string stage, axis;
  static constexpr auto name = "vectorize";
  static constexpr auto fields = std::tuple{field("stage", &Vectorize::stage), field("axis", &Vectorize::axis)};
};
struct Parallel {
  std::string stage, axis;
  static constexpr auto name = "parallel";
  static constexpr auto fields = std::tuple{field("stage", &Parallel::stage), field("axis", &Parallel::axis)};
};
// Rounds the extent of an axis up to a multiple: the padding lanes of a blocked layout are computed too, whatever is in them.
struct Align {
  std::string stage, axis;
  int64_t multiple = 1;
  static constexpr auto name = "align";
  static constexpr auto fields = std::tuple{field("stage", &Align::stage), field("axis", &Align::axis), field("multiple", &Align::multiple)};
};
// Computes a stage inside a loop of its reader, only the region read there. Its axes take the region's extents.
struct ComputeAt {
  std::string stage, reader, axis;
  static constexpr auto name = "compute_at";
  static constexpr auto fields = std::tuple{field("stage", &ComputeAt::stage), field("reader", &ComputeAt::reader), field("axis", &ComputeAt::axis)};
};
// Copies the region of a tensor that a stage reads inside a loop to local memory, as a new stage named `name`.
struct CacheRead {
  std::string stage, tensor, axis, cache;
  static constexpr auto name = "cache_read";
  static constexpr auto fields = std::tuple{field("stage", &CacheRead::stage), field("tensor", &CacheRead::tensor), field("axis", &CacheRead::axis),
                                            field("cache", &CacheRead::cache)};
};
// Where the accumulators of a reduction live: "registers", "stack" or "worker_scratch".
struct CacheWrite {
  std::string stage, storage;
  static constexpr auto name = "cache_write";
  static constexpr auto fields = std::tuple{field("stage", &CacheWrite::stage), field("storage", &CacheWrite::storage)};
};
// Lays a constant out in the order in which the stage's loops read it: one contiguous stream per register tile. Reads past the tensor's
// end (padding lanes) give zeros.
struct Pack {
  std::string stage, tensor;
  static constexpr auto name = "pack";
  static constexpr auto fields = std::tuple{field("stage", &Pack::stage), field("tensor", &Pack::tensor)};
};
// At every iteration of the loop `axis`, requests what that iteration reads of a packed constant one iteration of the loop `ahead` later.
// Loops between the two that read the same again share the requests.
struct Prefetch {
  std::string stage, tensor, axis, ahead;
  static constexpr auto name = "prefetch";
  static constexpr auto fields = std::tuple{field("stage", &Prefetch::stage), field("tensor", &Prefetch::tensor), field("axis", &Prefetch::axis),
                                            field("ahead", &Prefetch::ahead)};
};

using Primitive =
    std::variant<Split, SplitParts, Fuse, Reorder, Unroll, Vectorize, Parallel, Align, ComputeAt, CacheRead, CacheWrite, Pack, Prefetch>;
using Trace = std::vector<Primitive>;

// One line a primitive: "split stage=conv axis=c factor=16 outer=c.o inner=c.i".
std::string to_string(const Primitive& primitive);
std::string to_string(const Trace& trace);
Trace parse_trace(std::string_view text);  // Error with the line and what is wrong

}  // namespace broach
