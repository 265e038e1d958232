// route_channels, and what assign_layouts asks of it: compose_gathers and join_concat.
#include "passes/pass_text.h"
#include "passes/route_channels.h"

namespace broach {
namespace {

TEST(RouteChannels, AShuffleIsATable) {
  expect_pass(route_channels, R"(input %x: f32[2, 6, 3, 3]
%a: f32[2, 2, 3, 3, 3] = reshape(%x) {shape: [2, 2, 3, 3, 3]} # split
%b: f32[2, 3, 2, 3, 3] = transpose(%a) {order: [0, 2, 1, 3, 4]} # swap
%c: f32[2, 6, 3, 3] = reshape(%b) {shape: [2, 6, 3, 3]} # join
output %c
)",
              R"(input %x: f32[2, 6, 3, 3]
constant @x.channels: i64[6] = [0, 3, 1, 4, 2, 5]
%0: f32[2, 6, 3, 3] = gather_channels(%x, @x.channels) # split, join
output %0 as c
)");
}

TEST(RouteChannels, ASliceOfChannelsIsATable) {
  expect_pass(route_channels, R"(input %x: f32[1, 6, 3, 3]
%a: f32[1, 2, 3, 3] = slice(%x) {starts: [-2], ends: [9], axes: [1]} # a
%b: f32[1, 3, 3, 3] = slice(%x) {starts: [5], ends: [-9], axes: [-3], steps: [-2]} # b
%c: f32[1, 3, 3, 3] = slice(%x) {starts: [0, 1], ends: [1, 4]} # c
output %a
output %b
output %c
)",
              R"(input %x: f32[1, 6, 3, 3]
constant @x.channels: i64[2] = [4, 5]
constant @x.channels.1: i64[3] = [5, 3, 1]
constant @x.channels.2: i64[3] = [1, 2, 3]
%0: f32[1, 2, 3, 3] = gather_channels(%x, @x.channels) # a
%1: f32[1, 3, 3, 3] = gather_channels(%x, @x.channels.1) # b
%2: f32[1, 3, 3, 3] = gather_channels(%x, @x.channels.2) # c
output %0 as a
output %1 as b
output %2 as c
)");
}

TEST(RouteChannels, TablesOfTablesAreOne) {
  expect_pass(route_channels, R"(input %x: f32[1, 4, 3, 3]
%a: f32[1, 2, 2, 3, 3] = reshape(%x) {shape: [1, 2, 2, 3, 3]} # split
%b: f32[1, 2, 2, 3, 3] = transpose(%a) {order: [0, 2, 1, 3, 4]} # swap
%c: f32[1, 4, 3, 3] = reshape(%b) {shape: [1, 4, 3, 3]} # join
%d: f32[1, 2, 3, 3] = slice(%c) {starts: [2], ends: [4], axes: [1]} # half
output %d
)",
              R"(input %x: f32[1, 4, 3, 3]
constant @x.channels.1: i64[2] = [1, 3]
%1: f32[1, 2, 3, 3] = gather_channels(%x, @x.channels.1) # split, join, half
output %1 as d
)");
}

TEST(RouteChannels, WhatMovesMoreThanChannelsStays) {
  expect_unchanged(route_channels, R"(input %x: f32[1, 4, 6, 3]
%a: f32[1, 4, 2, 3] = slice(%x) {starts: [0], ends: [2], axes: [2]}
%b: f32[1, 2, 3, 3] = slice(%x) {starts: [0, 0], ends: [2, 3], axes: [1, 2]}
%c: f32[1, 2, 3, 3] = slice(%x) {starts: [0, 0], ends: [2, 6], axes: [1, 2], steps: [1, 2]}
%d: f32[1, 2, 2, 6, 3] = reshape(%x) {shape: [1, 2, 2, 6, 3]}
%e: f32[1, 2, 2, 3, 6] = transpose(%d) {order: [0, 2, 1, 4, 3]}
%f: f32[1, 4, 6, 3] = reshape(%e) {shape: [1, 4, 6, 3]}
%g: f32[1, 4, 3, 6] = reshape(%e) {shape: [1, 4, 3, 6]}
output %a
output %b
output %c
output %f
output %g
)");
}

// The value that replaces the last node, and what is then left of the graph.
std::string joined_text(const std::string& body) {
  Graph graph = parse(body);
  Node* concat = graph.nodes().back().get();
  Value* joined = join_concat(graph, *concat);
  if (!joined) return "";
  graph.replace_uses(concat->output(), joined);
  graph.remove_dead();
  verify(graph);
  return body_of(graph);
}

TEST(JoinConcat, PartsThatFillTheirBlocksAreJoinedByTheConcatenationItself) {
  EXPECT_EQ(joined_text(R"(input %x: f32[1, 8, 3, 3]:c4
input %y: f32[1, 3, 3, 3]:c4
%z: f32[1, 11, 3, 3]:c4 = concat(%x, %y) {axis: 1}
output %z
)"),
            "");
}

TEST(JoinConcat, PartialBlocksAndTables) {
  EXPECT_EQ(joined_text(R"(input %x: f32[1, 2, 3, 3]:c4
input %y: f32[1, 3, 3, 3]:c4
constant @table: i64[2] = [2, 0]
%a: f32[1, 2, 3, 3]:c4 = gather_channels(%y, @table)
%z: f32[1, 4, 3, 3]:c4 = concat(%x, %a) {axis: 1} # cat
output %z
)"),
            R"(input %x: f32[1, 2, 3, 3]:c4
input %y: f32[1, 3, 3, 3]:c4
constant @0.channels: i64[4] = [0, 1, 6, 4]
%0: f32[1, 8, 3, 3]:c4 = join_channels(%x, %y) # cat
%1: f32[1, 4, 3, 3]:c4 = gather_channels(%0, @0.channels) # cat
output %1 as z
)");
}

TEST(JoinConcat, OtherAxesAndPlainOperandsAreNotItsBusiness) {
  EXPECT_EQ(joined_text(R"(input %x: f32[1, 2, 3, 3]
input %y: f32[1, 3, 3, 3]
%z: f32[1, 5, 3, 3] = concat(%x, %y) {axis: 1}
output %z
)"),
            "");
}

}  // namespace
}  // namespace broach
