#pragma once
// Requests for a packed constant before it is read: large weights come from far, and what the hardware foresees ends at a page.
#include "schedule/nest_path.h"
#include "schedule/packing.h"

namespace broach {

// Elements to request at each iteration of the loop `axis` of path: one in each cache line of a share of what this iteration of the loop
// will read when the loop `ahead` has gone one further. Loops between the two that read the same elements again have equal shares.
std::vector<Expr> prefetched_elements(const Stage& stage, const PackedLayout& layout, const Prefetch& prefetch, const NestPath& path);

}  // namespace broach
