// docs/cli.md, from what the parser knows: the page cannot say anything else than the program does.
#include <fmt/format.h>

#include "cli/help_format.h"
#include "cli/refused_options.h"
#include "cli/verbs.h"

namespace broach {
namespace {

// A bar would end the cell.
std::string cell(const std::string& text) { return CLI::detail::find_and_replace(text, "|", "\\|"); }

void print_options(const CLI::App& app) {
  for (const auto& [group, options] : option_groups(app)) {
    fmt::print("\n| {} | |\n|---|---|\n", group);
    for (const CLI::Option* option : options) fmt::print("| `{}` | {} |\n", cell(option_heading(*option)), cell(option_text(*option)));
  }
}

void print_verb(const CLI::App& verb) {
  fmt::print("\n## {} {}\n\n{}.\n\n    {}\n", verb.get_parent()->get_name(), verb.get_name(), verb.get_description(), usage_line(verb));
  print_options(verb);
}

void print_refused() {
  fmt::print(
      "\n## Options of tvmc that are refused\n\nThey can have no effect here. A value that says what is done anyway is accepted.\n\n"
      "| command | option | accepted | reason |\n|---|---|---|---|\n");
  for (const auto& option : refused_options())
    fmt::print("| {} | `--{}` | {} | {} |\n", option.verb, option.name, option.accepted ? fmt::format("`{}`", option.accepted) : "", option.reason);
}

constexpr const char* conventions = R"(
Options may come in any order, before or after the file, and may be shortened as long as they stay unambiguous (`--output` for
`--outputs`). `--option=value` and `--option value` are the same. Installed under the name `tvmc` it is the same program; `run
--outputs` then also writes `output_0`, `output_1`, ... beside the outputs' own names.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | no command was given |
| 2 | the command line is wrong |
| 4 | an error of the model, a file or a value; the message is one line on stderr |
| 70 | a fault of Broach |
)";

}  // namespace

void add_docs(CLI::App& root, const Invocation&) {
  CLI::App* verb = root.add_subcommand("docs", "Print docs/cli.md")->group("");
  verb->callback([&root] {
    fmt::print("# The command line\n\nWritten by `make docs` from the program itself.\n\n    {}\n\n{}\n{}", usage_line(root), root.get_description(),
               conventions);
    print_options(root);
    for (const CLI::App* shown : root.get_subcommands([](const CLI::App* v) { return !v->get_group().empty(); })) print_verb(*shown);
    print_refused();
  });
}

}  // namespace broach
