// plan_arena: what lives at the same time lies apart, and what does not may share.
#include "plan/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace broach {
namespace {

TEST(PlanArena, NothingNeedsNothing) {
  EXPECT_EQ(plan_arena({}).bytes, 0);
  EXPECT_EQ(plan_arena({{0, 0, 3}}).bytes, 0);
}

TEST(PlanArena, AChainNeedsItsLargestNeighbours) {
  ArenaPlan plan = plan_arena({{100, 0, 1}, {200, 1, 2}, {64, 2, 3}, {300, 3, 4}});
  EXPECT_EQ(plan.bytes, 320 + 64);
  for (int64_t offset : plan.offsets) EXPECT_EQ(offset % 64, 0);
}

TEST(PlanArena, GapsAreFilled) {
  // The two small ones fit one after the other beside the long-lived one.
  ArenaPlan plan = plan_arena({{640, 0, 9}, {64, 0, 3}, {64, 4, 9}, {64, 2, 5}});
  EXPECT_EQ(plan.bytes, 640 + 64 + 64);
}

bool overlap(const std::vector<Lifetime>& buffers, const ArenaPlan& plan, size_t a, size_t b) {
  bool together = buffers[a].first_step <= buffers[b].last_step && buffers[b].first_step <= buffers[a].last_step;
  return together && plan.offsets[a] < plan.offsets[b] + buffers[b].bytes && plan.offsets[b] < plan.offsets[a] + buffers[a].bytes;
}

int64_t most_at_once(const std::vector<Lifetime>& buffers) {
  int64_t most = 0;
  for (int step = 0; step < 64; ++step) {
    int64_t now = 0;
    for (const Lifetime& b : buffers)
      if (b.first_step <= step && step <= b.last_step) now += (b.bytes + 63) / 64 * 64;
    most = std::max(most, now);
  }
  return most;
}

TEST(PlanArena, RandomLifetimes) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Lifetime> buffers(1 + random() % 40);
    for (Lifetime& b : buffers) {
      b.bytes = int64_t(random() % 5000);
      b.first_step = int(random() % 40);
      b.last_step = b.first_step + int(random() % 12);
    }
    ArenaPlan plan = plan_arena(buffers);
    int64_t end = 0;
    for (size_t a = 0; a < buffers.size(); ++a) {
      ASSERT_EQ(plan.offsets[a] % 64, 0);
      ASSERT_GE(plan.offsets[a], 0);
      end = std::max(end, plan.offsets[a] + buffers[a].bytes);
      for (size_t b = 0; b < a; ++b) ASSERT_FALSE(overlap(buffers, plan, a, b)) << "round " << round;
    }
    ASSERT_LE(end, plan.bytes);
    ASSERT_GE(plan.bytes, most_at_once(buffers));
    ASSERT_LE(plan.bytes, 2 * most_at_once(buffers)) << "round " << round;
  }
}

}  // namespace
}  // namespace broach
