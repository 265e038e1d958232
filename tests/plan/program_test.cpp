// Programs as text, and what the verifier refuses.
#include "plan/program.h"

#include <gtest/gtest.h>

namespace broach {
namespace {

// x -> a -> b -> y
const std::string chain = R"(program chain
arena 128
input f32[2, 4] x
output f32[8] y out
constant f32[8] w
buffer input 0 0 32
buffer arena 0 0 32
buffer arena 1 64 32
buffer output 0 0 32
buffer constant 0 0 32
func twice_0(from: f32[8] param, to: f32[8] param written) {
  parallel i in 0..8 {
    to[i] = from[i] * 2.0f
  }
}
end
func pack(from: f32[8] param, to: f32[8] param written) {
  parallel i in 0..8 {
    to[i] = from[i]
  }
}
end
step twice_0 (0 1) serial # first
step twice_0 (1 2) barrier # second	third
step twice_0 (2 3) barrier # fourth
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string fault(const std::string& text) {
  try {
    verify(parse_program(text));
  } catch (const InternalError& error) {
    return error.what();
  }
  return "";
}

TEST(Program, PrintsAndParses) {
  LoweredProgram program = parse_program(chain);
  EXPECT_EQ(to_string(program), chain);
  EXPECT_EQ(program.steps[1].origin, (Origin{"second", "third"}));
  EXPECT_TRUE(program.steps[0].serial && !program.steps[0].barrier);
  EXPECT_EQ(fault(chain), "");
}

TEST(Program, FaultsOfTheTextNameTheLine) {
  auto message = [](const std::string& text) -> std::string {
    try {
      parse_program(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(replaced(chain, "arena 128", "arena much")).find("line 2"), std::string::npos);
  EXPECT_NE(message(replaced(chain, "f32[2, 4]", "float[2, 4]")).find("line 3: 'float' is not a type"), std::string::npos);
  EXPECT_NE(message(replaced(chain, "step twice_0 (0 1)", "step thrice (0 1)")).find("calls 'thrice', which is not defined"), std::string::npos);
  EXPECT_NE(message(replaced(chain, "buffer arena 0", "buffer heap 0")).find("line 7"), std::string::npos);
  EXPECT_NE(message(replaced(chain, "buffer arena 0", "jump arena 0")).find("'jump' begins no line"), std::string::npos);
}

TEST(VerifyProgram, IndicesAndCounts) {
  EXPECT_NE(fault(replaced(chain, "(0 1)", "(0)")).find("twice_0 takes 2 arguments, the step has 1"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "(0 1)", "(0 9)")).find("argument 9"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "buffer input 0", "buffer input 1")).find("a buffer of input 1, there are 1"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "buffer output 0 0", "buffer output 0 -4")).find("a buffer at -4"), std::string::npos);
  EXPECT_NE(fault(chain + "prologue pack (0 1) # w\n").find("argument 1 of pack"), std::string::npos);
}

TEST(VerifyProgram, BuffersLieInWhatTheyAreOf) {
  EXPECT_NE(fault(replaced(chain, "buffer arena 1 64 32", "buffer arena 1 112 32")).find("ends at 144, arena 1 has 128"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "buffer input 0 0 32", "buffer input 0 4 32")).find("ends at 36, input 0 has 32"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "buffer output 0 0 32", "buffer output 0 0 64")).find("output 0 has 32"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "buffer constant 0 0 32", "buffer constant 0 0 33")).find("constant 0 has 32"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "buffer arena 0 0 32", "buffer arena 0 0 28")).find("twice_0 needs 32 bytes for to, buffer 1 has 28"),
            std::string::npos);
}

TEST(VerifyProgram, OnlyResultsAreWritten) {
  EXPECT_NE(fault(replaced(chain, "(0 1)", "(1 0)")).find("twice_0 writes input"), std::string::npos);
  EXPECT_NE(fault(replaced(chain, "(2 3)", "(2 4)")).find("twice_0 writes constant"), std::string::npos);
}

TEST(VerifyProgram, ReadingWaitsForWriting) {
  EXPECT_NE(fault(replaced(chain, "(1 2) barrier", "(1 2)")).find("twice_0 reads buffer 1 without a barrier"), std::string::npos);
  // The barrier of a step between them will do.
  std::string between = replaced(chain, "step twice_0 (1 2) barrier", "step twice_0 (0 3) barrier # other\nstep twice_0 (1 2)");
  EXPECT_EQ(fault(between), "");
}

TEST(VerifyProgram, LiveAllocationsLieApart) {
  EXPECT_NE(fault(replaced(chain, "buffer arena 1 64 32", "buffer arena 1 16 32")).find("allocations 0 and 1 of the arena overlap"),
            std::string::npos);
  // A view of one allocation may overlap it; and a third allocation may take the place of the first once that is dead.
  std::string reused = replaced(chain, "step twice_0 (2 3) barrier", "step twice_0 (2 5) barrier # third\nstep twice_0 (5 3) barrier");
  reused = replaced(reused, "func twice_0", "buffer arena 2 0 32\nfunc twice_0");
  EXPECT_EQ(fault(reused), "");
  EXPECT_NE(fault(replaced(reused, "(2 5) barrier # third", "(1 5) barrier # third")).find("allocations 0 and 2"), std::string::npos);
}

}  // namespace
}  // namespace broach
