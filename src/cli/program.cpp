#include "cli/program.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "broach/runtime.hpp"
#include "cli/configuration.h"
#include "cli/help_format.h"
#include "cli/interrupt.h"
#include "image/image.h"
#include "support/errors.h"

namespace broach {
namespace {

enum ExitCode { exit_done = 0, exit_no_command = 1, exit_usage = 2, exit_error = 4, exit_internal = 70 };

void set_verbosity(int verbosity) {
  auto logger = spdlog::default_logger();
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::warn, spdlog::level::info, spdlog::level::debug, spdlog::level::trace};
  logger->set_level(levels[std::min(verbosity, 3)]);
}

void start_log() {
  spdlog::set_default_logger(spdlog::stdout_logger_mt("broach"));
  spdlog::set_pattern("%l: %v");
  set_verbosity(0);
}

// What was printed before comes first, also where both streams go to one file.
int fail(ExitCode code, const std::string& line) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", line);
  return code;
}

// The parser's own messages, as one sentence.
std::string parser_message(const CLI::ParseError& error) {
  std::string message = error.what();
  std::ranges::replace(message, '\n', ' ');
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) return "unexpected argument" + message.substr(std::min(message.rfind(':'), message.size()));
  return message;
}

int parse_and_run(CLI::App& root, Invocation& invocation, const std::vector<std::string>& words) {
  Arguments arguments;
  auto usage_error = [&](const std::string& message) {
    return fail(exit_usage, fmt::format("{}{}{}: error: {}", invocation.program, arguments.verb.empty() ? "" : " ", arguments.verb, message));
  };
  try {
    expand_arguments(root, words, arguments);
    if (!arguments.verb.empty()) {
      auto config = std::ranges::find(arguments.words, "--config");
      apply_configuration(root, config == arguments.words.end() ? "default" : *(config + 1), arguments);
    }
    std::ranges::reverse(arguments.words);
    root.parse(arguments.words);
    return arguments.verb.empty() ? fail(exit_no_command, root.help()) : exit_done;
  } catch (const CLI::Success& asked) {
    return root.exit(asked);
  } catch (const CLI::ParseError& error) {
    return usage_error(parser_message(error));
  } catch (const UsageError& error) {
    return usage_error(error.what());
  }
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
  root.add_flag_function(
          "-v,--verbose", [&](int64_t count) { set_verbosity(int(invocation.verbosity = int(count))); },
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
  start_log();
  clean_up_when_interrupted();
  CLI::App root;
  add_commands(root, invocation);
  auto error_line = [](const char* message) { return fail(exit_error, fmt::format("Error: {}", message)); };
  try {
    int code = parse_and_run(root, invocation, {argv + std::min(argc, 1), argv + argc});
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    return code;
  } catch (const Error& error) {
    return error_line(error.what());
  } catch (const runtime::Error& error) {
    return error_line(error.what());
  } catch (const ImageError& error) {
    return error_line(error.what());
  } catch (const std::system_error& error) {  // of printing: other files report as Error
    return error_line(fmt::format("the output cannot be written: {}", error.code().message()).c_str());
  } catch (const std::bad_alloc&) {
    return error_line("there is not enough memory");
  } catch (const std::exception& error) {
    return fail(exit_internal, fmt::format("Internal error, a fault of Broach and not of the model; please report it: {}", error.what()));
  }
}

}  // namespace broach
