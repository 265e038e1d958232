#pragma once
// The commands of the program: each adds its options to the parser and runs when the parser has read the command line.
#include <CLI/CLI.hpp>

#include <stdexcept>
#include <string>

namespace broach {

// The command line itself is wrong: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What every command may want to know of how the program was called.
struct Invocation {
  std::string program = "broach";  // the name it was called by: "broach" or "tvmc"
  int verbosity = 0;
  std::string config = "default";
};

void add_compile(CLI::App& root, const Invocation& invocation);
void add_run(CLI::App& root, const Invocation& invocation);
void add_inspect(CLI::App& root, const Invocation& invocation);
void add_check(CLI::App& root, const Invocation& invocation);
void add_verify(CLI::App& root, const Invocation& invocation);
void add_docs(CLI::App& root, const Invocation& invocation);  // not shown in the help: writes docs/cli.md

// Options that several commands have in common.
struct ModelOptions;
class ImportArguments {
 public:
  explicit ImportArguments(CLI::App& verb);
  ModelOptions read() const;  // throws UsageError for shapes that are none

 private:
  std::string format_, shapes_;
};

// True where the option was given on the command line or by the configuration.
bool is_given(const CLI::App& verb, const std::string& option);
// Throws Error saying that `option`, which is given, has no effect, and why.
void refuse_if_given(const CLI::App& verb, const std::string& option, const std::string& reason);

}  // namespace broach
