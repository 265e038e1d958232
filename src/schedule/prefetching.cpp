#include "schedule/prefetching.h"

namespace broach {
namespace {

constexpr int64_t cache_line = 64;  // bytes

// How often the loops outside a nest's first reduction pass over the same elements.
int64_t passes_of(const Nest& nest, const PackedNest& packed) {
  int64_t passes = 1;
  for (size_t i = 0; i < nest.loops.size() && !nest.loops[i].reduce; ++i)
    if (!packed.strides[i]) passes *= nest.loops[i].extent;
  return passes;
}

// One element and the number of elements that the prefetched loop reads in an iteration, with the number of this pass over them.
class Walk {
 public:
  Walk(const Prefetch& prefetch, const NestPath& path) : prefetch_(prefetch), path_(path) {}

  // True if the loop was found in this nest or a part of it.
  bool run(const Nest& nest, const PackedNest& packed) {
    element = element + Expr(packed.base);
    bool reducing = false;
    for (size_t i = 0; i < nest.loops.size(); ++i) {
      const ScheduledLoop& loop = nest.loops[i];
      ++depth_;
      reducing = reducing || loop.reduce;
      bool ahead = loop.var->name == prefetch_.ahead;
      if (int64_t stride = packed.strides[i])
        element = element + (Expr(loop.var) + Expr(ahead ? 1 : 0)) * Expr(stride);
      else if (passed_ && !reducing && loop.var->name != prefetch_.axis)
        enter_pass(loop.extent, Expr(loop.var));
      passed_ = passed_ || ahead;
      if (loop.var->name == prefetch_.axis) {
        elements = packed.strides[i];
        return passed_;
      }
    }
    return !nest.parts.empty() && run_parts(nest, packed);
  }

  Expr element = int64_t(0), pass = int64_t(0);
  int64_t elements = 0, passes = 1;

 private:
  void enter_pass(int64_t extent, const Expr& index) {
    pass = pass * Expr(extent) + index;
    passes *= extent;
  }

  bool run_parts(const Nest& nest, const PackedNest& packed) {
    if (depth_ >= path_.loops.size()) return false;
    size_t here = part_on_path(nest, path_, depth_);
    if (nest.reduce_parts || !passed_) return run(nest.parts[here], packed.parts[here]);
    int64_t all = 0, before = 0;
    for (size_t k = 0; k < nest.parts.size(); ++k) {
      if (k == here) before = all;
      all += passes_of(nest.parts[k], packed.parts[k]);
    }
    Walk inner = *this;
    inner.pass = int64_t(0);
    inner.passes = 1;
    if (!inner.run(nest.parts[here], packed.parts[here])) return false;
    element = inner.element;
    elements = inner.elements;
    pass = pass * Expr(all) + Expr(before) + inner.pass;
    passes *= all;
    return true;
  }

  const Prefetch& prefetch_;
  const NestPath& path_;
  size_t depth_ = 0;
  bool passed_ = false;  // the loop `ahead` was met
};

}  // namespace

std::vector<Expr> prefetched_elements(const Stage& stage, const PackedLayout& layout, const Prefetch& prefetch, const NestPath& path) {
  Walk walk(prefetch, path);
  if (!walk.run(stage.nest, layout.nest))
    throw_error("prefetch of {} in {}: the loop '{}' is not inside of '{}'", prefetch.tensor, prefetch.stage, prefetch.axis, prefetch.ahead);
  int64_t per_line = cache_line / byte_size(layout.tensor->dtype);
  int64_t lines = (walk.elements + per_line - 1) / per_line;
  int64_t share = (lines + walk.passes - 1) / walk.passes;
  std::vector<Expr> result;
  for (int64_t i = 0; i < share; ++i) result.push_back(simplify(walk.element + walk.pass * Expr(share * per_line) + Expr(i * per_line), path.bounds));
  return result;
}

}  // namespace broach
