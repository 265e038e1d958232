#include "driver/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "broach/runtime.hpp"
#include "driver/artifact.h"
#include "driver/host.h"
#include "driver/import.h"
#include "driver/meta.h"
#include "driver/program_image.h"
#include "driver/stages.h"
#include "expr/simplify.h"
#include "reference/reference.h"
#include "runtime/session.h"

namespace broach {
namespace {

// The model as the artifact was compiled from it.
struct Rebuilt {
  Graph graph;  // optimised; `results` point into it
  LoweredProgram program;
  std::vector<StepResult> results;
};

std::optional<Rebuilt> rebuild(const Graph& imported, const ProgramImage& image, const std::string& target_text) {
  CompileOptions options = recorded_options(image.meta, image.name);
  Target target = resolve_target(parse_target(target_text));
  if (target.to_string() != image.target) return std::nullopt;
  Rebuilt rebuilt{imported.clone(), {}, {}};
  rebuilt.graph.name = image.name;
  Dumper silent(options);
  optimise_graph(rebuilt.graph, target, options, silent);
  rebuilt.program = lower_graph(rebuilt.graph, target, options, silent, &rebuilt.results);
  run_prologue(rebuilt.program);
  for (bool embed : {false, true}) {
    auto id = build_id(rebuilt.program, target, image.meta, options.opt_level, embed);
    if (std::ranges::equal(id, image.note.build_id)) return rebuilt;
  }
  return std::nullopt;
}

// The caches of this machine are part of a target that was named as "llvm" alone, and not of its text.
Rebuilt rebuild(const Graph& imported, const ProgramImage& image, const std::string& artifact, const std::string& model) {
  for (const std::string& target : {image.target, std::string("llvm")})
    if (auto rebuilt = rebuild(imported, image, target)) return std::move(*rebuilt);
  throw_error(
      "'{}' was not compiled from '{}' by this version on such a machine: compile it again, or give the --input-shapes that it was compiled with",
      artifact, model);
}

// Floats in [-1, 1), integers in their range.
Constant random_input(const TensorType& type, IndexRange range, std::mt19937_64& random) {
  std::vector<std::byte> bytes(size_t(element_count(type.shape) * byte_size(type.dtype)));
  for (int64_t i = 0; i < element_count(type.shape); ++i) {
    if (is_float(type.dtype)) {
      store_double(type.dtype, bytes.data(), i, double(random() >> 11) * 0x1p-52 - 1);
    } else {
      store_int(type.dtype, bytes.data(), i, range.least + int64_t(random() % uint64_t(range.most - range.least + 1)));
    }
  }
  return Constant({type.dtype, type.shape, {}}, bytes);
}

std::vector<Constant> make_inputs(const Graph& graph, const std::string& meta, const VerifyOptions& options) {
  for (const auto& [name, given] : options.inputs) {
    auto known = std::ranges::find(graph.inputs, name, &Value::name);
    if (known == graph.inputs.end()) throw_error("the model has no input '{}'", name);
    if (given.type().dtype != (*known)->type.dtype || given.type().shape != (*known)->type.shape)
      throw_error("input '{}' is {}, but {} is given", name, to_string((*known)->type), to_string(given.type()));
  }
  auto ranges = recorded_index_ranges(meta);
  std::mt19937_64 random(1);
  std::vector<Constant> inputs;
  for (const Value* input : graph.inputs) {
    auto given = options.inputs.find(input->name);
    inputs.push_back(given != options.inputs.end() ? given->second : random_input(input->type, ranges[input->name], random));
  }
  return inputs;
}

// Copies a value out of the buffer that it lies in: halo, blocks and pitches are gone.
Constant read_buffer(const TensorBuffer& buffer, const void* memory) {
  size_t rank = buffer.shape.size();
  std::vector<Expr> origin(rank, Expr(int64_t(0)));
  auto offset = [&](const std::vector<Expr>& at) { return evaluate_int(simplify(buffer.offset(at))); };
  int64_t first = offset(origin);
  // What an index adds does not depend on the indices of other axes.
  std::vector<std::vector<int64_t>> steps(rank);
  for (size_t d = 0; d < rank; ++d)
    for (int64_t i = 0; i < buffer.shape[d]; ++i) {
      auto at = origin;
      at[d] = Expr(i);
      steps[d].push_back(offset(at) - first);
    }
  int64_t size = byte_size(buffer.dtype);
  std::vector<std::byte> bytes(size_t(element_count(buffer.shape) * size));
  Shape index(rank, 0);
  for (int64_t i = 0, count = element_count(buffer.shape); i < count; ++i) {
    int64_t from = first;
    for (size_t d = 0; d < rank; ++d) from += steps[d][size_t(index[d])];
    std::memcpy(bytes.data() + i * size, static_cast<const std::byte*>(memory) + from * size, size_t(size));
    for (size_t d = rank; d-- > 0 && ++index[d] == buffer.shape[d];) index[d] = 0;
  }
  return Constant({buffer.dtype, buffer.shape, {}}, bytes);
}

// Runs the steps of a session in their order on this thread, `after` each.
void run_by_steps(broach_session& session, const std::function<void(size_t step)>& after) {
  // What is not written before it is read becomes NaN.
  std::memset(session.arena.data(), 0xff, session.arena.bytes());
  std::memset(session.scratch.data(), 0xff, session.scratch.bytes());
  broach_call call = {sizeof call, nullptr, session.dims.data(), session.scratch.data(), nullptr};
  for (size_t i = 0; i < session.steps.size(); ++i) {
    const auto& step = session.steps[i];
    call.buf = step.buf;
    if (!step.fn) {
      std::memmove(step.buf[1], step.buf[0], step.copy_bytes);
    } else if (int32_t status = step.fn(&call, 0, step.tasks)) {
      throw_error("step {} of the artifact ended with status {}", i, status);
    }
    after(i);
  }
}

struct Tap {
  const StepResult* result;
  Constant found;
};

std::vector<Tap> tap_steps(runtime::Session& session, const Graph& imported, const std::vector<Constant>& inputs, const runtime::Module& module,
                           const std::vector<StepResult>& results) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const DTypeInfo& dtype = info(inputs[i].type().dtype);
    session.copy_input(module.find_input(imported.inputs[i]->name),
                       runtime::Tensor(const_cast<std::byte*>(inputs[i].data()), {dtype.dlpack_code, dtype.bits, 1}, inputs[i].type().shape));
  }
  std::vector<Tap> taps;
  broach_session& steps = *session.get();
  run_by_steps(steps, [&](size_t step) {
    for (const StepResult& result : results)
      if (result.step == step) taps.push_back({&result, read_buffer(result.buffer, steps.steps[step].buf[result.argument])});
  });
  return taps;
}

// References of the values that the taps show, by name: from the imported graph, and where a pass made the value, from the optimised.
class References {
 public:
  References(const Graph& imported, const Rebuilt& rebuilt, const std::vector<Constant>& inputs, const std::vector<Tap>& taps) {
    for (const Tap& tap : taps) wanted_.insert(tap.result->value->name);
    collect(imported, inputs);
    if (std::ranges::any_of(taps, [&](const Tap& tap) { return !find(*tap.result->value); })) collect(rebuilt.graph, inputs);
  }
  const Constant* find(const Value& value) const {
    auto found = values_.find(value.name);
    return found != values_.end() && found->second.type().shape == value.type.shape ? &found->second : nullptr;
  }

 private:
  void collect(const Graph& graph, const std::vector<Constant>& inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) take(graph.inputs[i]->name, inputs[i]);
    reference_graph(graph, inputs, [&](const Node& node, const std::vector<Constant>& results) {
      for (size_t i = 0; i < results.size(); ++i) take(node.outputs[i]->name, results[i]);
    });
  }
  void take(const std::string& name, const Constant& value) {
    if (wanted_.contains(name)) values_.try_emplace(name, value);
  }

  std::set<std::string> wanted_;
  std::map<std::string, Constant> values_;
};

VerifyStep compare(const Constant& expected, const Constant& found, double tolerance) {
  VerifyStep step;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    double reference = expected.float_at(i), value = found.float_at(i);
    step.magnitude = std::max(step.magnitude, std::fabs(reference));
    if (std::isnan(value) != std::isnan(reference)) {
      step.agrees = false;
    } else if (!std::isnan(value) && value != reference) {
      step.error = std::max(step.error, std::fabs(value - reference));
    }
  }
  step.agrees = step.agrees && step.error <= tolerance * step.magnitude;
  return step;
}

}  // namespace

VerifyReport verify_artifact(const std::string& artifact, const std::string& model, const VerifyOptions& options) {
  auto progress = [&](std::string_view stage, double fraction) {
    if (options.progress) options.progress(stage, fraction);
  };
  runtime::Module module(artifact);
  ProgramImage image = read_program_image(artifact);
  progress("lowering the model", 0);
  Graph imported = import_model(model, options.model);
  std::vector<Constant> inputs = make_inputs(imported, image.meta, options);
  Rebuilt rebuilt = rebuild(imported, image, artifact, model);
  progress("running the artifact's steps", 0.3);
  runtime::Session session(module, 1);
  std::vector<Tap> taps = tap_steps(session, imported, inputs, module, rebuilt.results);
  progress("computing the reference", 0.4);
  References references(imported, rebuilt, inputs, taps);

  VerifyReport report;
  for (const Tap& tap : taps) {
    const Constant* expected = references.find(*tap.result->value);
    BROACH_CHECK(expected, "no reference for value {}", tap.result->value->name);
    VerifyStep step = compare(*expected, tap.found, options.tolerance);
    step.origin = image.steps.at(tap.result->step).origin;
    report.steps.push_back(std::move(step));
  }
  report.weights_intact = broach_module_verify(module.get()) == BROACH_STATUS_OK;
  progress("done", 1);
  return report;
}

}  // namespace broach
