#include "abi/compiled_models.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "small_onnx.h"

namespace broach::test {
namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "broach_abi_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

fs::path from_environment(const char* variable, const char* otherwise) {
  const char* set = std::getenv(variable);
  return set ? fs::path(set) : (fs::path(BROACH_SOURCE_DIR) / otherwise).lexically_normal();
}

}  // namespace

const fs::path& folder() {
  static const Folder instance;
  return instance.path;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void write_file(const fs::path& path, const std::string& bytes) {
  fs::remove(path);  // the loader may still map an old one
  std::ofstream(path, std::ios::binary) << bytes;
}

TestModel small_model(int64_t size, unsigned seed) {
  const TestModel model = {"small" + std::to_string(size) + "_" + std::to_string(seed), {}, {}};
  const fs::path path = folder() / (model.name + ".onnx");
  if (!fs::exists(path)) write_file(path, small_classifier(size, seed).bytes());
  return {model.name, path, {}};
}

std::vector<TestModel> test_models() {
  const fs::path given = from_environment("BROACH_TEST_MODELS", "../shared/models");
  const fs::path generated = from_environment("BROACH_GENERATED_MODELS", "build/models");
  std::vector<TestModel> models = {small_model(), small_model(96)};
  for (TestModel& model : std::vector<TestModel>{{"mnist", given / "mnist_cntk_opset7.onnx", {}},
                                                 {"resnet18_w8", given / "resnet18_w8_random.onnx", {{"input", {1, 3, 224, 224}}}},
                                                 {"shufflenet", generated / "shufflenet_v2_x1_0.onnx", {}}})
    if (fs::exists(model.path)) models.push_back(model);
  return models;
}

void skip_missing_models() {
  const size_t missing = 5 - test_models().size();
  if (missing == 0) return;
  const char* ci = std::getenv("CI");
  if (ci && std::string(ci) == "true") FAIL() << missing << " models are missing";
  GTEST_SKIP() << missing << " models are missing";
}

fs::path compile(const TestModel& model, const std::string& file, const std::string& target, const std::string& name) {
  CompileOptions options;
  options.model.input_shapes = model.input_shapes;
  options.target = target;
  options.output = (folder() / file).string();
  options.module_name = name;
  compile_file(model.path.string(), options);
  return options.output;
}

std::vector<std::vector<float>> random_inputs(const runtime::Module& module, int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::vector<std::vector<float>> inputs;
  for (uint32_t i = 0; i < module.input_count(); ++i) {
    std::vector<float> values(module.input(i).bytes / sizeof(float));
    for (float& value : values) value = std::uniform_real_distribution<float>(-1, 1)(random);
    inputs.push_back(std::move(values));
  }
  return inputs;
}

void set_inputs(runtime::Session& session, const std::vector<std::vector<float>>& inputs) {
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    runtime::Tensor own = session.input(i);
    std::memcpy(own.data(), inputs[i].data(), inputs[i].size() * sizeof(float));
  }
}

std::string output_bytes(const runtime::Module& module, runtime::Session& session) {
  std::string all;
  for (uint32_t i = 0; i < module.output_count(); ++i) {
    const runtime::TensorInfo info = module.output(i);
    all.append(static_cast<const char*>(session.output(i).data()), info.bytes);
  }
  return all;
}

}  // namespace broach::test
