#include "driver/inspect.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "support/errors.h"

namespace broach {
namespace {

void print_tensors(const char* title, const std::vector<TensorSummary>& tensors) {
  fmt::print("{}:\n", title);
  for (const auto& tensor : tensors) fmt::print("  {} {}\n", tensor.name, tensor.type);
}

// "4.2 MB"
std::string size_text(int64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", double(bytes) / 1e3);
  return fmt::format("{:.1f} MB", double(bytes) / 1e6);
}

void print_model(const ModelSummary& model) {
  fmt::print("format: {}\n", model.format);
  print_tensors("inputs", model.inputs);
  print_tensors("outputs", model.outputs);
  fmt::print("parameters: {} ({})\noperators:\n", model.parameters, size_text(model.parameter_bytes));
  for (const auto& op : model.operators) fmt::print("  {:5} {}\n", op.count, op.name);
}

// Long lists, the labels above all, by their length.
void print_meta(const std::string& text) {
  auto meta = nlohmann::json::parse(text, nullptr, false);
  if (!meta.is_object() || meta.empty()) return;
  fmt::print("meta:\n");
  for (const auto& [key, value] : meta.items())
    fmt::print("  {}: {}\n", key, value.is_array() && value.size() > 8 ? fmt::format("{} entries", value.size()) : value.dump());
}

void print_artifact(const ArtifactSummary& artifact) {
  fmt::print("format: Broach artifact, version {}\ntarget: {}\n", artifact.format_version, artifact.target);
  print_tensors("inputs", artifact.inputs);
  print_tensors("outputs", artifact.outputs);
  fmt::print("size: {} (code {}, weights {})\nmemory of a session: {}\n", size_text(artifact.file_bytes), size_text(artifact.code_bytes),
             size_text(artifact.constant_bytes), size_text(artifact.arena_bytes));
  print_meta(artifact.meta);
  fmt::print("steps: {}\n", artifact.steps.size());
  for (const auto& step : artifact.steps) fmt::print("  {} {}\n", step.kernel, step.origin);
}

}  // namespace

void add_inspect(CLI::App& root, const Invocation&) {
  CLI::App* verb = root.add_subcommand("inspect", "Print what a model or an artifact holds");
  auto path = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "A model (.onnx, .graph) or an artifact (.tar, .so)")->required();
  auto import = std::make_shared<ImportArguments>(*verb);
  verb->callback([=] {
    if (!path->ends_with(".tar") && !path->ends_with(".so")) return print_model(inspect_model(*path, import->read()));
    for (const char* option : {"--model-format", "--input-shapes"}) refuse_if_given(*verb, option, "it has no effect on an artifact");
    print_artifact(inspect_artifact(*path));
  });
}

}  // namespace broach
