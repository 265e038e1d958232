#include "cli/help_format.h"

#include <fmt/format.h>

namespace broach {
namespace {

constexpr size_t text_column = 32, width = 100;

// One entry of a two-column list; the text begins on a line of its own where the heading is too long.
std::string entry(const std::string& heading, const std::string& text) {
  std::string result = "  " + heading;
  size_t column = result.size();
  if (column + 2 > text_column) {
    result += "\n";
    column = 0;
  }
  result.append(text_column - column, ' ');
  column = text_column;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find(' ', begin), text.size());
    if (column > text_column && column + 1 + end - begin > width) {
      result += "\n" + std::string(text_column, ' ');
      column = text_column;
    }
    if (column > text_column) result += ' ', ++column;
    result += text.substr(begin, end - begin);
    column += end - begin;
    begin = end + 1;
  }
  return result + "\n";
}

std::string lower(std::string text) {
  for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string option_heading(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true, false);
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  std::string heading = fmt::format("{}", fmt::join(names, ", "));
  return option.get_items_expected_max() > 0 ? heading + " " + option.get_option_text() : heading;
}

std::string option_text(const CLI::Option& option) {
  std::string text = option.get_description();
  return option.get_default_str().empty() ? text : text + fmt::format(" (default: {})", option.get_default_str());
}

std::vector<std::pair<std::string, std::vector<const CLI::Option*>>> option_groups(const CLI::App& app) {
  std::vector<std::pair<std::string, std::vector<const CLI::Option*>>> groups;
  auto add = [&](const CLI::Option* option) {
    std::string name = option->get_positional() ? "Arguments" : option->get_group();
    if (name.empty()) return;
    auto group = std::ranges::find(groups, name, [](const auto& g) { return g.first; });
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->second.push_back(option);
  };
  for (const CLI::Option* option : app.get_options())
    if (option->get_positional()) add(option);
  for (const CLI::Option* option : app.get_options())
    if (!option->get_positional() && option != app.get_help_ptr()) add(option);
  if (app.get_help_ptr()) add(app.get_help_ptr());
  return groups;
}

std::string usage_line(const CLI::App& app) {
  std::string line = app.get_parent() ? app.get_parent()->get_name() + " " + app.get_name() : app.get_name();
  line += " [options]";
  for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return o->get_positional(); }))
    line += " " + option->get_name(true, false);
  return app.get_parent() ? line : line + " COMMAND ...";
}

std::string HelpFormat::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string help = fmt::format("usage: {}\n\n{}\n", usage_line(*app), app->get_description());
  auto verbs = app->get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
  if (!verbs.empty()) help += "\ncommands:\n";
  for (const CLI::App* verb : verbs) help += entry(verb->get_name(), verb->get_description());
  for (const auto& [name, options] : option_groups(*app)) {
    help += "\n" + lower(name) + ":\n";
    for (const CLI::Option* option : options) help += entry(option_heading(*option), option_text(*option));
  }
  if (!app->get_footer().empty()) help += "\n" + app->get_footer() + "\n";
  return help;
}

}  // namespace broach
