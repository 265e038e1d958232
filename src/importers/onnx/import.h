#pragma once
// ONNX models as graphs. Opsets 7 to 27 of ai.onnx.
#include <map>
#include <span>
#include <string>
#include <vector>

#include "graph/op_def.h"

namespace broach {

struct ImportOptions {
  // Shapes of inputs whose dims the model leaves open. A dim that has a name takes the same extent in all inputs; dims that
  // the model states must be given as they are.
  std::map<std::string, Shape> input_shapes;
  // Computes small constants while the model is read. Models with arithmetic on shapes need it.
  ConstantEvaluator evaluate;
};

// Throws Error: unreadable files, bytes that are no model, and in one message all unsupported operators, or else all nodes
// whose attributes, inputs or types do not fit. Every byte sequence ends so or in a graph that verifies.
Graph import_onnx(const std::string& path, const ImportOptions& options);
// `folder`: where files of external data are; empty: such data is refused.
Graph import_onnx_bytes(std::span<const std::byte> bytes, const std::string& folder, const ImportOptions& options);

struct UnsupportedOp {
  std::string op;                  // "NonZero", or with the domain where it is not ai.onnx: "com.microsoft::QAttention"
  std::vector<std::string> nodes;  // that use it
};

// All operators of a model that have no converter, in the order of their first use; also inside the graphs of If, Loop and Scan.
std::vector<UnsupportedOp> check_onnx(const std::string& path);

std::vector<std::string> supported_onnx_ops();  // alphabetical

}  // namespace broach
