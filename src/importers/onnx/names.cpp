#include "importers/onnx/names.h"

#include "support/errors.h"

namespace broach {
namespace {

constexpr size_t longest_shown = 200;

// Bytes of the UTF-8 character at `at`; 0: there is none (RFC 3629: neither over-long forms nor surrogates).
size_t character_size(const std::string& text, size_t at) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  unsigned char first = byte(at);
  size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (size_t i = 1; i < size; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  unsigned char second = byte(at + 1);
  bool refused =
      (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return refused ? 0 : size;
}

}  // namespace

std::string printable(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    if (result.size() > longest_shown) return result + "...";
    size_t size = character_size(text, at);
    auto first = static_cast<unsigned char>(text[at]);
    if (size == 0 || first < 32 || first == 127)
      result += fmt::format("\\x{:02x}", int(first));
    else
      result += text.substr(at, size);
    at += std::max<size_t>(size, 1);
  }
  return result;
}

std::string quote_name(const std::string& name) { return "'" + printable(name) + "'"; }

const std::string& checked_name(const std::string& name) {
  for (size_t at = 0; at < name.size();) {
    size_t size = character_size(name, at);
    if (size == 0) throw_error("the name {} is not UTF-8", quote_name(name));
    at += size;
  }
  return name;
}

}  // namespace broach
