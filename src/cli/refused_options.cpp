#include "cli/refused_options.h"

#include "support/errors.h"

namespace broach {
namespace {

constexpr const char* plan = "every model becomes one static plan of steps, and there is no executor or runtime to choose";
constexpr const char* params = "where the weights go is said by the output's suffix: .so holds them, .tar has them in mod.params";
constexpr const char* precision = "weights and arithmetic keep the precision of the model";
constexpr const char* tuning = "tuning comes in a later version, and no records are read until then";
constexpr const char* external = "there are no external code generators, so nothing is handed to one";
constexpr const char* pools = "the plan lays out one arena by itself, and there are no memory pools to describe";
constexpr const char* remote = "models run on this machine only: copy the artifact to the other machine and run it there";
constexpr const char* layouts = "layouts are chosen for the whole network, not by operator";

constexpr RefusedOption options[] = {
    {"compile", "output-format", true, "so", "a package holds a shared library; --output with the suffix .so or .a writes the library alone"},
    {"compile", "exact", false, nullptr, "no algorithm is used that rounds otherwise than the plain one, so every artifact is exact"},
    {"compile", "executor", true, "graph", plan},
    {"compile", "executor-graph-link-params", true, nullptr, params},
    {"compile", "executor-aot-link-params", true, nullptr, params},
    {"compile", "executor-aot-unpacked-api", true, nullptr, plan},
    {"compile", "executor-aot-interface-api", true, nullptr, plan},
    {"compile", "executor-aot-workspace-byte-alignment", true, nullptr, plan},
    {"compile", "executor-aot-constant-byte-alignment", true, nullptr, plan},
    {"compile", "runtime", true, "cpp", plan},
    {"compile", "runtime-cpp-system-lib", true, nullptr, "an output with the suffix .a is what can be linked into a program"},
    {"compile", "runtime-crt-system-lib", true, nullptr, "an output with the suffix .a is what can be linked into a program"},
    {"compile", "desired-layout-ops", true, nullptr, layouts},
    {"compile", "mixed-precision", false, nullptr, precision},
    {"compile", "mixed-precision-ops", true, nullptr, precision},
    {"compile", "mixed-precision-calculation-type", true, nullptr, precision},
    {"compile", "mixed-precision-acc-type", true, nullptr, precision},
    {"compile", "tuning-records", true, nullptr, tuning},
    {"compile", "dump-offloads", true, nullptr, external},
    {"compile", "workspace-pools", true, nullptr, pools},
    {"compile", "workspace-pools-targets", true, nullptr, pools},
    {"compile", "workspace-pools-size-hint-bytes", true, nullptr, pools},
    {"compile", "workspace-pools-clock-frequency-hz", true, nullptr, pools},
    {"compile", "workspace-pools-read-bandwidth-bytes-per-cycle", true, nullptr, pools},
    {"compile", "workspace-pools-write-bandwidth-bytes-per-cycle", true, nullptr, pools},
    {"compile", "workspace-pools-read-latency-cycles", true, nullptr, pools},
    {"compile", "workspace-pools-write-latency-cycles", true, nullptr, pools},
    {"compile", "workspace-pools-target-burst-bytes", true, nullptr, pools},
    {"run", "device", true, "cpu", "models are compiled for CPUs only"},
    {"run", "rpc-tracker", true, nullptr, remote},
    {"run", "rpc-key", true, nullptr, remote},
};

void refuse(const RefusedOption& option, const std::string& value) {
  if (option.accepted && value == option.accepted) return;
  if (option.accepted) throw_error("--{} {} is refused: {} (only '{}' is accepted)", option.name, value, option.reason, option.accepted);
  throw_error("--{} is refused: {}", option.name, option.reason);
}

}  // namespace

std::span<const RefusedOption> refused_options() { return options; }

void add_refused_options(CLI::App& verb) {
  for (const RefusedOption& option : options) {
    if (verb.get_name() != option.verb) continue;
    std::string name = std::string("--") + option.name;
    if (option.name == std::string_view("output-format")) name += ",-f";
    auto* added = option.takes_value ? verb.add_option_function<std::string>(name, [&](const std::string& value) { refuse(option, value); })
                                     : verb.add_flag_function(name, [&](int64_t) { refuse(option, ""); });
    added->group("");
  }
}

}  // namespace broach
