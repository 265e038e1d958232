#pragma once
// The way from the outside of a nest inwards: which loops enclose a place, and what the original axes are there.
#include "expr/simplify.h"
#include "schedule/schedule.h"

namespace broach {

struct NestPath {
  std::vector<ScheduledLoop> loops;
  std::vector<VarBinding> resolved;  // every replaced axis in terms of the loops
  std::vector<Expr> guards;          // unresolved
  Bounds bounds;                     // of the loops

  // Adds a nest's loops, relations and guards (not those of its parts).
  void enter(const Nest& nest);
  // An expression over original axes in terms of loops, simplified.
  Expr resolve(const Expr& e) const;
};

// Which of the nest's parts the path goes through, `depth` being the number of its loops outside the parts.
size_t part_on_path(const Nest& nest, const NestPath& path, size_t depth);

// The path through the first part at every cut.
NestPath first_leaf(NestPath path, const Nest& nest);

}  // namespace broach
