#include "plan/memory.h"

#include <algorithm>
#include <numeric>

namespace broach {

ArenaPlan plan_arena(const std::vector<Lifetime>& buffers) {
  constexpr int64_t alignment = 64;
  auto rounded = [](int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; };
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::sort(order, {}, [&](size_t i) { return std::pair(-buffers[i].bytes, i); });
  ArenaPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    int64_t offset = 0, size = rounded(buffers[i].bytes);
    for (size_t other : placed) {
      bool together = buffers[i].first_step <= buffers[other].last_step && buffers[other].first_step <= buffers[i].last_step;
      if (!together) continue;
      if (offset + size <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + rounded(buffers[other].bytes));
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + size);
    auto after = [&](size_t other) { return plan.offsets[other] > offset; };
    placed.insert(std::find_if(placed.begin(), placed.end(), after), i);
  }
  return plan;
}

}  // namespace broach
