// From graphs to programs: which steps there are, where they wait, what shares memory.
#include "plan/build.h"

#include "passes/pass_text.h"

namespace broach {
namespace {

LoweredProgram build(const std::string& body) {
  LoweredProgram program = build_program(parse(body), Target());
  verify(program);
  return program;
}

// "a b | c": steps by their origins, a bar where one waits.
std::string steps_of(const LoweredProgram& program) {
  std::string text;
  for (const ProgramStep& step : program.steps) text += (step.barrier ? "| " : "") + step.origin.at(0) + " ";
  return text;
}

TEST(BuildProgram, IndependentStepsDoNotWait) {
  LoweredProgram program = build(R"(input %x: f32[4, 8]
%a: f32[4] = reduce_sum(%x) {axes: [1], keepdims: false} # a
%b: f32[4] = reduce_max(%x) {axes: [1], keepdims: false} # b
%c: f32[] = reduce_sum(%a) {axes: [0], keepdims: false} # c
%d: f32[] = reduce_min(%b) {axes: [0], keepdims: false} # d
%e: f32[] = reduce_min(%a) {axes: [0], keepdims: false} # e
output %c
output %d
output %e
)");
  EXPECT_EQ(steps_of(program), "a b | c d e ");
}

TEST(BuildProgram, PartsOfAConcatenationAreWrittenInPlace) {
  LoweredProgram program = build(R"(input %x: f32[1, 2, 3, 3]
%a: f32[1, 2, 3, 3] = relu(%x) # a
%b: f32[1, 4, 3, 3] = tile(%x) {repeats: [1, 2, 1, 1]} # b
%c: f32[1, 6, 3, 3] = concat(%a, %b) {axis: 1} # cat
output %c
)");
  EXPECT_EQ(steps_of(program), "a b ");
  EXPECT_EQ(program.arena_bytes, 0);
  int writes_to_output = 0;
  for (const ProgramBuffer& buffer : program.buffers) writes_to_output += buffer.kind == BufferKind::output;
  EXPECT_EQ(writes_to_output, 2);
}

TEST(BuildProgram, AnInputInAConcatenationIsCopied) {
  EXPECT_EQ(steps_of(build(R"(input %x: f32[1, 2, 3, 3]
%a: f32[1, 2, 3, 3] = relu(%x) # a
%c: f32[1, 4, 3, 3] = concat(%x, %a) {axis: 1} # cat
output %c
)")),
            "a cat ");
}

TEST(BuildProgram, ResultsThatAreInputsOrRepeatedAreCopied) {
  LoweredProgram program = build(R"(input %x: f32[3]
%a: f32[3] = exp(%x) # a
output %x
output %a
output %a as again
)");
  EXPECT_EQ(program.outputs.size(), 3u);
  EXPECT_EQ(program.steps.size(), 3u);
}

TEST(BuildProgram, AChainUsesTwoPlacesOfTheArena) {
  std::string body = "input %v0: f32[1024]\n";
  for (int i = 1; i <= 8; ++i)  // reversals do not fuse
    body += fmt::format("%v{}: f32[1024] = slice(%v{}) {{starts: [-1], ends: [-2000], axes: [0], steps: [-1]}} # v{}\n", i, i - 1, i);
  LoweredProgram program = build(body + "output %v8\n");
  EXPECT_EQ(program.steps.size(), 8u);
  EXPECT_EQ(program.arena_bytes, 2 * 4096);
}

TEST(BuildProgram, EqualKernelsAreOneFunction) {
  LoweredProgram program = build(R"(input %x: f32[4, 8]
%a: f32[4, 8] = softmax(%x) {axis: 1} # a
%b: f32[4, 8] = softmax(%a) {axis: 1} # b
output %b
)");
  EXPECT_EQ(program.functions.size(), 1u);
  EXPECT_EQ(program.steps.size(), 2u);
}

TEST(BuildProgram, PaddedReadersGetARim) {
  LoweredProgram program = build(R"(input %x: f32[1, 4, 5, 5]:c4
constant @w: f32[4, 4, 3, 3]
%a: f32[1, 4, 5, 5]:c4 = relu(%x) # a
%b: f32[1, 4, 5, 5]:c4 = conv(%a, @w) {pads: [1, 1, 1, 1], layout: c4} # b
%c: f32[1, 4, 5, 5] = to_layout(%b) # c
output %c
)");
  EXPECT_EQ(steps_of(program), "a a | b | c ");
  EXPECT_TRUE(program.functions[size_t(program.steps[0].function)].name.starts_with("halo"));
  EXPECT_EQ(program.prologue.size(), 1u);  // the weights are packed
}

}  // namespace
}  // namespace broach
