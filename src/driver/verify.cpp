#include "driver/verify.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "broach/runtime.hpp"
#include "driver/import.h"
#include "reference/reference.h"

namespace broach {
namespace {

Constant random_input(const TensorType& type, std::mt19937_64& random) {
  std::vector<std::byte> bytes(size_t(element_count(type.shape) * byte_size(type.dtype)));
  for (int64_t i = 0; i < element_count(type.shape); ++i) {
    double value = double(random() >> 11) / double(1ull << 53);
    store_double(type.dtype, bytes.data(), i, is_float(type.dtype) ? 2 * value - 1 : 0);
  }
  return Constant({type.dtype, type.shape, {}}, bytes);
}

VerifyStep compare(const std::string& name, const Constant& expected, DType dtype, const void* data, double tolerance) {
  VerifyStep step{name, 0, 0, true};
  for (int64_t i = 0; i < expected.elements(); ++i) {
    double reference = expected.float_at(i), value = load_as_double(dtype, data, i);
    step.magnitude = std::max(step.magnitude, std::fabs(reference));
    if (std::isnan(value) != std::isnan(reference)) step.agrees = false;
    else if (!std::isnan(value) && value != reference) step.error = std::max(step.error, std::fabs(value - reference));
  }
  step.agrees = step.agrees && step.error <= tolerance * step.magnitude;
  return step;
}

}  // namespace

VerifyReport verify_artifact(const std::string& artifact, const std::string& model, const VerifyOptions& options) {
  runtime::Module module(artifact);
  runtime::Session session(module, 1);
  Graph graph = import_model(model, options.model);
  if (graph.inputs.size() != module.input_count() || graph.outputs.size() != module.output_count())
    throw_error("'{}' was not compiled from '{}': they have other inputs and outputs", artifact, model);
  std::mt19937_64 random(1);
  std::vector<Constant> inputs;
  for (const Value* input : graph.inputs) {
    auto given = options.inputs.find(input->name);
    inputs.push_back(given != options.inputs.end() ? given->second : random_input(input->type, random));
    const DTypeInfo& dtype = info(input->type.dtype);
    session.copy_input(module.find_input(input->name), runtime::Tensor(const_cast<std::byte*>(inputs.back().data()),
                                                                       {dtype.dlpack_code, dtype.bits, 1}, input->type.shape));
  }
  if (options.progress) options.progress("computing the reference", 0);
  std::vector<Constant> expected = reference_graph(graph, inputs);
  session.run();
  VerifyReport report;
  for (size_t i = 0; i < expected.size(); ++i)
    report.steps.push_back(compare(graph.output_name(i), expected[i], graph.outputs[i]->type.dtype, session.output(uint32_t(i)).data(), options.tolerance));
  if (options.progress) options.progress("done", 1);
  return report;
}

}  // namespace broach
