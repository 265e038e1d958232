#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/errors.h"
#include "support/nearest.h"
#include "target/target.h"

namespace broach {
namespace {

const std::vector<std::string> built_kinds = {"llvm", "cpu"};
const std::vector<std::string> other_kinds = {"c",      "cuda",    "nvptx", "rocm",    "opencl",  "metal",     "vulkan",
                                              "webgpu", "hexagon", "aocl",  "ext_dev", "stackvm", "composite", "hybrid"};
const std::vector<std::string> option_names = {"mtriple", "mcpu", "mattr"};

void check_kind(const std::string& kind) {
  if (std::ranges::count(built_kinds, kind)) return;
  if (std::ranges::count(other_kinds, kind))
    throw_error("the target kind '{}' is not built into this compiler; built kinds are llvm and cpu (the same)", kind);
  throw_error("unknown target kind '{}'{}; built kinds are llvm and cpu (the same)", kind, did_you_mean(kind, built_kinds));
}

// "+fma,-avx512f" in order; a later word on the same feature wins, so the earlier one goes.
void add_features(const std::string& list, std::vector<std::string>& features) {
  std::stringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) {
    std::erase(word, ' ');
    if (word.empty()) continue;
    if (word.size() < 2 || (word[0] != '+' && word[0] != '-'))
      throw_error("the CPU feature '{}' in -mattr must begin with + or -, as in -mattr=+avx2,-fma", word);
    std::erase_if(features, [&](const std::string& other) { return other.substr(1) == word.substr(1); });
    features.push_back(word);
  }
}

void set_option(const std::string& name, const std::string& value, TargetSpec& spec) {
  if (name == "mtriple")
    spec.triple = value;
  else if (name == "mcpu")
    spec.cpu = value;
  else if (name == "mattr")
    add_features(value, spec.features);
  else
    throw_error("the target option '{}' has no effect here{}; known options are -mtriple, -mcpu and -mattr", name, did_you_mean(name, option_names));
}

// Splits as a shell does: blanks separate, single and double quotes hold together.
std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (char c : text) {
    if (!quote && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote ? c == quote : c == '"' || c == '\'')
      quote = quote ? 0 : c;
    else
      words.back() += c;
  }
  if (quote) throw_error("the target {} has an unclosed quote {}", text, quote);
  return words;
}

TargetSpec parse_words(const std::string& text) {
  std::vector<std::string> words = split_words(text);
  if (words.empty()) throw_error("the target is empty; try --target llvm, which means this machine");
  if (words[0].find(',') != std::string::npos)
    throw_error("the target '{}' names several kinds; give one, llvm (offloading to other code generators is not built in)", words[0]);
  TargetSpec spec;
  size_t next = 0;
  if (words[0][0] != '-') check_kind(words[next++]);
  while (next < words.size()) {
    std::string word = words[next++];
    if (word[0] != '-') throw_error("found '{}' in the target, expected an option such as -mcpu=haswell", word);
    word.erase(0, word.starts_with("--") ? 2 : 1);
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    bool separate = equals == std::string::npos && std::ranges::count(option_names, name);
    if (separate && next == words.size()) throw_error("the target option -{} lacks its value, as in -{}=...", name, name);
    set_option(name, separate ? words[next++] : equals == std::string::npos ? "" : word.substr(equals + 1), spec);
  }
  return spec;
}

std::string json_text(const std::string& name, const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) throw_error("the target option '{}' is {}, expected a string", name, value.dump());
  std::string text;
  for (const nlohmann::json& item : value) {
    if (!item.is_string()) throw_error("the target option '{}' holds {}, expected strings", name, item.dump());
    text += (text.empty() ? "" : ",") + item.get<std::string>();
  }
  return text;
}

TargetSpec parse_json(const std::string& text, const std::string& where) {
  nlohmann::json object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw_error("{} is not a JSON object such as {{\"kind\": \"llvm\", \"mcpu\": \"haswell\"}}", where);
  TargetSpec spec;
  if (!object.contains("kind")) throw_error("{} has no \"kind\"; expected \"kind\": \"llvm\"", where);
  for (const auto& [name, value] : object.items()) {
    if (name == "kind")
      check_kind(json_text(name, value));
    else
      set_option(name, json_text(name, value), spec);
  }
  return spec;
}

TargetSpec parse_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(size_t(64) << 10, '\0');
  file.read(text.data(), std::streamsize(text.size()));
  text.resize(size_t(file.gcount()));
  return parse_json(text, "the target file " + path);
}

bool is_file(const std::string& text) {
  std::error_code error;
  return text.size() < 4096 && std::filesystem::is_regular_file(text, error);
}

}  // namespace

TargetSpec parse_target(const std::string& text) {
  size_t first = text.find_first_not_of(" \t\n");
  TargetSpec spec = first != std::string::npos && text[first] == '{' ? parse_json(text, "the target")
                    : text.ends_with(".json") || is_file(text)       ? parse_file(text)
                                                                     : parse_words(text);
  spec.host = spec.triple.empty() && spec.cpu.empty();
  return spec;
}

std::string Target::to_string() const {
  std::string text = "llvm -mtriple=" + triple + " -mcpu=" + cpu;
  for (size_t i = 0; i < features.size(); ++i) text += (i ? "," : " -mattr=") + features[i];
  return text;
}

}  // namespace broach
