#include <fmt/format.h>

#include "cli/verbs.h"
#include "driver/inspect.h"
#include "importers/onnx/import.h"
#include "support/errors.h"

namespace broach {
namespace {

// The first few names; a model may have hundreds.
std::string some_of(const std::vector<std::string>& nodes) {
  constexpr size_t most = 5;
  auto end = nodes.begin() + std::ptrdiff_t(std::min(most, nodes.size()));
  std::string text = fmt::format("{}", fmt::join(nodes.begin(), end, ", "));
  return nodes.size() > most ? text + fmt::format(" and {} more", nodes.size() - most) : text;
}

void check(const std::string& path, const ModelOptions& options) {
  CheckReport report = check_file(path, options);
  if (report.unsupported.empty()) return fmt::print("{}: {} nodes of {} operators, all supported\n", path, report.nodes, report.operators.size());
  size_t nodes = 0;
  for (const auto& op : report.unsupported) {
    fmt::print("{} x{}: {} ({})\n", op.name, op.nodes.size(), op.reason, some_of(op.nodes));
    nodes += op.nodes.size();
  }
  throw_error("'{}' cannot be compiled: {} of its {} nodes are not supported", path, nodes, report.nodes);
}

}  // namespace

void add_check(CLI::App& root, const Invocation&) {
  CLI::App* verb = root.add_subcommand("check", "List everything in a model that cannot be compiled");
  auto path = std::make_shared<std::string>();
  auto list = std::make_shared<bool>(false);
  auto* file = verb->add_option("FILE", *path, "The model: .onnx or .graph");
  verb->add_flag("--list-operators", *list, "Print the ONNX operators that can be compiled, one a line, and look at no model");
  auto import = std::make_shared<ImportArguments>(*verb);
  verb->callback([=] {
    if (!*list && file->count() == 0) throw UsageError("expected a model, FILE, or --list-operators");
    if (!*list) return check(*path, import->read());
    if (file->count() > 0) throw UsageError("--list-operators looks at no model: leave out the file");
    for (const char* option : {"--model-format", "--input-shapes"}) refuse_if_given(*verb, option, "it has no effect on --list-operators");
    for (const std::string& name : supported_onnx_ops()) fmt::print("{}\n", name);
  });
}

}  // namespace broach
