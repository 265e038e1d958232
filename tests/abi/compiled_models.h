#pragma once
// Artifacts of small models for the tests, each compiled once per program.
#include <filesystem>
#include <string>
#include <vector>

#include "broach/runtime.hpp"
#include "driver/compile.h"
#include "shell_command.h"

namespace broach::test {

namespace fs = std::filesystem;

// A folder of this process, removed at its end.
const fs::path& folder();
std::string read_file(const fs::path& path);
void write_file(const fs::path& path, const std::string& bytes);

struct TestModel {
  std::string name;
  fs::path path;
  std::map<std::string, Shape> input_shapes;
};
// A small classifier of our own, at two sizes; the second one's steps are large enough to be shared by threads.
TestModel small_model(int64_t size = 16, unsigned seed = 1);
// The small one, the larger one, and those of BROACH_TEST_MODELS and BROACH_GENERATED_MODELS that are there.
std::vector<TestModel> test_models();
// Skips the running test where some of test_models() are missing; fails it under CI=true.
void skip_missing_models();

// Compiles, and returns the artifact's path.
fs::path compile(const TestModel& model, const std::string& file, const std::string& target = "llvm", const std::string& name = "default");

// Compact arrays, one for each input of the module, seeded.
std::vector<std::vector<float>> random_inputs(const runtime::Module& module, int seed);
void set_inputs(runtime::Session& session, const std::vector<std::vector<float>>& inputs);
// The bytes of all outputs, one after the other.
std::string output_bytes(const runtime::Module& module, runtime::Session& session);

}  // namespace broach::test
