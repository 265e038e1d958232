#pragma once
// What is in a model or an artifact, without running it.
#include "driver/compile.h"

namespace broach {

struct TensorSummary {
  std::string name;
  std::string type;  // "float32[1, 3, 224, 224]"; a dimension that the model leaves open by its name, or "?"
};

struct OperatorCount {
  std::string name;
  int64_t count = 0;
};

struct ModelSummary {
  std::string format;  // "ONNX, opset 17"
  std::vector<TensorSummary> inputs, outputs;
  std::vector<OperatorCount> operators;  // by name
  int64_t parameters = 0, parameter_bytes = 0;
};
ModelSummary inspect_model(const std::string& path, const ModelOptions& options);

struct StepSummary {
  std::string origin;  // the model's node names
  std::string kernel;
};

// Read from the file: works for artifacts of other CPUs, loads nothing.
struct ArtifactSummary {
  std::string format_version;  // "1.0"
  std::string target;          // canonical
  std::string meta = "{}";     // JSON object
  std::vector<TensorSummary> inputs, outputs;
  std::vector<StepSummary> steps;
  int64_t file_bytes = 0, code_bytes = 0, constant_bytes = 0;
  int64_t arena_bytes = 0;  // per session
};
ArtifactSummary inspect_artifact(const std::string& path);

// One operator that cannot be compiled, with everything that stands against it.
struct UnsupportedOperator {
  std::string name;                // "LSTM", with its domain where that is not ONNX's own
  std::string reason;              // "no such operator", "attribute auto_pad = ..."
  std::vector<std::string> nodes;  // the model's node names
};

struct CheckReport {
  int64_t nodes = 0;
  std::vector<OperatorCount> operators;
  std::vector<UnsupportedOperator> unsupported;  // empty: the model compiles
};
// Throws Error only for what keeps the model from being looked at: no such file, not a model, another format version.
CheckReport check_file(const std::string& model, const ModelOptions& options);

}  // namespace broach
