// remove_identities, canonicalize, eliminate_common_subexpressions, remove_dead.
#include "passes/canonicalize.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/pass_text.h"
#include "passes/remove_dead.h"
#include "passes/remove_identities.h"

namespace broach {
namespace {

TEST(RemoveIdentities, NodesThatGiveTheirInputBack) {
  expect_pass(remove_identities, R"(input %x: f32[1, 4, 5, 5]
constant @zero: f32[] = [0]
constant @one: f32[4, 1, 1] = [1, 1, 1, 1]
%a: f32[1, 4, 5, 5] = reshape(%x) {shape: [1, 4, -1, 5]}
%b: f32[1, 4, 5, 5] = transpose(%a) {order: [0, 1, 2, 3]}
%c: f32[1, 4, 5, 5] = cast(%b)
%d: f32[1, 4, 5, 5] = add(%c, @zero)
%e: f32[1, 4, 5, 5] = mul(%d, @one)
%f: f32[1, 4, 5, 5] = max_pool(%e) {kernel: [1, 1]}
%g: f32[1, 4, 5, 5] = pad(%f) {pads: [0, 0, 0, 0, 0, 0, 0, 0]}
%h: f32[1, 4, 5, 5] = slice(%g) {starts: [0], ends: [9], axes: [1]}
%i: f32[1, 4, 5, 5] = clip(%h)
%j: f32[1, 4, 5, 5] = concat(%i) {axis: 1}
%k: f32[1, 4, 5, 5] = expand(%j) {shape: [5]}
%y: f32[1, 4, 5, 5] = relu(%k)
output %y
output %k as "out"
)",
              R"(input %x: f32[1, 4, 5, 5]
%y: f32[1, 4, 5, 5] = relu(%x)
output %y
output %x as out
)");
}

TEST(RemoveIdentities, WhatLooksAlikeButIsNone) {
  expect_unchanged(remove_identities, R"(input %x: f32[4, 4]
constant @zero: f32[1, 4, 1] = [0, 0, 0, 0]
%a: f32[1, 4, 4] = add(%x, @zero)
%b: f32[4, 4] = transpose(%x) {order: [1, 0]}
%c: f32[4, 4] = slice(%x) {starts: [-1], ends: [-9], axes: [0], steps: [-1]}
%d: f16[4, 4] = cast(%x) {to: f16}
%e: f32[4, 4] = cast(%d)
%f: f32[4, 4] = clip(%x) {low: 0}
output %a
output %b
output %c
output %e
output %f
)");
}

TEST(RemoveIdentities, PairsBecomeOne) {
  expect_pass(remove_identities, R"(input %x: f32[2, 3, 4]
%a: f32[6, 4] = reshape(%x) {shape: [6, 4]} # a
%b: f32[24] = reshape(%a) {shape: [24]} # b
%c: f32[4, 2, 3] = transpose(%x) {order: [2, 0, 1]} # c
%d: f32[3, 4, 2] = transpose(%c) {order: [2, 0, 1]} # d
%e: f32[2, 3, 4] = transpose(%d) {order: [2, 0, 1]} # e
%f: f32[2, 3, 4] = relu(%e)
output %b
output %d
output %f
)",
              R"(input %x: f32[2, 3, 4]
%b: f32[24] = reshape(%x) {shape: [24]} # b, a
%d: f32[3, 4, 2] = transpose(%x) {order: [1, 2, 0]} # d, c
%f: f32[2, 3, 4] = relu(%x)
output %b
output %d
output %f
)");
}

TEST(RemoveIdentities, WhatMovesOnlyUnitAxesIsAReshape) {
  expect_pass(remove_identities, R"(input %x: f32[1, 4, 1, 5]
%a: f32[1, 1, 4, 5] = transpose(%x) {order: [0, 2, 1, 3]}
%b: f32[4, 5] = reduce_sum(%x) {axes: [0, 2], keepdims: false}
output %a
output %b
)",
              R"(input %x: f32[1, 4, 1, 5]
%a: f32[1, 1, 4, 5] = reshape(%x) {shape: [1, 1, 4, 5]}
%b: f32[4, 5] = reshape(%x) {shape: [4, 5]}
output %a
output %b
)");
}

TEST(Canonicalize, ArithmeticWithConstants) {
  expect_pass(canonicalize, R"(input %x: f32[2]
constant @c: f32[2] = [1, -2]
constant @eight: f32[] = [8]
constant @three: f32[] = [3]
%a: f32[2] = mul(@c, %x)
%b: f32[2] = sub(%a, @c)
%d: f32[2] = div(%b, @eight)
%e: f32[2] = div(%d, @three)
%f: f32[2] = sub(@c, %e)
output %f
)",
              R"(input %x: f32[2]
constant @c: f32[2] = [1, -2]
constant @three: f32[] = [3]
constant @c.1: f32[2] = [-1, 2]
constant @eight.1: f32[] = [0.125]
%a: f32[2] = mul(%x, @c)
%b: f32[2] = add(%a, @c.1)
%d: f32[2] = mul(%b, @eight.1)
%e: f32[2] = div(%d, @three)
%f: f32[2] = sub(@c, %e)
output %f
)");
}

TEST(Canonicalize, IntegersAreNotDividedByMultiplying) {
  expect_unchanged(canonicalize, R"(input %x: i32[2]
constant @two: i32[] = [2]
%a: i32[2] = div(%x, @two)
%b: i32[2] = sub(%a, @two)
output %b
)");
}

TEST(Canonicalize, ClipsAreJoined) {
  expect_pass(canonicalize, R"(input %x: f32[2]
%a: f32[2] = clip(%x) {low: 0} # a
%b: f32[2] = clip(%a) {low: -1, high: 6} # b
%c: f32[2] = relu(%x) # c
%d: f32[2] = relu(%c) # d
%e: f32[2] = clip(%x) {low: -3, high: -2} # e
%f: f32[2] = relu(%e) # f
output %b
output %d
output %f
)",
              R"(input %x: f32[2]
%b: f32[2] = clip(%x) {low: 0, high: 6} # b, a
%d: f32[2] = relu(%x) # d, c
%f: f32[2] = clip(%x) {low: 0, high: 0} # f, e
output %b
output %d
output %f
)");
}

TEST(Canonicalize, PoolsOverEverythingAreReductions) {
  expect_pass(canonicalize, R"(input %x: f32[1, 8, 7, 7]
%a: f32[1, 8, 1, 1] = average_pool(%x) {kernel: [7, 7]}
%b: f32[1, 8, 1, 1] = max_pool(%x) {kernel: [7, 7], strides: [2, 2]}
%c: f32[1, 8, 2, 1] = average_pool(%x) {kernel: [6, 7]}
output %a
output %b
output %c
)",
              R"(input %x: f32[1, 8, 7, 7]
%a: f32[1, 8, 1, 1] = reduce_mean(%x) {axes: [2, 3]}
%b: f32[1, 8, 1, 1] = reduce_max(%x) {axes: [2, 3]}
%c: f32[1, 8, 2, 1] = average_pool(%x) {kernel: [6, 7]}
output %a
output %b
output %c
)");
}

TEST(Canonicalize, OperandsNeedNoExpand) {
  expect_pass(canonicalize, R"(input %x: f32[2, 3]
input %y: f32[3]
%a: f32[2, 3] = expand(%y) {shape: [2, 3]}
%b: f32[2, 3] = add(%x, %a)
%c: f32[2, 3] = add(%y, %a)
output %b
output %c
)",
              R"(input %x: f32[2, 3]
input %y: f32[3]
%a: f32[2, 3] = expand(%y) {shape: [2, 3]}
%b: f32[2, 3] = add(%x, %y)
%c: f32[2, 3] = add(%y, %a)
output %b
output %c
)");
}

TEST(EliminateCommonSubexpressions, EqualNodesAndConstants) {
  expect_pass(eliminate_common_subexpressions, R"(input %x: f32[2]
constant @c: f32[1] = [3]
constant @same: f32[1] = [3]
constant @other: f32[] = [3]
%a: f32[2] = add(%x, @c) # a
%b: f32[2] = add(%x, @same) # b
%d: f32[2] = add(%x, @other) # d
%e: f32[2] = leaky_relu(%a) {alpha: 0.5} # e
%f: f32[2] = leaky_relu(%b) {alpha: 0.5} # f
%g: f32[2] = leaky_relu(%b) # g
output %d
output %e
output %f
output %g
)",
              R"(input %x: f32[2]
constant @c: f32[1] = [3]
constant @other: f32[] = [3]
%a: f32[2] = add(%x, @c) # a, b
%d: f32[2] = add(%x, @other) # d
%e: f32[2] = leaky_relu(%a) {alpha: 0.5} # e, f
%g: f32[2] = leaky_relu(%a) # g
output %d
output %e
output %e as f
output %g
)");
}

TEST(RemoveDead, WhatNoOutputNeeds) {
  expect_pass(remove_dead, R"(input %x: f32[2]
input %unused: f32[2]
constant @c: f32[] = [3]
%a: f32[2] = add(%x, @c)
%b: f32[2] = relu(%x)
output %b
)",
              R"(input %x: f32[2]
input %unused: f32[2]
%b: f32[2] = relu(%x)
output %b
)");
}

}  // namespace
}  // namespace broach
