#include "cli/configuration.h"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/errors.h"
#include "support/files.h"
#include "support/nearest.h"

namespace broach {
namespace {

using nlohmann::json;
using Settings = std::map<std::string, std::vector<std::string>>;

// Empty: there is none and none is needed.
std::string find_file(const std::string& name) {
  if (name.ends_with(".json") && std::filesystem::exists(name)) return name;
  std::string file = name.ends_with(".json") ? name : name + ".json";
  for (const char* variable : {"BROACH_CONFIGS_DIR", "TVM_CONFIGS_JSON_DIR"})
    if (const char* folder = std::getenv(variable))
      if (auto path = std::filesystem::path(folder) / file; std::filesystem::exists(path)) return path.string();
  if (name == "default") return "";
  throw_error("there is no configuration '{}': expected a .json file, or the name of one in the folder that BROACH_CONFIGS_DIR names", name);
}

std::string scalar_text(const json& value, const std::string& key, const std::string& path) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return value.dump();
  throw_error("key '{}' of configuration '{}' holds a value of type {}; expected text, a number or true", key, path, value.type_name());
}

void read_target(const json& value, const std::string& path, Settings& settings) {
  if (!value.is_array() || value.size() != 1 || !value[0].is_object())
    throw_error("key 'targets' of configuration '{}' must be a list with one object, as in [{{\"kind\": \"llvm\"}}]", path);
  std::string text = value[0].contains("kind") ? scalar_text(value[0]["kind"], "kind", path) : "llvm";
  for (const auto& [option, v] : value[0].items())
    if (option != "kind") text += fmt::format(" -{}={}", option, scalar_text(v, option, path));
  settings["target"] = {text};
}

// {"kind": "graph", "link-params": true} is --executor graph --executor-graph-link-params true.
void read_kind(const std::string& key, const json& value, const std::string& path, Settings& settings) {
  if (!value.is_object() || !value.contains("kind")) throw_error("key '{}' of configuration '{}' must be an object with a \"kind\"", key, path);
  std::string kind = scalar_text(value["kind"], "kind", path);
  settings[key] = {kind};
  for (const auto& [option, v] : value.items())
    if (option != "kind") settings[fmt::format("{}-{}-{}", key, kind, option)] = {scalar_text(v, option, path)};
}

void read_setting(const std::string& key, const json& value, const std::string& path, Settings& settings) {
  std::string option = key;
  std::ranges::replace(option, '_', '-');
  auto& values = settings[option];
  if (value.is_object()) {
    for (const auto& [name, v] : value.items()) values.push_back(name + "=" + scalar_text(v, name, path));
  } else if (value.is_array()) {
    for (const json& v : value) values.push_back(scalar_text(v, key, path));
  } else {
    values.push_back(scalar_text(value, key, path));
  }
}

const CLI::Option* find_option(const CLI::App& verb, const std::string& name) {
  for (const CLI::Option* option : verb.get_options())
    if (option->check_lname(name)) return option;
  return nullptr;
}

// The commands for which a setting means something; an unknown name is an error, so that a misspelling is seen.
void check_known(const CLI::App& root, const std::string& option, const std::string& configuration) {
  std::vector<std::string> known;
  for (const CLI::App* verb : root.get_subcommands({}))
    for (const CLI::Option* o : verb->get_options())
      for (const auto& name : o->get_lnames()) known.push_back(name);
  if (std::ranges::count(known, option)) return;
  throw_error("configuration '{}' sets '{}', which is no option of any command{}", configuration, option, did_you_mean(option, known));
}

}  // namespace

Settings read_configuration(const std::string& name) {
  Settings settings;
  std::string path = find_file(name);
  if (path.empty()) return settings;
  json document = json::parse(read_file(path), nullptr, false);
  if (!document.is_object()) throw_error("configuration '{}' is not a JSON object", path);
  for (const auto& [key, value] : document.items()) {
    if (key == "targets") {
      read_target(value, path, settings);
    } else if (key == "executor" || key == "runtime") {
      read_kind(key, value, path, settings);
    } else {
      read_setting(key, value, path, settings);
    }
  }
  return settings;
}

void apply_configuration(const CLI::App& root, const std::string& name, Arguments& arguments) {
  const CLI::App* verb = root.get_subcommand(arguments.verb);
  for (const auto& [option, values] : read_configuration(name)) {
    check_known(root, option, name);
    const CLI::Option* known = find_option(*verb, option);
    if (!known || arguments.has(known->get_lnames().front())) continue;
    bool is_flag = known->get_items_expected_max() == 0;
    for (const std::string& value : values) {
      if (is_flag && value == "false") continue;
      arguments.words.push_back("--" + option);
      if (!is_flag) arguments.words.push_back(value);
    }
  }
}

}  // namespace broach
