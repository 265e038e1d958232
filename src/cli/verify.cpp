#include "driver/verify.h"

#include <fmt/format.h>

#include "cli/progress.h"
#include "cli/verbs.h"
#include "npz/npz.h"
#include "support/errors.h"

namespace broach {
namespace {

struct VerifyArguments {
  explicit VerifyArguments(CLI::App& verb) : import(verb) {}
  ImportArguments import;
  std::string artifact, model, inputs;
  double tolerance = 1e-4;
  bool all = false;
};

std::map<std::string, Constant> read_inputs(const std::string& path) {
  std::map<std::string, Constant> inputs;
  if (path.empty()) return inputs;
  NpzFile file(path);
  for (const auto& name : file.names()) inputs.emplace(name, Constant(file.type(name), file.read(name)));
  return inputs;
}

void print_step(const VerifyStep& step) {
  fmt::print("{:4}  error {:<10.3g} of {:<10.3g} {}\n", step.agrees ? "ok" : "BAD", step.error, step.magnitude, step.origin);
}

void verify(const VerifyArguments& arguments) {
  VerifyReport report;
  {
    ProgressLine progress;
    VerifyOptions options{arguments.import.read(), read_inputs(arguments.inputs), arguments.tolerance,
                          [&](std::string_view stage, double fraction) { progress.show(stage, fraction); }};
    report = verify_artifact(arguments.artifact, arguments.model, options);
  }
  const VerifyStep* first = nullptr;
  for (const auto& step : report.steps) {
    if (arguments.all || !step.agrees) print_step(step);
    if (!step.agrees && !first) first = &step;
  }
  if (first && !report.weights_intact)
    throw_error("'{}' diverges from '{}' first at {}, and its weights are damaged: their checksum does not match", arguments.artifact,
                arguments.model, first->origin);
  if (first)
    throw_error("'{}' diverges from '{}' first at {}: the error is {:.3g} where the largest value is {:.3g}", arguments.artifact, arguments.model,
                first->origin, first->error, first->magnitude);
  if (!report.weights_intact) throw_error("the weights of '{}' are damaged: their checksum does not match", arguments.artifact);
  fmt::print("all {} steps agree with the reference within {:g} of their largest value\n", report.steps.size(), arguments.tolerance);
}

}  // namespace

void add_verify(CLI::App& root, const Invocation&) {
  CLI::App* verb = root.add_subcommand("verify", "Compare every step of an artifact with a naive computation of its model in double precision");
  auto arguments = std::make_shared<VerifyArguments>(*verb);
  verb->add_option("ARTIFACT", arguments->artifact, "The artifact: .tar or .so, for this machine")->required();
  verb->add_option("MODEL", arguments->model, "The model that it was compiled from")->required();
  verb->add_option("-i,--inputs", arguments->inputs, "Arrays for the inputs, by name; without it random ones, the same every time")
      ->option_text("FILE.npz");
  verb->add_option("--tolerance", arguments->tolerance, "Largest error, as a part of a step's largest value")
      ->option_text("X")
      ->default_str("1e-4")
      ->check(CLI::Range(0.0, 1.0).description(""));
  verb->add_flag("--all", arguments->all, "Print the steps that agree too");
  verb->callback([=] { verify(*arguments); });
}

}  // namespace broach
