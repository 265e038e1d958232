#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <thread>

#include "runtime/toy.h"

namespace {

using broach::runtime::Module;
using broach::runtime::Session;
using broach::runtime::Tensor;
using toy::AlignedFloats;

const Module& model() {
  static const Module module(toy::sealed());
  return module;
}

std::vector<float> values_of(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

Tensor x_tensor(const float* data) { return Tensor::of(data, {4, 250}); }
Tensor y_tensor(const float* data) { return Tensor::of(data, {1000}); }

class SessionTest : public testing::Test {
 protected:
  SessionTest() : session_(model(), 1) { session_.copy_input(1, y_tensor(y_.data())); }
  void expect_out() { EXPECT_EQ(values_of(session_.output(0)), toy::expected_out(x_, y_)); }
  std::string error_of(broach_status actual, broach_status expected) {
    EXPECT_EQ(actual, expected);
    return broach_error_message();
  }

  std::vector<float> x_ = toy::input(1000, 3), y_ = toy::input(1000, 4);
  Session session_;
};

TEST_F(SessionTest, DescribesInputsAndOutputs) {
  EXPECT_EQ(model().input_count(), 2u);
  EXPECT_EQ(model().output_count(), 2u);
  const auto x = model().input(0), total = model().output(1);
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.shape, (std::vector<int64_t>{4, 250}));
  EXPECT_EQ(x.bytes, 4000u);
  EXPECT_EQ(x.dtype.code, BROACH_DL_FLOAT);
  EXPECT_EQ(x.dtype.bits, 32);
  EXPECT_EQ(total.name, "total");
  EXPECT_EQ(total.shape, (std::vector<int64_t>{1}));
  EXPECT_EQ(model().find_input("y"), 1u);
  EXPECT_EQ(model().find_output("total"), 1u);
}

TEST_F(SessionTest, UnknownNamesListTheKnownOnes) {
  uint32_t index;
  EXPECT_EQ(broach_module_find_input(model().get(), "data", &index), BROACH_STATUS_ARGUMENT);
  EXPECT_STREQ(broach_error_message(), "the artifact in memory has no input named data; it has: x, y");
  broach_tensor_info info;
  EXPECT_EQ(broach_module_get_input(model().get(), 2, &info), BROACH_STATUS_ARGUMENT);
  EXPECT_STREQ(broach_error_message(), "there is no input 2: the module has 2");
}

TEST_F(SessionTest, AlignedInputIsUsedInPlace) {
  AlignedFloats x(x_);
  session_.set_input(0, x_tensor(x.data()));
  EXPECT_EQ(session_.input(0).data(), x.data());
  session_.run();
  expect_out();
  // Every run reads what is there.
  x_[7] = x.data()[7] = 99;
  session_.run();
  expect_out();
}

TEST_F(SessionTest, UnalignedInputIsCopied) {
  AlignedFloats x(x_, 4);
  session_.set_input(0, x_tensor(x.data()));
  EXPECT_NE(session_.input(0).data(), x.data());
  std::memset(x.data(), 0, 4000);
  session_.run();
  expect_out();
}

TEST_F(SessionTest, ByteOffsetCounts) {
  AlignedFloats x(x_, 64);
  const Tensor whole = x_tensor(x.data());
  broach_dltensor tensor = whole.dl();
  tensor.data = reinterpret_cast<char*>(x.data()) - 64;
  tensor.byte_offset = 64;
  ASSERT_EQ(broach_session_set_input(session_.get(), 0, &tensor), BROACH_STATUS_OK);
  EXPECT_EQ(session_.input(0).data(), x.data());
  session_.run();
  expect_out();
}

TEST_F(SessionTest, CopyInputAlwaysCopies) {
  AlignedFloats x(x_);
  session_.copy_input(0, x_tensor(x.data()));
  std::memset(x.data(), 0, 4000);
  session_.run();
  expect_out();
}

TEST_F(SessionTest, StridedInput) {
  // Column-major, and each element with a neighbour that is none; then reversed.
  std::vector<float> memory(2000);
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t c = 0; c < 250; ++c) memory[static_cast<size_t>(2 * (c * 4 + r))] = x_[static_cast<size_t>(r * 250 + c)];
  session_.set_input(0, Tensor(memory.data(), broach::runtime::dtype_of<float>(), {4, 250}, {2, 8}));
  session_.run();
  expect_out();
  std::vector<float> reversed(x_.rbegin(), x_.rend());
  session_.set_input(0, Tensor(reversed.data() + 999, broach::runtime::dtype_of<float>(), {4, 250}, {-250, -1}));
  session_.run();
  expect_out();
}

TEST_F(SessionTest, FillsTheViewOfAnInput) {
  std::memcpy(session_.input(0).data(), x_.data(), 4000);
  session_.run();
  expect_out();
}

TEST_F(SessionTest, AlignedOutputIsWrittenInPlace) {
  AlignedFloats out(std::vector<float>(1000));
  session_.copy_input(0, x_tensor(x_.data()));
  session_.set_output(0, x_tensor(out.data()));
  session_.run();
  EXPECT_EQ(std::memcmp(out.data(), toy::expected_out(x_, y_).data(), 4000), 0);
  EXPECT_EQ(session_.output(0).data(), out.data());
  // Back to the session's memory: the caller's stays as it is.
  ASSERT_EQ(broach_session_set_output(session_.get(), 0, nullptr), BROACH_STATUS_OK);
  out.data()[0] = -1;
  session_.run();
  EXPECT_EQ(out.data()[0], -1);
  expect_out();
}

TEST_F(SessionTest, UnalignedAndStridedOutputsAreCopiedTo) {
  AlignedFloats out(std::vector<float>(1001), 4);
  session_.copy_input(0, x_tensor(x_.data()));
  session_.set_output(0, x_tensor(out.data()));
  session_.run();
  const auto expected = toy::expected_out(x_, y_);
  EXPECT_EQ(std::memcmp(out.data(), expected.data(), 4000), 0);
  std::vector<float> columns(1000);
  session_.set_output(0, Tensor(columns.data(), broach::runtime::dtype_of<float>(), {4, 250}, {1, 4}));
  session_.run();
  for (size_t r = 0; r < 4; ++r)
    for (size_t c = 0; c < 250; ++c) ASSERT_EQ(columns[c * 4 + r], expected[r * 250 + c]);
}

TEST_F(SessionTest, InputMustBeSet) {
  EXPECT_EQ(error_of(broach_session_run(session_.get()), BROACH_STATUS_ARGUMENT), "input x has not been set");
  session_.copy_input(0, x_tensor(x_.data()));
  session_.run();
  ASSERT_EQ(broach_session_set_input(session_.get(), 0, nullptr), BROACH_STATUS_OK);
  EXPECT_EQ(error_of(broach_session_run(session_.get()), BROACH_STATUS_ARGUMENT), "input x has not been set");
}

TEST_F(SessionTest, WrongTensorsAreRefused) {
  const Tensor turned = Tensor::of(x_.data(), {250, 4});
  broach_dltensor tensor = turned.dl();
  const auto set = [&] { return error_of(broach_session_set_input(session_.get(), 0, &tensor), BROACH_STATUS_ARGUMENT); };
  EXPECT_EQ(set(), "input x is float32[4,250], the tensor given is float32[250,4]");
  const Tensor right = x_tensor(x_.data());
  tensor = right.dl();
  tensor.dtype.bits = 64;
  EXPECT_EQ(set(), "input x is float32[4,250], the tensor given is float64[4,250]");
  tensor.dtype.bits = 32;
  tensor.ndim = 1;
  EXPECT_EQ(set(), "input x is float32[4,250], the tensor given is float32[4]");
  tensor.ndim = 2;
  tensor.device.device_type = 2;
  EXPECT_EQ(set(), "the tensor for input x is on DLPack device 2; copy it to the CPU (1) first");
  tensor.device.device_type = BROACH_DL_CPU;
  tensor.data = nullptr;
  EXPECT_EQ(set(), "the tensor for input x has no data or no shape");
  EXPECT_EQ(broach_session_set_input(session_.get(), 2, &tensor), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_session_set_output(session_.get(), 2, &tensor), BROACH_STATUS_ARGUMENT);
}

TEST_F(SessionTest, OverlapOfInputAndOutputIsRefused) {
  AlignedFloats both(std::vector<float>(1016));
  session_.set_input(0, x_tensor(both.data()));
  session_.set_output(0, x_tensor(both.data() + 16));
  EXPECT_EQ(error_of(broach_session_run(session_.get()), BROACH_STATUS_ARGUMENT),
            "the memory of output out overlaps that of input x: use separate tensors");
  AlignedFloats apart(std::vector<float>(1000));
  session_.set_output(0, x_tensor(apart.data()));
  session_.run();
}

TEST_F(SessionTest, AKernelsErrorNamesTheNode) {
  x_[0] = 12345;
  session_.copy_input(0, x_tensor(x_.data()));
  EXPECT_EQ(error_of(broach_session_run(session_.get()), BROACH_STATUS_KERNEL), "step 6 of the artifact in memory (Check_6) ended with status 7");
  x_[0] = 1;
  session_.copy_input(0, x_tensor(x_.data()));
  session_.run();
  expect_out();
}

TEST_F(SessionTest, ABusySessionRefuses) {
  AlignedFloats x(x_);
  volatile float* wait = x.data() + 1;
  *wait = 777;
  session_.set_input(0, x_tensor(x.data()));
  std::thread runner([&] { session_.run(); });
  broach_dltensor view;
  while (broach_session_get_output(session_.get(), 0, &view) != BROACH_STATUS_BUSY) std::this_thread::yield();
  EXPECT_EQ(error_of(broach_session_run(session_.get()), BROACH_STATUS_BUSY),
            "the session is busy: another thread is using it; give each thread its own session");
  EXPECT_EQ(broach_session_set_input(session_.get(), 0, nullptr), BROACH_STATUS_BUSY);
  *wait = 0;
  runner.join();
  EXPECT_EQ(broach_session_run(session_.get()), BROACH_STATUS_OK);
}

TEST_F(SessionTest, ProfileNamesEveryStep) {
  session_.copy_input(0, x_tensor(x_.data()));
  session_.set_profile(true);
  for (int i = 0; i < 5; ++i) session_.run();
  session_.set_profile(false);
  session_.run();
  const auto profile = session_.profile();
  ASSERT_EQ(profile.size(), 7u);
  EXPECT_STREQ(profile[0].origin, "Mul_0");
  EXPECT_STREQ(profile[6].origin, "Check_6");
  EXPECT_EQ(profile[0].tasks, 7);
  double seconds = 0;
  for (const auto& entry : profile) {
    EXPECT_EQ(entry.count, 5u);
    EXPECT_GE(entry.seconds, 0);
    seconds += entry.seconds;
  }
  EXPECT_GT(seconds, 0);
  EXPECT_LT(seconds, 5);
  session_.set_profile(true);
  EXPECT_EQ(session_.profile()[0].count, 0u);
}

TEST(SessionDims, SizesFollowTheDimensions) {
  const Module module(toy::sealed("-DDIMS"));
  EXPECT_EQ(module.dim_count(), 1u);
  EXPECT_EQ(module.input(0).shape, (std::vector<int64_t>{4, -1}));
  EXPECT_EQ(module.input(0).bytes, 0u);
  for (int64_t n : {4, 100, 1000}) {
    Session session(module, 2, std::vector<int64_t>{n});
    const auto x = toy::input(n, 1), y = toy::input(n, 2);
    session.copy_input(0, Tensor::of(x.data(), {4, n / 4}));
    session.copy_input(1, Tensor::of(y.data(), {n}));
    session.run();
    EXPECT_EQ(session.output(0).shape(), (std::vector<int64_t>{4, n / 4}));
    EXPECT_EQ(values_of(session.output(0)), toy::expected_out(x, y));
  }
}

TEST(SessionDims, WrongOnesAreRefused) {
  const Module module(toy::sealed("-DDIMS"));
  broach_session* session;
  EXPECT_EQ(broach_session_create(module.get(), 1, &session), BROACH_STATUS_ARGUMENT);
  EXPECT_STREQ(broach_error_message(), "the artifact in memory has 1 symbolic dimensions, values of 0 were given");
  // Past the arena, past 64 bits, negative.
  for (int64_t n : {int64_t{2000}, int64_t{1} << 62, int64_t{-4}})
    EXPECT_NE(broach_session_create_with_dims(module.get(), 1, &n, 1, &session), BROACH_STATUS_OK) << n;
  const int64_t n = 4;
  EXPECT_EQ(broach_session_create_with_dims(model().get(), 1, &n, 1, &session), BROACH_STATUS_ARGUMENT);
}

TEST(SessionThreads, CountIsBounded) {
  broach_session* session;
  EXPECT_EQ(broach_session_create(model().get(), 1025, &session), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(Session(model(), 0).thread_count(), broach_cpu_count());
  EXPECT_EQ(Session(model(), 3).thread_count(), 3u);
}

TEST(SessionDebug, PoisonedMemoryChangesNothing) {
  setenv("BROACH_DEBUG_MEMORY", "1", 1);
  Session session(model(), 2);
  unsetenv("BROACH_DEBUG_MEMORY");
  const auto x = toy::input(1000, 3), y = toy::input(1000, 4);
  session.copy_input(0, x_tensor(x.data()));
  session.copy_input(1, y_tensor(y.data()));
  session.run();
  EXPECT_EQ(values_of(session.output(0)), toy::expected_out(x, y));
  // The input's end is the page's end: 4000 bytes are 62.5 lines.
  EXPECT_EQ((reinterpret_cast<uintptr_t>(session.input(0).data()) + 4032) % 4096, 0u);
}

}  // namespace
