#include <charconv>
#include <map>

#include "schedule/primitives.h"
#include "support/errors.h"

namespace broach {
namespace {

std::string value_text(const std::string& value) { return value; }
std::string value_text(int64_t value) { return std::to_string(value); }
std::string value_text(const std::vector<int64_t>& values) { return fmt::format("{}", fmt::join(values, ",")); }
std::string value_text(const std::vector<std::string>& values) { return fmt::format("{}", fmt::join(values, ",")); }

std::vector<std::string_view> split_text(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

void parse_value(std::string_view text, std::string& value) { value = text; }
void parse_value(std::string_view text, int64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw_error("'{}' is not an integer", text);
}
template <class T>
void parse_value(std::string_view text, std::vector<T>& values) {
  for (std::string_view part : split_text(text, ',')) parse_value(part, values.emplace_back());
}

template <class P>
Primitive parse_fields(std::map<std::string_view, std::string_view> given) {
  P primitive;
  for_each_field(primitive, [&](const char* name, auto& value) {
    auto found = given.find(name);
    if (found == given.end()) throw_error("{} needs {}=", P::name, name);
    parse_value(found->second, value);
    given.erase(found);
  });
  if (!given.empty()) throw_error("{} has no field '{}'", P::name, given.begin()->first);
  return primitive;
}

template <size_t I = 0>
Primitive parse_named(std::string_view name, const std::map<std::string_view, std::string_view>& given) {
  if constexpr (I < std::variant_size_v<Primitive>) {
    using P = std::variant_alternative_t<I, Primitive>;
    return name == P::name ? parse_fields<P>(given) : parse_named<I + 1>(name, given);
  } else {
    throw_error("there is no schedule primitive '{}'", name);
  }
}

Primitive parse_line(std::string_view line) {
  std::vector<std::string_view> words = split_text(line, ' ');
  std::map<std::string_view, std::string_view> given;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i].empty()) continue;
    size_t equals = words[i].find('=');
    if (equals == words[i].npos) throw_error("'{}' is not field=value", words[i]);
    given[words[i].substr(0, equals)] = words[i].substr(equals + 1);
  }
  return parse_named(words[0], given);
}

}  // namespace

std::string to_string(const Primitive& primitive) {
  return std::visit(
      [](const auto& p) {
        std::string text = p.name;
        for_each_field(p, [&](const char* name, const auto& value) { text += fmt::format(" {}={}", name, value_text(value)); });
        return text;
      },
      primitive);
}

std::string to_string(const Trace& trace) {
  std::string text;
  for (const Primitive& primitive : trace) text += to_string(primitive) + "\n";
  return text;
}

Trace parse_trace(std::string_view text) {
  Trace trace;
  int number = 0;
  for (std::string_view line : split_text(text, '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    try {
      trace.push_back(parse_line(line));
    } catch (const Error& error) {
      throw_error("schedule trace, line {}: {}", number, error.what());
    }
  }
  return trace;
}

}  // namespace broach
