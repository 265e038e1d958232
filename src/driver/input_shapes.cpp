#include "driver/input_shapes.h"

#include <charconv>

#include "support/errors.h"

namespace broach {
namespace {

[[noreturn]] void fail(const std::string& text) {
  throw_error("input shapes are written as NAME:[D,D,...], several with blanks between them, not '{}'", text);
}

Shape parse_dimensions(std::string_view text, const std::string& name, const std::string& whole) {
  Shape shape;
  std::string digits(text);
  std::erase(digits, ' ');
  for (const char *at = digits.data(), *end = at + digits.size(); at < end; ++at) {
    int64_t dim = 0;
    auto [next, error] = std::from_chars(at, end, dim);
    if (error != std::errc() || (next < end && *next != ',') || next + 1 == end) fail(whole);
    if (dim < 1) throw_error("input shapes give input '{}' a dimension of {}; every dimension must be a number from 1", name, dim);
    shape.push_back(dim);
    at = next;
  }
  return shape;
}

}  // namespace

std::map<std::string, Shape> parse_input_shapes(const std::string& text) {
  std::map<std::string, Shape> shapes;
  std::string_view rest = text;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" ,"), rest.size()));
    if (rest.empty()) return shapes;
    size_t close = rest.find(']');
    size_t open = close == std::string_view::npos ? close : rest.rfind('[', close);
    if (open == std::string_view::npos) fail(text);
    std::string name(rest.substr(0, open));
    while (name.ends_with(' ')) name.pop_back();
    if (!name.ends_with(':')) fail(text);
    name.pop_back();
    if (name.empty() || name.find(' ') != std::string::npos) fail(text);
    if (!shapes.emplace(name, parse_dimensions(rest.substr(open + 1, close - open - 1), name, text)).second)
      throw_error("input shapes name input '{}' twice", name);
    rest.remove_prefix(close + 1);
  }
}

}  // namespace broach
