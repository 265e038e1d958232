#pragma once
// Where the models are that tests read, and what happens where they are not.
#include <optional>
#include <string>
#include <vector>

#include "importers/onnx/import.h"

namespace broach {

struct ModelFile {
  std::string name;  // "resnet18", "light_vgg19"
  std::string path;
  std::map<std::string, Shape> input_shapes;
  std::string reference;  // npz of inputs and outputs; empty: there is none
};

// The networks that the compiler must know: seven that `make` writes to build/models, twelve of BROACH_TEST_MODELS.
std::vector<ModelFile> model_files();
std::string test_models_folder();

bool exists(const ModelFile& file);
// Skips the running test because of `missing` models; fails it instead under CI=true.
void skip_missing(size_t missing);

Graph import_model(const ModelFile& file);

}  // namespace broach
