// What operators refuse, in whose words, and which layouts results get.
#include <gtest/gtest.h>

#include "ops/conv.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/inference.h"
#include "ops/layout.h"
#include "ops/matmul.h"
#include "ops/movement.h"
#include "ops/normalization.h"
#include "ops/op_def.h"
#include "ops/pool.h"
#include "ops/reduction.h"
#include "ops/resize.h"
#include "ops/softmax.h"

namespace broach {
namespace {

struct Applied {
  Graph graph;
  Node* node = nullptr;
};

Applied apply(const OpDef& op, const std::vector<TensorType>& inputs, std::unique_ptr<Attributes> attributes = nullptr) {
  Applied result;
  std::vector<Value*> values;
  for (const TensorType& type : inputs) values.push_back(result.graph.add_input("x", type));
  result.node = result.graph.add(op, values, attributes ? std::move(attributes) : op.make_attributes(), {"node"});
  return result;
}

template <class T>
std::unique_ptr<Attributes> attributes(const std::function<void(T&)>& set) {
  auto a = std::make_unique<T>();
  set(*a);
  return a;
}

// The message of the Error; empty if there is none.
std::string refusal(const OpDef& op, const std::vector<TensorType>& inputs, std::unique_ptr<Attributes> attributes = nullptr) {
  try {
    apply(op, inputs, std::move(attributes));
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

void expect_refusal(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << "found: " << message << "\nexpected: " << part;
}

constexpr DType f32 = DType::f32, i64 = DType::i64;

TEST(Inference, RefusesWhatDoesNotFit) {
  expect_refusal(refusal(op_add, {{f32, {2}}}), "add has 1 inputs, expected 2");
  expect_refusal(refusal(op_add, {{f32, {2}}, {i64, {2}}}), "inputs 0 and 1 of add are f32 and i64, expected the same type");
  expect_refusal(refusal(op_add, {{f32, {2}}, {f32, {3}}}), "shapes [2] and [3] do not broadcast: 2 against 3");
  expect_refusal(refusal(op_exp, {{i64, {2}}}), "input 0 of exp is i64, expected a float type");
  expect_refusal(refusal(op_where, {{f32, {2}}, {f32, {2}}, {f32, {2}}}), "input 0 of where is f32, expected bool");
  expect_refusal(refusal(op_prelu, {{f32, {2, 3}}, {f32, {2, 3, 1}}}), "does not broadcast to the shape [2, 3]");
  expect_refusal(refusal(op_matmul, {{f32, {2, 3}}, {f32, {4, 5}}}), "3 columns on the left and 4 rows on the right");
  expect_refusal(refusal(op_matmul, {{f32, {}}, {f32, {4, 5}}}), "expected at least 1 dimensions");
  expect_refusal(refusal(op_layer_norm, {{f32, {2, 3}}, {f32, {4}}}), "shapes [4] and [2, 3] do not broadcast");
  expect_refusal(refusal(op_instance_norm, {{f32, {2, 3, 4}}, {f32, {4}}, {f32, {3}}}), "input 1 of instance_norm has shape [4], expected [3]");
  expect_refusal(refusal(op_gather, {{f32, {2}}, {f32, {2}}}), "input 1 of gather is f32, expected indices of type i32 or i64");
}

TEST(Inference, RefusesAttributesThatDoNotFit) {
  auto axis = [](int64_t value) { return attributes<SoftmaxAttributes>([=](auto& a) { a.axis = value; }); };
  expect_refusal(refusal(op_softmax, {{f32, {2, 3}}}, axis(2)), "axis 2 is outside of a tensor of 2 dimensions");
  auto axes = [](std::vector<int64_t> values) { return attributes<ReduceAttributes>([=](auto& a) { a.axes = values; }); };
  expect_refusal(refusal(op_reduce_sum, {{f32, {2, 3}}}, axes({1, -1})), "axis 1 is named twice");
  auto shape = [](std::vector<int64_t> values) { return attributes<ShapeAttributes>([=](auto& a) { a.shape = values; }); };
  expect_refusal(refusal(op_reshape, {{f32, {2, 3}}}, shape({4, -1})), "reshape of [2, 3] to [4, -1] changes the number of elements (6)");
  expect_refusal(refusal(op_reshape, {{f32, {2, 3}}}, shape({-1, -1})), "expected extents and at most one -1");
  expect_refusal(refusal(op_reshape, {{f32, {2, 3}}}, shape({int64_t(1) << 40, int64_t(1) << 40})), "2^40");
  auto step = attributes<SliceAttributes>([](auto& a) { a.starts = {0}, a.ends = {1}, a.steps = {0}; });
  expect_refusal(refusal(op_slice, {{f32, {2, 3}}}, std::move(step)), "slice has a step of 0 on axis 0");
  auto mode = attributes<PadAttributes>([](auto& a) { a.pads = {1, 1}, a.mode = "mirror"; });
  expect_refusal(refusal(op_pad, {{f32, {2}}}, std::move(mode)), "pad has the mode \"mirror\"");
  auto repeats = attributes<TileAttributes>([](auto& a) { a.repeats = {int64_t(1) << 60}; });
  expect_refusal(refusal(op_tile, {{f32, {1 << 20}}}, std::move(repeats)), "at most 2^40 elements");
  auto resize = attributes<ResizeAttributes>([](auto& a) { a.shape = {4}, a.scales = {2}, a.mode = "area"; });
  expect_refusal(refusal(op_resize, {{f32, {2}}}, std::move(resize)), "resize has mode \"area\", expected one of nearest, linear, cubic");
  auto block = attributes<BlockAttributes>([](auto& a) { a.block = 2; });
  expect_refusal(refusal(op_depth_to_space, {{f32, {1, 6, 2, 2}}}, std::move(block)), "expected [N, C * block^2, H, W]");
  auto count = attributes<IotaAttributes>([](auto& a) { a.count = -1; });
  expect_refusal(refusal(op_iota, {}, std::move(count)), "iota has -1 elements");
}

TEST(Inference, RefusesWindowsThatDoNotFit) {
  auto conv = [](std::function<void(ConvAttributes&)> set) { return attributes<ConvAttributes>(set); };
  std::vector<TensorType> inputs{{f32, {1, 4, 8, 8}}, {f32, {6, 2, 3, 3}}};
  EXPECT_EQ(refusal(op_conv, inputs, conv([](auto& a) { a.group = 2; })), "");
  expect_refusal(refusal(op_conv, inputs), "with 2 input channels, expected 4 (4 channels in 1 groups)");
  expect_refusal(refusal(op_conv, inputs, conv([](auto& a) { a.group = 3; })), "cannot divide 4 input and 6 output channels into 3 groups");
  expect_refusal(refusal(op_conv, inputs, conv([](auto& a) { a.group = 2, a.strides = {1}; })), "strides has 1 entries, expected 2");
  expect_refusal(refusal(op_conv, inputs, conv([](auto& a) { a.group = 2, a.strides = {0, 1}; })), "strides has the entry 0");
  expect_refusal(refusal(op_conv, inputs, conv([](auto& a) { a.group = 2, a.pads = {1, 1}; })), "pads has 2 entries, expected 4");
  expect_refusal(refusal(op_conv, inputs, conv([](auto& a) { a.group = 2, a.dilations = {4, 1}; })),
                 "the window covers 9 elements of spatial axis 0, the padded input has only 8");
  expect_refusal(refusal(op_conv, {{f32, {1, 2, 8, 8}}, {f32, {6, 2, 3, 3}}, {f32, {5}}}), "input 2 of conv has shape [5], expected [6]");
  auto pool = attributes<PoolAttributes>([](auto& a) { a.kernel = {2, 2}, a.pads = {2, 0, 0, 0}; });
  expect_refusal(refusal(op_max_pool, {{f32, {1, 2, 8, 8}}}, std::move(pool)), "is padded by 2 and 0, expected 0 to 1");
}

TEST(Inference, OutputsOfWindows) {
  auto extent = [](int64_t in, int64_t kernel, int64_t stride, int64_t begin, int64_t end, bool ceil) {
    auto a = attributes<PoolAttributes>([&](auto& p) { p.kernel = {kernel}, p.strides = {stride}, p.pads = {begin, end}, p.ceil_mode = ceil; });
    return apply(op_max_pool, {{f32, {1, 1, in}}}, std::move(a)).node->output()->type.shape[2];
  };
  EXPECT_EQ(extent(112, 3, 2, 1, 1, false), 56);
  EXPECT_EQ(extent(55, 3, 2, 0, 0, true), 27);
  EXPECT_EQ(extent(6, 3, 2, 0, 0, false), 2);
  EXPECT_EQ(extent(6, 3, 2, 0, 0, true), 3);
  EXPECT_EQ(extent(4, 2, 3, 0, 1, true), 2);
  EXPECT_EQ(extent(3, 2, 3, 0, 1, true), 1);  // a second window would begin in the padding after the input
}

Layout layout_of(const OpDef& op, const std::vector<TensorType>& inputs, std::unique_ptr<Attributes> a = nullptr) {
  return apply(op, inputs, std::move(a)).node->output()->type.layout;
}

TEST(Inference, LayoutsOfElementwiseResults) {
  Layout plain{}, c8{8};
  Shape wide{1, 24, 5, 5}, channels{1, 24, 1, 1};
  EXPECT_EQ(layout_of(op_relu, {{f32, wide, c8}}), c8);
  EXPECT_EQ(layout_of(op_add, {{f32, wide, c8}, {f32, wide, c8}}), c8);
  EXPECT_EQ(layout_of(op_add, {{f32, wide, c8}, {f32, wide}}), plain);
  EXPECT_EQ(layout_of(op_add, {{f32, wide, c8}, {f32, {}}}), c8);
  EXPECT_EQ(layout_of(op_add, {{f32, wide, c8}, {f32, {24, 1, 1}}}), c8);
  EXPECT_EQ(layout_of(op_mul, {{f32, wide, c8}, {f32, channels}}), c8);        // one element a channel fits both
  EXPECT_EQ(layout_of(op_mul, {{f32, wide}, {f32, channels, c8}}), plain);
  EXPECT_EQ(layout_of(op_mul, {{f32, channels, c8}, {f32, channels}}), c8);
  EXPECT_EQ(layout_of(op_mul, {{f32, wide, c8}, {f32, {1, 1, 5, 5}}}), c8);
}

TEST(Inference, LayoutsOfMovedChannels) {
  Layout plain{}, c8{8};
  auto concat = [&](int64_t first, int64_t axis) {
    Shape x{1, first, 4, 4};
    return layout_of(op_concat, {{f32, x, c8}, {f32, x, c8}}, attributes<ConcatAttributes>([=](auto& a) { a.axis = axis; }));
  };
  EXPECT_EQ(concat(16, 1), c8);
  EXPECT_EQ(concat(12, 1), plain);  // the second would begin inside a block
  EXPECT_EQ(concat(12, 2), c8);
  auto slice = [&](int64_t start, int64_t step) {
    auto a = attributes<SliceAttributes>([=](auto& s) { s.starts = {start}, s.ends = {24}, s.axes = {1}, s.steps = {step}; });
    return layout_of(op_slice, {{f32, {1, 24, 4, 4}, c8}}, std::move(a));
  };
  EXPECT_EQ(slice(8, 1), c8);
  EXPECT_EQ(slice(4, 1), plain);
  EXPECT_EQ(slice(0, 2), plain);
}

TEST(Broadcasting, NumpysRule) {
  EXPECT_EQ(broadcast_shapes({3, 1}, {2, 1, 4}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast_shapes({}, {2}), (Shape{2}));
  EXPECT_EQ(broadcast_shapes({0}, {1}), (Shape{0}));
  EXPECT_THROW(broadcast_shapes({2, 3}, {2}), Error);
}

}  // namespace
}  // namespace broach
