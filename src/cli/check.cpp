#include <fmt/format.h>

#include "cli/verbs.h"
#include "driver/inspect.h"
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
  verb->add_option("FILE", *path, "The model: .onnx or .graph")->required();
  auto import = std::make_shared<ImportArguments>(*verb);
  verb->callback([=] { check(*path, import->read()); });
}

}  // namespace broach
