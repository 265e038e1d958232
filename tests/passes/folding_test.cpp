// fold_batch_norm, fold_constants, merge_pads.
#include "passes/fold_batch_norm.h"
#include "passes/fold_constants.h"
#include "passes/merge_pads.h"
#include "passes/pass_text.h"
#include "reference_evaluator.h"

namespace broach {
namespace {

bool fold(Graph& graph) { return fold_constants(graph, evaluate_by_reference); }

TEST(FoldBatchNorm, IntoTheConvolutionBefore) {
  expect_pass(fold_batch_norm, R"(input %x: f32[1, 1, 3, 3]
constant @w: f32[2, 1, 1, 1] = [1, 2]
constant @b: f32[2] = [10, 20]
constant @scale: f32[2] = [6, 1]
constant @bias: f32[2] = [1, 2]
constant @mean: f32[2] = [4, 8]
constant @var: f32[2] = [3, 0]
%c: f32[1, 2, 3, 3] = conv(%x, @w, @b) # conv
%y: f32[1, 2, 3, 3] = batch_norm(%c, @scale, @bias, @mean, @var) {epsilon: 1} # bn
output %y
)",
              R"(input %x: f32[1, 1, 3, 3]
constant @w.1: f32[2, 1, 1, 1] = [3, 2]
constant @b.1: f32[2] = [19, 14]
%y: f32[1, 2, 3, 3] = conv(%x, @w.1, @b.1) # bn, conv
output %y
)");
}

TEST(FoldBatchNorm, FactorsAndTermsPerChannel) {
  expect_pass(fold_batch_norm, R"(input %x: f32[1, 1, 3, 3]
constant @w: f32[2, 1, 1, 1] = [1, 2]
constant @f: f32[2, 1, 1] = [3, 4]
constant @t: f32[1, 2, 1, 1] = [5, 6]
constant @half: f32[] = [2]
%c: f32[1, 2, 3, 3] = conv(%x, @w)
%d: f32[1, 2, 3, 3] = mul(%c, @f)
%e: f32[1, 2, 3, 3] = add(%d, @t)
%y: f32[1, 2, 3, 3] = div(%e, @half)
output %y
)",
              R"(input %x: f32[1, 1, 3, 3]
constant @w.3: f32[2, 1, 1, 1] = [1.5, 4]
constant @w.bias.2: f32[2] = [2.5, 3]
%y: f32[1, 2, 3, 3] = conv(%x, @w.3, @w.bias.2)
output %y
)");
}

// The convolution's own result is wanted, the terms differ along a row, or the result is stretched.
TEST(FoldBatchNorm, NotWhereItWouldBeWrong) {
  expect_unchanged(fold_batch_norm, R"(input %x: f32[1, 1, 2, 2]
constant @w: f32[2, 1, 1, 1] = [1, 2]
constant @f: f32[2, 1, 1] = [3, 4]
constant @row: f32[2] = [3, 4]
constant @batch: f32[2, 1, 1, 1] = [3, 4]
%a: f32[1, 2, 2, 2] = conv(%x, @w)
%b: f32[1, 2, 2, 2] = mul(%a, @f)
%c: f32[1, 2, 2, 2] = conv(%x, @w)
%d: f32[1, 2, 2, 2] = mul(%c, @row)
%e: f32[1, 2, 2, 2] = conv(%x, @w)
%g: f32[2, 2, 2, 2] = mul(%e, @batch)
%h: f32[1, 2, 2, 2] = conv(%x, @w)
%i: f32[1, 2, 2, 2] = sub(@f, %h)
output %a
output %b
output %d
output %g
output %i
)");
}

TEST(FoldBatchNorm, WithoutConvolutionItIsOneMulAndOneAdd) {
  expect_pass(fold_batch_norm, R"(input %x: f32[1, 1, 2, 2]
constant @one: f32[1] = [1]
constant @two: f32[1] = [2]
constant @three: f32[1] = [3]
constant @f: f32[] = [10]
%n: f32[1, 1, 2, 2] = batch_norm(%x, @two, @one, @two, @three) {epsilon: 1}
%y: f32[1, 1, 2, 2] = mul(%n, @f)
output %y
)",
              R"(input %x: f32[1, 1, 2, 2]
constant @two.2: f32[1, 1, 1, 1] = [10]
constant @one.2: f32[1, 1, 1, 1] = [-10]
%y/scaled: f32[1, 1, 2, 2] = mul(%x, @two.2)
%y: f32[1, 1, 2, 2] = add(%y/scaled, @one.2)
output %y
)");
}

TEST(FoldBatchNorm, FactorsOfAMatrixProduct) {
  expect_pass(fold_batch_norm, R"(input %x: f32[1, 2]
constant @w: f32[2, 2] = [1, 2, 3, 4]
constant @f: f32[2] = [10, 100]
%a: f32[1, 2] = matmul(%x, @w)
%b: f32[1, 2] = mul(%a, @f)
%c: f32[1, 2] = matmul(%x, @w) {trans_b: true}
%d: f32[1, 2] = mul(%c, @f)
output %b
output %d
)",
              R"(input %x: f32[1, 2]
constant @w.1: f32[2, 2] = [10, 200, 30, 400]
constant @w.2: f32[2, 2] = [10, 20, 300, 400]
%b: f32[1, 2] = matmul(%x, @w.1)
%d: f32[1, 2] = matmul(%x, @w.2) {trans_b: true}
output %b
output %d
)");
}

TEST(FoldConstants, ComputesChains) {
  expect_pass(fold, R"(input %x: f32[2]
constant @a: f32[2] = [1, 2]
constant @z: i64[] = [7]
%b: f32[2] = exp(%x)
%c: f32[2] = add(@a, @a)
%d: f32[2, 1] = reshape(%c) {shape: [2, 1]}
%e: f32[2, 2] = mul(%b, %d)
%f: i64[2] = iota() {count: 2, start: 3}
%g: i64[3] = expand(@z) {shape: [3]}
output %e
output %f
output %g
)",
              R"(input %x: f32[2]
constant @d.1: f32[2, 1] = [2, 4]
constant @f.1: i64[2] = [3, 4]
constant @g.1: i64[3] = [7, 7, 7]
%b: f32[2] = exp(%x)
%e: f32[2, 2] = mul(%b, @d.1)
output %e
output @f.1 as f
output @g.1 as g
)");
}

TEST(MergePads, IntoConvolutions) {
  expect_pass(merge_pads, R"(input %x: f32[1, 1, 4, 4]
constant @w: f32[1, 1, 3, 3]
%p: f32[1, 1, 7, 6] = pad(%x) {pads: [0, 0, 1, 0, 0, 0, 2, 2]} # pad
%y: f32[1, 1, 7, 6] = conv(%p, @w) {pads: [1, 1, 1, 1]} # conv
output %y
)",
              R"(input %x: f32[1, 1, 4, 4]
constant @w: f32[1, 1, 3, 3]
%y: f32[1, 1, 7, 6] = conv(%x, @w) {pads: [2, 1, 3, 3]} # conv, pad
output %y
)");
}

TEST(MergePads, IntoPools) {
  expect_pass(merge_pads, R"(input %x: f32[1, 1, 4, 4]
%r: f32[1, 1, 4, 4] = relu(%x)
%a: f32[1, 1, 6, 6] = pad(%x) {pads: [0, 0, 1, 1, 0, 0, 1, 1], value: -inf}
%b: f32[1, 1, 4, 4] = max_pool(%a) {kernel: [3, 3]}
%c: f32[1, 1, 6, 6] = pad(%r) {pads: [0, 0, 1, 1, 0, 0, 1, 1]}
%d: f32[1, 1, 4, 4] = max_pool(%c) {kernel: [3, 3]}
%e: f32[1, 1, 4, 4] = average_pool(%c) {kernel: [3, 3]}
output %b
output %d
output %e
)",
              R"(input %x: f32[1, 1, 4, 4]
%r: f32[1, 1, 4, 4] = relu(%x)
%b: f32[1, 1, 4, 4] = max_pool(%x) {kernel: [3, 3], pads: [1, 1, 1, 1]}
%d: f32[1, 1, 4, 4] = max_pool(%r) {kernel: [3, 3], pads: [1, 1, 1, 1]}
%e: f32[1, 1, 4, 4] = average_pool(%r) {kernel: [3, 3], pads: [1, 1, 1, 1], count_include_pad: true}
output %b
output %d
output %e
)");
}

// Zeros under a maximum of numbers that may be negative, a pad of ones, of channels, of a reflection, wider than the window, and one
// that would change what an average counts.
TEST(MergePads, NotWhereItWouldBeWrong) {
  expect_unchanged(merge_pads, R"(input %x: f32[1, 1, 4, 4]
constant @w: f32[1, 1, 3, 3]
constant @w2: f32[1, 2, 3, 3]
%a: f32[1, 1, 6, 6] = pad(%x) {pads: [0, 0, 1, 1, 0, 0, 1, 1]}
%b: f32[1, 1, 4, 4] = max_pool(%a) {kernel: [3, 3]}
%c: f32[1, 1, 6, 6] = pad(%x) {pads: [0, 0, 1, 1, 0, 0, 1, 1], value: 1}
%d: f32[1, 1, 4, 4] = conv(%c, @w)
%e: f32[1, 2, 4, 4] = pad(%x) {pads: [0, 1, 0, 0, 0, 0, 0, 0]}
%f: f32[1, 1, 2, 2] = conv(%e, @w2)
%g: f32[1, 1, 6, 6] = pad(%x) {pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: "reflect"}
%h: f32[1, 1, 4, 4] = conv(%g, @w)
%i: f32[1, 1, 10, 10] = pad(%x) {pads: [0, 0, 3, 3, 0, 0, 3, 3], value: -inf}
%j: f32[1, 1, 8, 8] = max_pool(%i) {kernel: [3, 3]}
%k: f32[1, 1, 6, 6] = average_pool(%a) {kernel: [3, 3], pads: [1, 1, 1, 1]}
output %b
output %d
output %f
output %h
output %j
output %k
)");
}

}  // namespace
}  // namespace broach
