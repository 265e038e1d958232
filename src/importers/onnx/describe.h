#pragma once
// What an ONNX file says of itself, without importing it: open dims and operators without converter are no obstacle.
#include <map>
#include <string>
#include <vector>

namespace broach {

struct OnnxDescription {
  struct Tensor {
    std::string name, dtype;
    std::vector<std::string> dims;  // numbers, names, or "?"
  };
  int64_t ir_version = 0, opset = 0;
  std::string producer;
  std::vector<Tensor> inputs, outputs;         // inputs that are no initialisers
  std::map<std::string, int64_t> operators;    // the file's names and counts; also inside the graphs of If, Loop and Scan
  int64_t parameters = 0, parameter_bytes = 0; // initialisers of the main graph
};

// Throws Error for a file that is none.
OnnxDescription describe_onnx(const std::string& path);

}  // namespace broach
