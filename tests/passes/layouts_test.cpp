// assign_layouts for a machine of four and of eight lanes.
#include "passes/assign_layouts.h"
#include "passes/pass_text.h"

namespace broach {
namespace {

auto for_lanes(int lanes) {
  return [lanes](Graph& graph) {
    Target target;
    target.vector_bits = 32 * lanes;
    return assign_layouts(graph, target);
  };
}

TEST(AssignLayouts, FromTheFirstConvolutionToTheResult) {
  expect_pass(for_lanes(4), R"(input %x: f32[1, 3, 8, 8]
constant @w: f32[8, 3, 3, 3]
constant @v: f32[5, 8, 1, 1]
%a: f32[1, 8, 6, 6] = conv(%x, @w) # first
%b: f32[1, 8, 6, 6] = relu(%a) # relu
%c: f32[1, 8, 3, 3] = max_pool(%b) {kernel: [2, 2], strides: [2, 2]} # pool
%d: f32[1, 5, 3, 3] = conv(%c, @v) # second
output %d
)",
              R"(input %x: f32[1, 3, 8, 8]
constant @w: f32[8, 3, 3, 3]
constant @v: f32[5, 8, 1, 1]
%a: f32[1, 8, 6, 6]:c4 = conv(%x, @w) {layout: c4} # first
%b: f32[1, 8, 6, 6]:c4 = relu(%a) # relu
%c: f32[1, 8, 3, 3]:c4 = max_pool(%b) {kernel: [2, 2], strides: [2, 2], layout: c4} # pool
%d: f32[1, 5, 3, 3]:c4 = conv(%c, @v) {layout: c4} # second
%0: f32[1, 5, 3, 3] = to_layout(%d) # second
output %0 as d
)");
}

TEST(AssignLayouts, APaddedWindowReadsACopyOfTheInput) {
  expect_pass(for_lanes(4), R"(input %x: f32[1, 3, 8, 8]
constant @w: f32[8, 3, 3, 3]
%a: f32[1, 8, 8, 8] = conv(%x, @w) {pads: [1, 1, 1, 1]} # first
%b: f32[1, 8, 1, 1] = reduce_mean(%a) {axes: [2, 3]} # mean
%c: f32[1, 8] = reshape(%b) {shape: [1, 8]} # flat
output %c
)",
              R"(input %x: f32[1, 3, 8, 8]
constant @w: f32[8, 3, 3, 3]
%x.layout: f32[1, 3, 8, 8] = to_layout(%x) # x
%a: f32[1, 8, 8, 8]:c4 = conv(%x.layout, @w) {pads: [1, 1, 1, 1], layout: c4} # first
%b: f32[1, 8, 1, 1]:c4 = reduce_mean(%a) {axes: [2, 3]} # mean
%c: f32[1, 8] = reshape(%b) {shape: [1, 8]} # flat
output %c
)");
}

TEST(AssignLayouts, OperandsThatDisagreeAreMadeAlike) {
  expect_pass(for_lanes(4), R"(input %x: f32[1, 8, 3, 3]
constant @w: f32[8, 8, 1, 1]
%a: f32[1, 8, 3, 3] = conv(%x, @w) # conv
%b: f32[1, 8, 3, 3] = add(%a, %x) # add
output %b
)",
              R"(input %x: f32[1, 8, 3, 3]
constant @w: f32[8, 8, 1, 1]
%x.layout: f32[1, 8, 3, 3]:c4 = to_layout(%x) {layout: c4} # x
%a: f32[1, 8, 3, 3]:c4 = conv(%x.layout, @w) {layout: c4} # conv
%b: f32[1, 8, 3, 3]:c4 = add(%a, %x.layout) # add
%0: f32[1, 8, 3, 3] = to_layout(%b) # add
output %0 as b
)");
}

TEST(AssignLayouts, BlocksDoNotStraddleGroupsAndDepthwiseKeepsItsInputs) {
  expect_pass(for_lanes(8), R"(input %x: f32[1, 12, 3, 3]
constant @w: f32[12, 4, 1, 1]
constant @v: f32[12, 1, 3, 3]
constant @u: f32[24, 1, 1, 1]
%a: f32[1, 12, 3, 3] = conv(%x, @w) {group: 3} # grouped
%b: f32[1, 12, 1, 1] = conv(%a, @v) {group: 12} # depthwise
%c: f32[1, 24, 1, 1] = conv(%b, @u) {group: 12} # multiplied
output %c
)",
              R"(input %x: f32[1, 12, 3, 3]
constant @w: f32[12, 4, 1, 1]
constant @v: f32[12, 1, 3, 3]
constant @u: f32[24, 1, 1, 1]
%x.layout: f32[1, 12, 3, 3]:c8 = to_layout(%x) {layout: c8} # x
%a: f32[1, 12, 3, 3]:c4 = conv(%x.layout, @w) {group: 3, layout: c4} # grouped
%b: f32[1, 12, 1, 1]:c4 = conv(%a, @v) {group: 12, layout: c4} # depthwise
%c: f32[1, 24, 1, 1] = conv(%b, @u) {group: 12} # multiplied
output %c
)");
}

TEST(AssignLayouts, FewChannelsTakeNarrowBlocks) {
  expect_pass(for_lanes(16), R"(input %x: f32[1, 3, 4, 4]
constant @w: f32[5, 3, 1, 1]
constant @v: f32[2, 5, 1, 1]
%a: f32[1, 5, 4, 4] = conv(%x, @w) # five
%b: f32[1, 2, 4, 4] = conv(%a, @v) # two
output %b
)",
              R"(input %x: f32[1, 3, 4, 4]
constant @w: f32[5, 3, 1, 1]
constant @v: f32[2, 5, 1, 1]
%a: f32[1, 5, 4, 4]:c8 = conv(%x, @w) {layout: c8} # five
%b: f32[1, 2, 4, 4]:c4 = conv(%a, @v) {layout: c4} # two
%0: f32[1, 2, 4, 4] = to_layout(%b) # two
output %0 as b
)");
}

TEST(AssignLayouts, WhatReadsAnyLayoutWritesRows) {
  expect_pass(for_lanes(4), R"(input %x: f32[1, 3, 4, 4]
constant @w: f32[4, 3, 1, 1]
%a: f32[1, 4, 4, 4] = conv(%x, @w) # conv
%b: f32[1, 4, 4, 4] = softmax(%a) {axis: 1} # softmax
%c: f32[1, 64] = reshape(%a) {shape: [1, 64]} # flat
output %b
output %c
)",
              R"(input %x: f32[1, 3, 4, 4]
constant @w: f32[4, 3, 1, 1]
%a: f32[1, 4, 4, 4]:c4 = conv(%x, @w) {layout: c4} # conv
%b: f32[1, 4, 4, 4] = softmax(%a) {axis: 1} # softmax
%c: f32[1, 64] = reshape(%a) {shape: [1, 64]} # flat
output %b
output %c
)");
}

TEST(AssignLayouts, NothingToDoWithoutConvolutions) {
  expect_unchanged(for_lanes(8), R"(input %x: f32[4, 8]
constant @w: f32[8, 3]
%a: f32[4, 3] = matmul(%x, @w)
%b: f32[4, 3] = relu(%a)
output %b
)");
}

TEST(CountLayoutChanges, OnlyThoseInside) {
  Graph graph = parse(R"(input %x: f32[1, 8, 3, 3]
%a: f32[1, 8, 3, 3]:c4 = to_layout(%x) {layout: c4}
%b: f32[1, 8, 3, 3]:c4 = relu(%a)
%c: f32[1, 8, 3, 3]:c8 = to_layout(%b) {layout: c8}
%d: f32[1, 8, 3, 3]:c8 = relu(%c)
%e: f32[1, 8, 3, 3] = to_layout(%d)
output %e
)");
  EXPECT_EQ(count_layout_changes(graph), 1);
}

}  // namespace
}  // namespace broach
