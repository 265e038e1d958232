#pragma once
#include "cli/verbs.h"

namespace broach {

// Help in two columns, wrapped at a fixed width, so that it is the same on every terminal and in the tests.
class HelpFormat : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

// "-o, --output FILE", and what it does with its default value.
std::string option_heading(const CLI::Option& option);
std::string option_text(const CLI::Option& option);
// Groups of options with the options in them, in the order they were added; arguments first, the help option last of its group.
std::vector<std::pair<std::string, std::vector<const CLI::Option*>>> option_groups(const CLI::App& app);
// "broach compile [options] FILE"
std::string usage_line(const CLI::App& app);

}  // namespace broach
