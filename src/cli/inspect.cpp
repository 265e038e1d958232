#include "driver/inspect.h"

#include <fmt/format.h>

#include <filesystem>
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

// "1,234,567"
std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = std::ptrdiff_t(text.size()) - 3; at > 0; at -= 3) text.insert(size_t(at), 1, ',');
  return text;
}

void print_model(const ModelSummary& model) {
  fmt::print("format: {}\n", model.format);
  print_tensors("inputs", model.inputs);
  print_tensors("outputs", model.outputs);
  fmt::print("parameters: {} ({})\n", grouped(model.parameters), size_text(model.parameter_bytes));
  if (model.macs) {
    fmt::print("multiply-accumulates: {}\n", grouped(*model.macs));
  } else {
    fmt::print("multiply-accumulates: unknown ({})\n", model.macs_unknown);
  }
  fmt::print("operators:\n");
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

void print_tensors(const char* title, const std::vector<ImageTensor>& tensors) {
  std::vector<TensorSummary> summaries;
  for (const ImageTensor& tensor : tensors) summaries.push_back({tensor.name, type_text(tensor)});
  print_tensors(title, summaries);
}

void print_artifact(const std::string& path) {
  ProgramImage artifact = read_program_image(path);
  fmt::print("format: Broach artifact, version {}.{}\nname: {}\ntarget: {}\n", artifact.note.major, artifact.note.minor, artifact.name,
             artifact.target);
  print_tensors("inputs", artifact.inputs);
  print_tensors("outputs", artifact.outputs);
  fmt::print("size: {} (code {}, weights {})\n", size_text(int64_t(std::filesystem::file_size(path))), size_text(artifact.code_bytes),
             size_text(artifact.constant_bytes));
  fmt::print("memory of a session: {}, and {} for each thread\n", size_text(artifact.arena_bytes), size_text(artifact.scratch_bytes));
  print_meta(artifact.meta);
  fmt::print("steps: {}\n   tasks  kernel                      nodes\n", artifact.steps.size());
  for (const auto& step : artifact.steps)
    fmt::print("{:>8}  {:<26}  {}\n", step.tasks < 0 ? "?" : std::to_string(step.tasks), step.kernel.empty() ? "?" : step.kernel, step.origin);
}

}  // namespace

void add_inspect(CLI::App& root, const Invocation&) {
  CLI::App* verb = root.add_subcommand("inspect", "Print what a model or an artifact holds");
  auto path = std::make_shared<std::string>();
  verb->add_option("FILE", *path, "A model (.onnx, .graph) or an artifact (.tar, .so)")->required();
  auto import = std::make_shared<ImportArguments>(*verb);
  verb->callback([=] {
    if (path->ends_with(".a")) throw_error("'{}' is a static archive, which carries no description; inspect a .tar or .so of the model", *path);
    if (!path->ends_with(".tar") && !path->ends_with(".so")) return print_model(inspect_model(*path, import->read()));
    for (const char* option : {"--model-format", "--input-shapes"}) refuse_if_given(*verb, option, "it has no effect on an artifact");
    print_artifact(*path);
  });
}

}  // namespace broach
