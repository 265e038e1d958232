#include "cli/program.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "broach/runtime.hpp"
#include "cli/configuration.h"
#include "cli/help_format.h"
#include "image/image.h"
#include "support/errors.h"

namespace broach {
namespace {

enum ExitCode { exit_done = 0, exit_no_command = 1, exit_usage = 2, exit_error = 4, exit_internal = 70 };

void set_verbosity(int verbosity) {
  auto logger = spdlog::stdout_logger_st("broach");
  logger->set_pattern("%l: %v");
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::warn, spdlog::level::info, spdlog::level::debug, spdlog::level::trace};
  logger->set_level(levels[std::min(verbosity, 3)]);
  spdlog::set_default_logger(logger);
}

// The parser's own messages, as one sentence.
std::string parser_message(const CLI::ParseError& error) {
  std::string message = error.what();
  std::ranges::replace(message, '\n', ' ');
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) return "unexpected argument" + message.substr(std::min(message.rfind(':'), message.size()));
  return message;
}

int parse_and_run(CLI::App& root, Invocation& invocation, const std::vector<std::string>& words) {
  std::string where = invocation.program;
  try {
    Arguments arguments = expand_arguments(root, words);
    if (!arguments.verb.empty()) {
      where += " " + arguments.verb;
      auto config = std::ranges::find(arguments.words, "--config");
      apply_configuration(root, config == arguments.words.end() ? "default" : *(config + 1), arguments);
    }
    std::ranges::reverse(arguments.words);
    root.parse(arguments.words);
    if (!arguments.verb.empty()) return exit_done;
    fmt::print(stderr, "{}", root.help());
    return exit_no_command;
  } catch (const CLI::Success& asked) {
    root.exit(asked);
    return exit_done;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}: error: {}\n", where, parser_message(error));
  } catch (const UsageError& error) {
    fmt::print(stderr, "{}: error: {}\n", where, error.what());
  }
  return exit_usage;
}

}  // namespace

void add_commands(CLI::App& root, Invocation& invocation) {
  root.name(invocation.program);
  root.description("Compiles deep-learning models to machine code and runs them.");
  root.footer(fmt::format("{} COMMAND --help says more of a command.", invocation.program));
  root.formatter(std::make_shared<HelpFormat>());
  root.fallthrough();
  root.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  root.set_help_flag("-h,--help", "Print this help");
  root.set_version_flag("--version", [&] { return fmt::format("{} {}", invocation.program, broach_runtime_version()); }, "Print the version");
  root.add_flag_function("-v,--verbose", [&](int64_t count) { set_verbosity(int(invocation.verbosity = int(count))); },
                         "Say what is being done; twice or three times says more")
      ->trigger_on_parse(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  root.add_option("--config", invocation.config, "Preset values of options: a .json file, or the name of one in the folder BROACH_CONFIGS_DIR")
      ->option_text("NAME")
      ->default_str("default");
  add_compile(root, invocation);
  add_run(root, invocation);
  add_inspect(root, invocation);
  add_check(root, invocation);
  add_verify(root, invocation);
  add_docs(root, invocation);
}

int run_program(int argc, char** argv) {
  Invocation invocation;
  if (argc > 0 && std::filesystem::path(argv[0]).filename() == "tvmc") invocation.program = "tvmc";
  CLI::App root;
  add_commands(root, invocation);
  try {
    return parse_and_run(root, invocation, {argv + std::min(argc, 1), argv + argc});
  } catch (const Error& error) {
    fmt::print(stderr, "Error: {}\n", error.what());
  } catch (const runtime::Error& error) {
    fmt::print(stderr, "Error: {}\n", error.what());
  } catch (const ImageError& error) {
    fmt::print(stderr, "Error: {}\n", error.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "Error: there is not enough memory\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "Internal error: {}\nThis is a fault of Broach, not of the model: please report it with the command and the model.\n", error.what());
    return exit_internal;
  }
  return exit_error;
}

}  // namespace broach
