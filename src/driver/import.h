#pragma once
#include "driver/compile.h"
#include "graph/op_def.h"

namespace broach {

// Reads a model of any known format. Throws Error.
Graph import_model(const std::string& path, const ModelOptions& options);
// The same for bytes in memory: ONNX, with all data inside.
Graph import_model(std::span<const std::byte> bytes, const ModelOptions& options);

// The format of a model file: as given, or by suffix. Throws Error for a suffix that no importer has.
std::string model_format(const std::string& path, const std::string& given);

// Computes constant nodes: small ones by the interpreter, large ones by code compiled for this host.
std::vector<Constant> evaluate_constant_node(const Node& node, const std::vector<Constant>& inputs);

}  // namespace broach
