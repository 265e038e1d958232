#include "npz/npy.h"

#include <algorithm>
#include <charconv>

#include "support/errors.h"

namespace broach {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct Descriptor {
  DType dtype;
  std::string_view text;
};
constexpr Descriptor descriptors[] = {{DType::f32, "<f4"}, {DType::f64, "<f8"}, {DType::f16, "<f2"}, {DType::i8, "|i1"},
                                      {DType::i16, "<i2"}, {DType::i32, "<i4"}, {DType::i64, "<i8"}, {DType::u8, "|u1"},
                                      {DType::u16, "<u2"}, {DType::u32, "<u4"}, {DType::u64, "<u8"}, {DType::boolean, "|b1"}};

// The header is a Python dictionary literal: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  NpyHeader parse() {
    expect('{');
    int seen = 0;
    while (!accept('}')) {
      seen += parse_entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (!rest_.empty() || seen != 1 + 10 + 100) fail();
    return header_;
  }

 private:
  [[noreturn]] void fail() const { throw_error("array '{}' has a header that is not numpy's", name_); }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }
  bool accept(char c) {
    skip_spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string_view quoted() {
    char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    size_t end = rest_.find(quote);
    if (end == std::string_view::npos) fail();
    auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  // A digit per key, so that each must come once.
  int parse_entry() {
    auto key = quoted();
    expect(':');
    if (key == "descr") return parse_descriptor(), 1;
    if (key == "fortran_order") return header_.fortran_order = boolean(), 10;
    if (key == "shape") return parse_shape(), 100;
    fail();
  }
  void parse_descriptor() {
    skip_spaces();
    if (rest_.starts_with('[')) throw_error("array '{}' is a table of records; expected one element type", name_);
    auto text = quoted();
    if (std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; })) fail();
    for (const auto& descriptor : descriptors)
      if (text == descriptor.text) {
        header_.type.dtype = descriptor.dtype;
        return;
      }
    throw_error("array '{}' has elements of numpy type '{}'; expected little-endian float16, float32, float64, bool or integers", name_, text);
  }
  bool boolean() {
    skip_spaces();
    bool value = rest_.starts_with("True");
    std::string_view word = value ? "True" : "False";
    if (!rest_.starts_with(word)) fail();
    rest_.remove_prefix(word.size());
    return value;
  }
  void parse_shape() {
    constexpr size_t max_rank = 32;  // numpy's own was 32 for its first two decades
    expect('(');
    while (!accept(')')) {
      skip_spaces();
      int64_t dim = -1;
      auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), dim);
      if (error != std::errc() || dim < 0 || header_.type.shape.size() == max_rank) fail();
      rest_.remove_prefix(size_t(end - rest_.data()));
      accept('L');  // written by Python 2
      header_.type.shape.push_back(dim);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view rest_;
  const std::string& name_;
  NpyHeader header_;
};

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> start, const std::string& name) {
  std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (!text.starts_with(magic) || text.size() < 10) throw_error("array '{}' is not in numpy's .npy format", name);
  auto byte = [&](size_t i) { return size_t(static_cast<unsigned char>(text[i])); };
  size_t version = byte(6), length = byte(8) | byte(9) << 8, begin = 10;
  if (version < 1 || version > 3) throw_error("array '{}' is in version {} of the .npy format; versions 1 to 3 are known", name, version);
  if (version > 1) {
    if (text.size() < 12) throw_error("array '{}' is cut off", name);
    length |= byte(10) << 16 | byte(11) << 24;
    begin = 12;
  }
  if (length > max_npy_header - begin) throw_error("array '{}' has a header of {} bytes; at most {} are read", name, length, max_npy_header - begin);
  if (length > text.size() - begin) throw_error("array '{}' is cut off", name);
  NpyHeader header = HeaderParser(text.substr(begin, length), name).parse();
  header.data_offset = begin + length;
  return header;
}

std::string write_npy_header(const TensorType& type) {
  std::string_view descriptor;
  for (const auto& d : descriptors)
    if (d.dtype == type.dtype) descriptor = d.text;
  if (descriptor.empty()) throw_error("numpy has no element type for {}", info(type.dtype).name);
  std::string shape;
  for (int64_t dim : type.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(dim);
  if (type.shape.size() == 1) shape += ",";
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descriptor, shape);
  constexpr size_t prefix = 10;
  text.append(63 - (prefix + text.size()) % 64, ' ');
  text += '\n';
  std::string header(magic);
  header += {'\x01', '\x00', char(text.size() & 255), char(text.size() >> 8)};
  return header + text;
}

}  // namespace broach
