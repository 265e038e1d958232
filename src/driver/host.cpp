#include "driver/host.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "broach/runtime.hpp"
#include "driver/artifact.h"
#include "plan/build.h"

namespace broach {
namespace {

const Target& host_target() {
  static const Target target = resolve_target(parse_target("llvm"));
  return target;
}

runtime::Tensor view(const Constant& constant) {
  const DTypeInfo& dtype = info(constant.type().dtype);
  return runtime::Tensor(const_cast<std::byte*>(constant.data()), {dtype.dlpack_code, dtype.bits, 1}, constant.type().shape);
}

// The prologue as a program of its own: originals in, packed constants out.
struct Packing {
  LoweredProgram program;
  std::vector<int> from, to;  // constants of the program that is packed
};

Packing packing_program(const LoweredProgram& program) {
  Packing packing;
  packing.program.name = "packing";
  std::map<int, int> functions, buffers;
  auto buffer = [&](int constant, bool written) {
    auto [entry, fresh] = buffers.try_emplace(constant, int(packing.program.buffers.size()));
    if (!fresh) return entry->second;
    const ProgramConstant& c = program.constants[size_t(constant)];
    std::vector<int>& list = written ? packing.to : packing.from;
    auto& tensors = written ? packing.program.outputs : packing.program.inputs;
    packing.program.buffers.push_back({written ? BufferKind::output : BufferKind::input, int(list.size()), 0, c.bytes()});
    tensors.push_back({c.name, c.dtype, {c.elements}});
    list.push_back(constant);
    return entry->second;
  };
  for (const ProgramStep& step : program.prologue) {
    auto [function, fresh] = functions.try_emplace(step.function, int(packing.program.functions.size()));
    if (fresh) packing.program.functions.push_back(program.functions[size_t(step.function)]);
    ProgramStep copy = step;
    copy.function = function->second;
    copy.barrier = false;
    for (size_t i = 0; i < copy.arguments.size(); ++i)
      copy.arguments[i] = buffer(step.arguments[i], program.functions[size_t(step.function)].params[i]->written);
    packing.program.steps.push_back(std::move(copy));
  }
  return packing;
}

// Keeps what `steps` use, renumbered.
void drop_unused(LoweredProgram& program) {
  std::vector<bool> function_used(program.functions.size()), buffer_used(program.buffers.size()), constant_used(program.constants.size());
  for (const ProgramStep& step : program.steps) {
    function_used[size_t(step.function)] = true;
    for (int argument : step.arguments) buffer_used[size_t(argument)] = true;
  }
  auto compact = [](auto& items, const std::vector<bool>& used) {
    std::vector<int> position(items.size(), -1);
    size_t kept = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      if (!used[i]) continue;
      if (kept != i) items[kept] = std::move(items[i]);
      position[i] = int(kept++);
    }
    items.resize(kept);
    return position;
  };
  for (size_t i = 0; i < program.buffers.size(); ++i)
    if (buffer_used[i] && program.buffers[i].kind == BufferKind::constant) constant_used[size_t(program.buffers[i].index)] = true;
  std::vector<int> buffers = compact(program.buffers, buffer_used), functions = compact(program.functions, function_used),
                   constants = compact(program.constants, constant_used);
  for (ProgramBuffer& buffer : program.buffers)
    if (buffer.kind == BufferKind::constant) buffer.index = constants[size_t(buffer.index)];
  for (ProgramStep& step : program.steps) {
    step.function = functions[size_t(step.function)];
    for (int& argument : step.arguments) argument = buffers[size_t(argument)];
  }
}

}  // namespace

std::vector<Constant> run_on_host(const LoweredProgram& program, const std::vector<Constant>& inputs) {
  BuildLibraryOptions options;
  options.codegen.opt_level = 2;
  Library library = build_library(program, host_target(), options);
  runtime::Module module(std::span(reinterpret_cast<const uint8_t*>(library.bytes.data()), library.bytes.size()));
  library = {};
  runtime::Session session(module, 0);
  for (size_t i = 0; i < inputs.size(); ++i) session.set_input(uint32_t(i), view(inputs[i]));
  std::vector<Constant> outputs;
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    TensorType type{program.outputs[i].dtype, program.outputs[i].shape, {}};
    size_t bytes = size_t(element_count(type.shape) * byte_size(type.dtype));
    std::shared_ptr<void> memory(std::aligned_alloc(64, (bytes + 63) / 64 * 64 + 64), std::free);
    if (!memory) throw_error("out of memory for a constant of {} bytes", bytes);
    outputs.emplace_back(type, memory, static_cast<const std::byte*>(memory.get()));
    session.set_output(uint32_t(i), view(outputs.back()));
  }
  session.run();
  return outputs;
}

void run_prologue(LoweredProgram& program) {
  if (!program.prologue.empty()) {
    Packing packing = packing_program(program);
    std::vector<Constant> inputs;
    for (int constant : packing.from) {
      const ProgramConstant& c = program.constants[size_t(constant)];
      inputs.emplace_back(TensorType{c.dtype, {c.elements}, {}}, std::make_shared<Constant>(c.value), c.value.data());
    }
    std::vector<Constant> packed = run_on_host(packing.program, inputs);
    for (size_t i = 0; i < packed.size(); ++i) program.constants[size_t(packing.to[i])].value = packed[i];
    program.prologue.clear();
  }
  drop_unused(program);
}

std::vector<Constant> evaluate_on_host(const Graph& graph) {
  BROACH_CHECK(graph.inputs.empty(), "a constant graph has inputs");
  LoweredProgram program = build_program(graph, host_target());
  run_prologue(program);
  return run_on_host(program, {});
}

}  // namespace broach
