#pragma once
// Places buffers in one arena: buffers that are alive at the same time do not overlap.
#include <cstdint>
#include <vector>

namespace broach {

struct Lifetime {
  int64_t bytes = 0;
  int first_step = 0, last_step = 0;  // both included
};

struct ArenaPlan {
  std::vector<int64_t> offsets;  // multiples of 64
  int64_t bytes = 0;
};

// Largest first, each in the lowest gap that is free during its life (greedy by size).
ArenaPlan plan_arena(const std::vector<Lifetime>& buffers);

}  // namespace broach
