// Equal inputs give equal bytes, and the same numbers whatever the threads.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "broach/runtime.hpp"
#include "driver/compile.h"
#include "driver/import.h"
#include "driver/meta.h"
#include "small_onnx.h"
#include "support/errors.h"

namespace fs = std::filesystem;

namespace broach::test {
namespace {

class CompileFile : public testing::Test {
 protected:
  CompileFile() {
    std::string pattern = (fs::temp_directory_path() / "broach-driver-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::ofstream(folder_ / "small.onnx", std::ios::binary) << small_classifier(32).bytes();
  }
  ~CompileFile() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string read(const std::string& name) const {
    std::ifstream stream(folder_ / name, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  CompileResult compile(const std::string& output, CompileOptions options = {}) const {
    options.output = path(output);
    return compile_file(path("small.onnx"), options);
  }

  fs::path folder_;
};

std::vector<std::byte> bytes_of(const std::string& text) {
  auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

TEST_F(CompileFile, TwiceGivesTheSameBytes) {
  for (const char* suffix : {".tar", ".so", ".a", ".graph"}) {
    compile(std::string("first") + suffix);
    compile(std::string("second") + suffix);
    EXPECT_FALSE(read(std::string("first") + suffix).empty());
    EXPECT_TRUE(read(std::string("first") + suffix) == read(std::string("second") + suffix)) << suffix;
  }
  EXPECT_EQ(read("first.h"), read("second.h"));
}

// Neither the model's path nor other compilations at the same time are inputs.
TEST_F(CompileFile, AtOnceAndFromElsewhereGivesTheSameBytes) {
  compile("one.so");
  fs::create_directory(folder_ / "elsewhere");
  fs::copy_file(path("small.onnx"), path("elsewhere/renamed.onnx"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] {
      CompileOptions options;
      options.output = path("at_once" + std::to_string(i) + ".so");
      compile_file(path("elsewhere/renamed.onnx"), options);
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(read("at_once" + std::to_string(i) + ".so") == read("one.so")) << i;
}

TEST_F(CompileFile, InMemoryGivesTheBytesOfTheFile) {
  compile("x.so");
  EXPECT_TRUE(compile_model(bytes_of(read("small.onnx")), {}) == bytes_of(read("x.so")));
}

TEST_F(CompileFile, EveryOptionThatShapesTheProgramIsInItsIdentity) {
  compile("plain.so");
  std::vector<CompileOptions> others(5);
  others[0].opt_level = 2;
  others[1].module_name = "other";
  others[2].pass_config["fuse.max_nodes"] = "1";
  others[3].meta["labels"] = "[\"a\"]";
  others[4].disabled_passes = {"unroll_loops"};
  for (const CompileOptions& options : others) {
    compile("other.so", options);
    EXPECT_TRUE(read("other.so") != read("plain.so"));
  }
}

TEST_F(CompileFile, ThreadsDoNotChangeTheBits) {
  compile("x.so");
  runtime::Module module(path("x.so"));
  std::vector<float> image(3 * 32 * 32);
  for (size_t i = 0; i < image.size(); ++i) image[i] = float(i * 7919 % 255) / 255;
  std::vector<std::vector<float>> results;
  for (uint32_t threads : {1u, 2u, 3u, 8u}) {
    runtime::Session session(module, threads);
    session.copy_input(0, runtime::Tensor::of(image.data(), {1, 3, 32, 32}));
    for (int run = 0; run < 3; ++run) {
      session.run();
      auto scores = session.output(0).values<float>(), features = session.output(1).values<float>();
      results.emplace_back(scores.begin(), scores.end());
      results.back().insert(results.back().end(), features.begin(), features.end());
    }
  }
  for (const auto& result : results) EXPECT_EQ(std::memcmp(result.data(), results[0].data(), result.size() * sizeof(float)), 0);
}

TEST_F(CompileFile, ReportsItsProgress) {
  std::vector<std::string> stages;
  double last = 0;
  CompileOptions options;
  options.progress = [&](std::string_view stage, double fraction) {
    EXPECT_GE(fraction, last);
    last = fraction;
    if (stages.empty() || stages.back() != stage) stages.emplace_back(stage);
  };
  compile("x.tar", options);
  EXPECT_EQ(stages, (std::vector<std::string>{"importing", "optimising the graph", "lowering", "packing constants", "generating code", "done"}));
  EXPECT_EQ(last, 1);
}

TEST_F(CompileFile, FailureLeavesNothing) {
  CompileOptions options;
  options.desired_layout = "NHWC";
  EXPECT_THROW(compile("x.tar", options), Error);
  fs::create_directory(folder_ / "x.a");  // found only when the header is there
  EXPECT_THROW(compile("x.a"), Error);
  fs::remove(folder_ / "x.a");
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder_)) left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"small.onnx"});
}

TEST_F(CompileFile, RecordsWhatVerifyNeeds) {
  CompileOptions options;
  options.opt_level = 1;
  options.disabled_passes = {"unroll_loops", "canonicalize"};
  options.pass_config["fuse.max_nodes"] = "3";
  options.desired_layout = "NCHW";
  std::string meta = make_meta(import_model(path("small.onnx"), {}), options);
  CompileOptions recorded = recorded_options(meta, "name");
  EXPECT_EQ(recorded.opt_level, 1);
  EXPECT_EQ(recorded.disabled_passes, options.disabled_passes);
  EXPECT_EQ(recorded.pass_config, options.pass_config);
  EXPECT_EQ(recorded.desired_layout, "NCHW");
  EXPECT_EQ(recorded.module_name, "name");
  EXPECT_EQ(make_meta(import_model(path("small.onnx"), {}), {}), "{\"producer\":\"broach\"}");
  EXPECT_THROW(recorded_options("{\"compile\": {\"opt_level\": \"three\"}}", ""), Error);
  EXPECT_THROW(recorded_options("no JSON", ""), Error);
}

}  // namespace
}  // namespace broach::test
