#pragma once
// The inputs of an ONNX model, with open dims resolved by the user's shapes.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "graph/tensor_type.h"

namespace broach_onnx {
class GraphProto;
}

namespace broach {

struct ModelInput {
  std::string name;
  TensorType type;
};

// Inputs that are not in `initialized`, in the model's order. Throws Error that names every input whose dims stay open, shapes given
// for inputs that do not exist, and shapes that contradict the model.
std::vector<ModelInput> resolve_inputs(const broach_onnx::GraphProto& graph, const std::set<std::string>& initialized,
                                       const std::map<std::string, Shape>& given);

}  // namespace broach
