#include <algorithm>
#include <cstring>

#include "importers/onnx/conversion.h"
#include "ops/op_def.h"

namespace broach {

#define BROACH_ONNX_UNARY(name, op)
#define BROACH_ONNX_BINARY(name, op)
#define BROACH_ONNX_OP(name, least, most) std::vector<Value*> convert_##name(Conversion& node);
#include "importers/onnx/onnx_ops.def"
#undef BROACH_ONNX_UNARY
#undef BROACH_ONNX_BINARY
#undef BROACH_ONNX_OP

namespace {

template <const OpDef& op>
std::vector<Value*> convert_unary(Conversion& node) {
  return {node.add(op, {node.input(0)})};
}

template <const OpDef& op>
std::vector<Value*> convert_binary(Conversion& node) {
  return {node.add(op, {node.input(0), node.input(1)})};
}

}  // namespace

const std::vector<OnnxOperator>& onnx_operators() {
  static const std::vector<OnnxOperator> operators = {
#define BROACH_ONNX_UNARY(name, op) {#name, 1, 1, convert_unary<op_##op>},
#define BROACH_ONNX_BINARY(name, op) {#name, 2, 2, convert_binary<op_##op>},
#define BROACH_ONNX_OP(name, least, most) {#name, least, most, convert_##name},
#include "importers/onnx/onnx_ops.def"
#undef BROACH_ONNX_UNARY
#undef BROACH_ONNX_BINARY
#undef BROACH_ONNX_OP
  };
  return operators;
}

const OnnxOperator* find_onnx_operator(const std::string& domain, const std::string& op_type) {
  if (!domain.empty()) return nullptr;
  auto& all = onnx_operators();
  auto at = std::lower_bound(all.begin(), all.end(), op_type, [](auto& op, auto& name) { return op.name < name; });
  return at != all.end() && op_type == at->name ? &*at : nullptr;
}

}  // namespace broach
