// Fusion groups, one line each: "node node -> results".
#include "passes/fuse.h"
#include "passes/pass_text.h"

namespace broach {
namespace {

std::string groups_of(const std::string& body) {
  Graph graph = parse(body);
  std::string text;
  for (const FusionGroup& group : fuse(graph)) {
    for (const Node* node : group.nodes) text += node->output()->name + " ";
    text += "->";
    for (const Value* value : group.outputs) text += " " + value->name;
    text += "\n";
  }
  return text;
}

TEST(Fuse, ElementwiseNodesFollowTheirReduction) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
input %y: f32[1, 4, 5, 5]
constant @w: f32[4, 4, 1, 1]
constant @k: f32[4, 1, 1]
%a: f32[1, 4, 5, 5] = conv(%x, @w)
%b: f32[1, 4, 5, 5] = add(%a, @k)
%c: f32[1, 4, 5, 5] = add(%b, %y)
%d: f32[1, 4, 5, 5] = relu(%c)
output %d
)"),
            "a b c d -> d\n");
}

TEST(Fuse, BothBranchesOfAGateOrNone) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
constant @w: f32[4, 4, 1, 1]
%a: f32[1, 4, 5, 5] = conv(%x, @w)
%s: f32[1, 4, 5, 5] = sigmoid(%a)
%m: f32[1, 4, 5, 5] = mul(%a, %s)
output %m
)"),
            "a s m -> m\n");
}

TEST(Fuse, AResultThatIsUsedElsewhereEndsTheGroup) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
constant @w: f32[4, 4, 1, 1]
%a: f32[1, 4, 5, 5] = conv(%x, @w)
%b: f32[1, 4, 5, 5] = relu(%a)
%c: f32[1, 4, 5, 5] = conv(%a, @w)
%d: f32[1, 4, 5, 5] = add(%c, %b)
output %d
)"),
            "a -> a\nc -> c\nb d -> d\n");
}

TEST(Fuse, GroupsRunOnceAllTheirOperandsExist) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
constant @w: f32[4, 4, 1, 1]
%a: f32[1, 4, 5, 5] = conv(%x, @w)
%b: f32[1, 4, 5, 5] = max_pool(%x) {kernel: [1, 1]}
%c: f32[1, 4, 5, 5] = add(%a, %b)
output %c
)"),
            "b -> b\na c -> c\n");
}

TEST(Fuse, NoPathLeavesAGroupAndComesBack) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
constant @w: f32[4, 4, 1, 1]
%a: f32[1, 4, 5, 5] = conv(%x, @w)
%b: f32[1, 4, 5, 5] = conv(%a, @w)
%c: f32[1, 4, 5, 5] = add(%a, %b)
output %c
)"),
            "a -> a\nb c -> c\n");
}

TEST(Fuse, OtherShapesAndLayoutsAreNotFollowed) {
  EXPECT_EQ(groups_of(R"(input %x: f32[4, 5]
constant @k: f32[3, 1, 1]
%a: f32[4, 5] = exp(%x)
%b: f32[3, 4, 5] = add(%a, @k)
%c: f32[5, 4] = transpose(%a) {order: [1, 0]}
output %b
output %c
)"),
            "a -> a\nb -> b\nc -> c\n");
}

TEST(Fuse, ViewsAreNoKernels) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 8, 1, 1]:c4
%a: f32[1, 8, 1, 1]:c4 = relu(%x)
%b: f32[1, 8, 1, 1] = to_layout(%a)
%c: f32[1, 8] = reshape(%b) {shape: [1, 8]}
%d: f32[1, 8] = exp(%c)
output %d
)"),
            "a -> a\nd -> d\n");
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 8, 1, 1]:c4
input %z: f32[1, 6, 1, 1]:c4
%a: f32[1, 8, 1, 1]:c4 = relu(%x)
%b: f32[1, 8] = reshape(%a) {shape: [1, 8]}
%c: f32[1, 6] = reshape(%z) {shape: [1, 6]}
output %b
output %c
)"),
            "a -> a\nc -> c\n");
}

TEST(Fuse, ConvolutionsReadThroughATableOfChannels) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
constant @w: f32[4, 2, 1, 1]
constant @table: i64[2] = [3, 0]
%a: f32[1, 4, 5, 5] = relu(%x)
%g: f32[1, 2, 5, 5] = gather_channels(%a, @table)
%b: f32[1, 4, 5, 5] = conv(%g, @w)
%c: f32[1, 4, 5, 5] = relu(%b)
output %c
)"),
            "a -> a\ng b c -> c\n");
}

TEST(Fuse, DepthwiseConvolutionsDoNot) {
  EXPECT_EQ(groups_of(R"(input %x: f32[1, 4, 5, 5]
constant @w: f32[2, 1, 1, 1]
constant @table: i64[2] = [3, 0]
%g: f32[1, 2, 5, 5] = gather_channels(%x, @table)
%b: f32[1, 2, 5, 5] = conv(%g, @w) {group: 2}
output %b
)"),
            "g -> g\nb -> b\n");
}

TEST(Fuse, ALimitOfNodesIsKept) {
  Graph graph = parse(R"(input %x: f32[4]
%a: f32[4] = exp(%x)
%b: f32[4] = exp(%a)
%c: f32[4] = exp(%b)
output %c
)");
  for (const FusionGroup& group : fuse(graph, 1)) EXPECT_EQ(group.nodes.size(), 1u);
  EXPECT_EQ(fuse(graph, 1).size(), 3u);
  EXPECT_EQ(fuse(graph).size(), 1u);
}

TEST(IsElementwise, AsTheExpressionsSay) {
  Graph graph = parse(R"(input %x: f32[2, 3]
constant @k: f32[2, 1] = [1, 2]
constant @w: f32[3, 3]
%a: f32[2, 3] = mul(%x, @k)
%b: f32[2, 3] = softmax(%x) {axis: 1}
%c: f32[2, 3] = slice(%x) {starts: [1], ends: [-9], axes: [0], steps: [-1]}
%d: f32[2, 3] = matmul(%x, @w)
%e: f32[2, 3] = clip(%x) {low: 0}
output %a
output %b
output %c
output %d
output %e
)");
  std::string answers;
  for (const auto& node : graph.nodes()) answers += is_elementwise(*node) ? "yes " : "no ";
  EXPECT_EQ(answers, "yes no no no yes ");
}

}  // namespace
}  // namespace broach
