#include "ops/evaluate.h"

#include "loop/passes/passes.h"
#include "ops/op_def.h"
#include "schedule/lower.h"

namespace broach {
namespace {

Tensor as_computed(const Tensor& tensor) {
  if (!tensor->is_placeholder()) return tensor;
  return compute("copy", tensor->shape, [&](Indices i) { return read(tensor, {i.begin(), i.end()}); });
}

}  // namespace

std::vector<Constant> evaluate_node(const Node& node, const std::vector<Constant>& inputs) {
  if (!node.op->lower) throw_error("operator {} has no value that can be computed ahead", node.op->name);
  std::vector<Tensor> tensors;
  std::vector<GroupTensor> given;
  std::vector<void*> memory;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) {
      tensors.push_back(nullptr);
      continue;
    }
    TensorType type{inputs[i].type().dtype, inputs[i].type().shape, {}};
    tensors.push_back(placeholder(fmt::format("x{}", i), type.dtype, type.shape));
    given.push_back({tensors.back(), TensorBuffer::of(type)});
    memory.push_back(const_cast<std::byte*>(inputs[i].data()));
  }
  std::vector<Tensor> outputs;
  for (const Tensor& output : node.op->lower(node, tensors)) outputs.push_back(as_computed(output));
  Schedule schedule(outputs);
  std::vector<TensorBuffer> buffers;
  std::vector<std::vector<std::byte>> bytes;
  for (const Tensor& output : schedule.outputs()) {
    buffers.push_back(TensorBuffer::of({output->dtype, output->shape, {}}));
    bytes.emplace_back(size_t(buffers.back().bytes()));
  }
  for (std::vector<std::byte>& output : bytes) memory.push_back(output.data());
  LoweredGroup lowered = lower(schedule, node.op->name, given, buffers);
  interpret(PrimFunc{lowered.function.name, lowered.function.params, simplify_loops(lowered.function.body)}, memory);
  std::vector<Constant> results;
  for (size_t i = 0; i < bytes.size(); ++i) results.emplace_back(TensorType{buffers[i].dtype, buffers[i].shape, {}}, bytes[i]);
  return results;
}

}  // namespace broach
