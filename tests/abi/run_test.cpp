// Compiled models in the runtime: equal bits for every number of threads, no allocation, no copies, profile, errors.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "abi/compiled_models.h"
#include "runtime/faults.h"

namespace broach::test {
namespace {

std::string run_once(const runtime::Module& module, uint32_t threads, const std::vector<std::vector<float>>& inputs) {
  runtime::Session session(module, threads);
  set_inputs(session, inputs);
  session.run();
  return output_bytes(module, session);
}

// Three sets of inputs and what one thread makes of them.
struct Expected {
  std::vector<std::vector<std::vector<float>>> inputs;
  std::vector<std::string> outputs;

  explicit Expected(const runtime::Module& module) {
    for (int seed = 1; seed <= 3; ++seed) {
      inputs.push_back(random_inputs(module, seed));
      outputs.push_back(run_once(module, 1, inputs.back()));
    }
  }
};

TEST(CompiledModels, GiveEqualBitsOnEveryNumberOfThreads) {
  for (const TestModel& model : test_models()) {
    SCOPED_TRACE(model.name);
    const runtime::Module module(compile(model, "threads.so").string());
    const Expected expected(module);
    EXPECT_NE(expected.outputs[0], expected.outputs[1]);
    for (uint32_t threads : {1u, 2u, 3u}) {
      runtime::Session session(module, threads);
      for (int i = 0; i < 9; ++i) {
        set_inputs(session, expected.inputs[size_t(i) % 3]);
        session.run();
        ASSERT_EQ(output_bytes(module, session), expected.outputs[size_t(i) % 3]) << threads << " threads, run " << i;
      }
    }
  }
  skip_missing_models();
}

TEST(CompiledModels, GiveEqualBitsWithFourSessionsAtOnce) {
  for (const TestModel& model : test_models()) {
    SCOPED_TRACE(model.name);
    const runtime::Module module(compile(model, "sessions.so").string());
    const Expected expected(module);
    std::atomic<int> wrong{0};
    std::vector<std::thread> callers;
    for (uint32_t caller = 0; caller < 4; ++caller)
      callers.emplace_back([&, caller] {
        runtime::Session session(module, 1 + caller % 3);
        for (size_t i = 0; i < 12; ++i) {
          const size_t set = (i + caller) % 3;
          set_inputs(session, expected.inputs[set]);
          session.run();
          wrong += output_bytes(module, session) != expected.outputs[set];
        }
      });
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(wrong, 0);
  }
  skip_missing_models();
}

TEST(CompiledModels, AllocateNothingInARun) {
  for (const TestModel& model : test_models()) {
    SCOPED_TRACE(model.name);
    const runtime::Module module(compile(model, "allocation.so").string());
    for (uint32_t threads : {1u, 2u, 3u}) {
      runtime::Session session(module, threads);
      set_inputs(session, random_inputs(module, 1));
      session.run();
      const uint64_t before = faults::allocations();
      for (int i = 0; i < 10; ++i) broach_session_run(session.get());
      EXPECT_EQ(faults::allocations() - before, 0u) << threads << " threads";
    }
  }
  const uint64_t before = faults::allocations();
  void* volatile memory = std::malloc(8);
  std::free(memory);
  EXPECT_GT(faults::allocations(), before) << "the counter counts nothing";
  skip_missing_models();
}

struct Aligned {
  explicit Aligned(size_t bytes) : data(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) {}
  Aligned(const Aligned&) = delete;
  ~Aligned() { std::free(data); }
  void* data;
};

TEST(CompiledModels, UseAlignedMemoryInPlace) {
  const runtime::Module module(compile(small_model(), "in_place.so").string());
  const Expected expected(module);
  const runtime::TensorInfo input = module.input(0), output = module.output(0);
  runtime::Session session(module, 2);
  Aligned image(input.bytes), scores(output.bytes);
  session.set_input(0, runtime::Tensor(image.data, input.dtype, input.shape));
  session.set_output(0, runtime::Tensor(scores.data, output.dtype, output.shape));
  EXPECT_EQ(session.input(0).data(), image.data);
  EXPECT_EQ(session.output(0).data(), scores.data);
  for (size_t i = 0; i < 3; ++i) {  // what the memory holds when a run begins counts
    std::memcpy(image.data, expected.inputs[i][0].data(), input.bytes);
    session.run();
    EXPECT_EQ(std::memcmp(scores.data, expected.outputs[i].data(), output.bytes), 0);
  }
}

TEST(CompiledModels, CopyMemoryThatIsNotAligned) {
  const runtime::Module module(compile(small_model(), "copied.so").string());
  const Expected expected(module);
  const runtime::TensorInfo input = module.input(0), output = module.output(0);
  runtime::Session session(module, 2);
  Aligned image(input.bytes), scores(output.bytes);
  char* const off_image = static_cast<char*>(image.data) + 4;
  char* const off_scores = static_cast<char*>(scores.data) + 4;
  session.set_output(0, runtime::Tensor(off_scores, output.dtype, output.shape));
  for (size_t i = 0; i < 3; ++i) {
    std::memcpy(off_image, expected.inputs[i][0].data(), input.bytes);
    session.set_input(0, runtime::Tensor(off_image, input.dtype, input.shape));
    session.run();
    EXPECT_NE(session.input(0).data(), static_cast<void*>(off_image));
    EXPECT_EQ(std::memcmp(off_scores, expected.outputs[i].data(), output.bytes), 0);
  }
}

TEST(CompiledModels, ProfileTheModelsNodes) {
  const runtime::Module module(compile(small_model(96), "profile.so").string());
  for (uint32_t threads : {1u, 3u}) {
    runtime::Session session(module, threads);
    set_inputs(session, random_inputs(module, 1));
    session.set_profile(true);
    for (int i = 0; i < 5; ++i) session.run();
    std::string all;
    double seconds = 0;
    for (const broach_profile_entry& step : session.profile()) {
      EXPECT_EQ(step.count, 5u) << step.origin;
      seconds += step.seconds;
      all += std::string(step.origin) + " ";
    }
    EXPECT_GT(seconds, 0);
    for (const char* node : {"stem_node", "stem_relu_node", "pool_node", "point_node", "features_node", "mean_node", "logits_node", "scores_node"})
      EXPECT_NE(all.find(node), std::string::npos) << node << " in " << all;
  }
}

std::string error_of(broach_status status, broach_status expected) {
  EXPECT_EQ(status, expected) << broach_error_message();
  return broach_error_message();
}

TEST(CompiledModels, SayWhatIsWrong) {
  const runtime::Module module(compile(small_model(), "errors.so").string());
  runtime::Session session(module, 1);
  EXPECT_EQ(error_of(broach_session_run(session.get()), BROACH_STATUS_ARGUMENT), "input image has not been set");
  uint32_t index = 0;
  const std::string unknown = error_of(broach_module_find_input(module.get(), "picture", &index), BROACH_STATUS_ARGUMENT);
  EXPECT_NE(unknown.find("image"), std::string::npos) << unknown;
  const std::vector<float> values(3 * 16 * 16);
  const auto set = [&](const runtime::Tensor& tensor) {
    const broach_dltensor dl = tensor.dl();
    return error_of(broach_session_set_input(session.get(), 0, &dl), BROACH_STATUS_ARGUMENT);
  };
  EXPECT_EQ(set(runtime::Tensor::of(values.data(), {1, 3, 16, 15})), "input image is float32[1,3,16,16], the tensor given is float32[1,3,16,15]");
  const std::string rank = set(runtime::Tensor::of(values.data(), {3, 16, 16}));
  EXPECT_NE(rank.find("float32[3,16,16]"), std::string::npos) << rank;
  const std::vector<int32_t> integers(3 * 16 * 16);
  const std::string type = set(runtime::Tensor::of(integers.data(), {1, 3, 16, 16}));
  EXPECT_NE(type.find("int32"), std::string::npos) << type;
  EXPECT_NE(error_of(broach_session_set_input(session.get(), 1, nullptr), BROACH_STATUS_ARGUMENT), "");
}

}  // namespace
}  // namespace broach::test
