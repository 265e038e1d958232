#pragma once
// What is in a model or an artifact, without running it.
#include <optional>

#include "driver/compile.h"
#include "driver/program_image.h"

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
  std::vector<OperatorCount> operators;  // in the model's words, by name
  int64_t parameters = 0, parameter_bytes = 0;
  std::optional<int64_t> macs;  // multiply-accumulates of convolutions and matrix products
  std::string macs_unknown;     // or why they cannot be counted
};
ModelSummary inspect_model(const std::string& path, const ModelOptions& options);

std::string type_text(const ImageTensor& tensor);  // "float32[1, 3, 224, 224]"

// One operator that cannot be compiled, with everything that stands against it.
struct UnsupportedOperator {
  std::string name;                // "LSTM", with its domain where that is not ONNX's own
  std::string reason;              // "no such operator"
  std::vector<std::string> nodes;  // the model's node names
};

struct CheckReport {
  int64_t nodes = 0;
  std::vector<OperatorCount> operators;
  std::vector<UnsupportedOperator> unsupported;  // empty: the model compiles
};
// Throws Error for what keeps the model from being looked at: no such file, not a model, another format version; and, where all
// operators are known, one that lists every node whose attributes, inputs or types do not fit.
CheckReport check_file(const std::string& model, const ModelOptions& options);

}  // namespace broach
