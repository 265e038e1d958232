// Every pass leaves the meaning of random functions as it is, to the last bit.
#include <gtest/gtest.h>

#include "loop/passes/passes.h"
#include "loop/random_loops.h"

namespace broach {
namespace {

constexpr uint32_t functions = 400;

TEST(RandomPasses, EachPassAloneKeepsTheMeaning) {
  for (uint32_t seed = 0; seed < functions; ++seed) {
    PrimFunc f = random_loops(seed);
    Arguments expected = result_of(f, seed);
    for (const LoopPass& pass : loop_pipeline()) {
      PrimFunc g = f;
      g.body = pass.run(f.body);
      ASSERT_NO_THROW(verify(g)) << "seed " << seed << " " << pass.name << "\n" << to_string(f) << to_string(g);
      std::string difference = expected.difference(result_of(g, seed));
      ASSERT_EQ(difference, "") << "seed " << seed << " " << pass.name << "\n" << to_string(f) << to_string(g);
    }
  }
}

TEST(RandomPasses, ThePipelineKeepsTheMeaning) {
  for (uint32_t seed = 0; seed < functions; ++seed) {
    PrimFunc f = random_loops(seed);
    Arguments expected = result_of(f, seed);
    PrimFunc before = f;
    run_loop_pipeline(f, {}, [&](const char* pass, const PrimFunc& after) {
      std::string difference = expected.difference(result_of(after, seed));
      ASSERT_EQ(difference, "") << "seed " << seed << " " << pass << "\n" << to_string(before) << to_string(after);
      before = after;
    });
    if (testing::Test::HasFailure()) return;
  }
}

// A generator that makes only trivial functions would let everything pass.
TEST(RandomPasses, FunctionsCoverWhatTheyShould) {
  int vectorised = 0, unrolled = 0, hoisted = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    PrimFunc f = random_loops(seed);
    std::string before = to_string(f);
    PrimFunc after = run_loop_pipeline(f);
    std::string text = to_string(after);
    vectorised += before.find("vector ") != std::string::npos && text.find("ramp(") != std::string::npos;
    unrolled += before.find("unrolled ") != std::string::npos;
    hoisted += text.find("let base") != std::string::npos;
    EXPECT_EQ(text.find("vector "), std::string::npos);
    EXPECT_EQ(text.find("unrolled "), std::string::npos);
  }
  EXPECT_GT(vectorised, 20);
  EXPECT_GT(unrolled, 60);
  EXPECT_GT(hoisted, 20);
}

}  // namespace
}  // namespace broach
