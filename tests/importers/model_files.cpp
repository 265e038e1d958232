#include "importers/model_files.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "reference_evaluator.h"

namespace broach {
namespace {

namespace fs = std::filesystem;

std::string from_environment(const char* variable, const char* otherwise) {
  const char* set = std::getenv(variable);
  return set ? set : (fs::path(BROACH_SOURCE_DIR) / otherwise).lexically_normal().string();
}

}  // namespace

std::string test_models_folder() { return from_environment("BROACH_TEST_MODELS", "../shared/models"); }

std::vector<ModelFile> model_files() {
  std::string generated = from_environment("BROACH_GENERATED_MODELS", "build/models"), given = test_models_folder();
  std::vector<ModelFile> files;
  for (const char* name : {"resnet18", "resnet50", "resnet50_v2", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v2", "encoder4"})
    files.push_back({name, fmt::format("{}/{}.onnx", generated, name), {}, ""});
  auto add_given = [&](const std::string& name, std::map<std::string, Shape> shapes = {}) {
    files.push_back({name, fmt::format("{}/{}.onnx", given, name), shapes, fmt::format("{}/reference/{}.onnx.npz", given, name)});
  };
  for (const char* name : {"squeezenet1_1_fp32", "mnist_cntk_opset7", "light_densenet121", "light_inception_v1", "light_resnet50", "light_shufflenet",
                           "light_squeezenet", "light_vgg19", "ultraface_rfb_320", "yolox_nano_coco"})
    add_given(name);
  add_given("mobilenet_v2_1.0_224_float", {{"input", {1, 3, 224, 224}}});
  add_given("efficientnet_lite0", {{"input", {1, 3, 224, 224}}});
  add_given("resnet18_w8_random", {{"input", {1, 3, 224, 224}}});
  return files;
}

bool exists(const ModelFile& file) { return fs::exists(file.path); }

void skip_missing(size_t missing) {
  if (missing == 0) return;
  const char* ci = std::getenv("CI");
  if (ci && std::string(ci) == "true") FAIL() << missing << " models are missing";
  GTEST_SKIP() << missing << " models are missing";
}

Graph import_model(const ModelFile& file) { return import_onnx(file.path, {file.input_shapes, evaluate_by_reference}); }

}  // namespace broach
