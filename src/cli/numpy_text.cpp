#include "cli/numpy_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace broach {
namespace {

constexpr int precision = 8;
constexpr size_t line_width = 75, threshold = 1000, edge = 3;

struct Parts {
  std::string whole, fraction, exponent;  // "-1", "25", "e+02"
};

// The shortest digits that give the number back, or digits rounded to the precision where those are fewer.
Parts split_number(double value, bool scientific) {
  auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  auto convert = [&](auto... more) {
    char text[512];
    auto end = std::to_chars(text, text + sizeof text, value, format, more...).ptr;
    return std::string(text, end);
  };
  auto parts_of = [](const std::string& text) {
    size_t e = std::min(text.find('e'), text.size()), point = std::min(text.find('.'), e);
    return Parts{text.substr(0, point), point < e ? text.substr(point + 1, e - point - 1) : "", text.substr(e)};
  };
  Parts parts = parts_of(convert());
  if (parts.fraction.size() > precision) parts = parts_of(convert(precision));
  while (parts.fraction.ends_with('0')) parts.fraction.pop_back();
  return parts;
}

class FloatFormat {
 public:
  explicit FloatFormat(const std::vector<double>& values) {
    double most = 0, least = INFINITY;
    for (double value : values)
      if (std::isfinite(value) && value != 0) most = std::max(most, std::abs(value)), least = std::min(least, std::abs(value));
    scientific_ = most > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1000);
    for (double value : values) measure(value);
    if (special_ > 0) left_ = std::max(left_, special_ - std::min(special_, 1 + fraction_ + exponent_));
  }

  std::string operator()(double value) const {
    if (!std::isfinite(value)) return fmt::format("{:>{}}", name_of(value), left_ + 1 + fraction_ + exponent_);
    Parts parts = split_number(value, scientific_);
    parts.fraction.append(fraction_ - parts.fraction.size(), scientific_ ? '0' : ' ');
    return fmt::format("{:>{}}.{}{}", parts.whole, left_, parts.fraction, parts.exponent);
  }

 private:
  static std::string name_of(double value) { return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf"; }
  void measure(double value) {
    if (!std::isfinite(value)) {
      special_ = std::max(special_, name_of(value).size());
      return;
    }
    Parts parts = split_number(value, scientific_);
    left_ = std::max(left_, parts.whole.size());
    fraction_ = std::max(fraction_, parts.fraction.size());
    exponent_ = std::max(exponent_, parts.exponent.size());
  }

  bool scientific_ = false;
  size_t left_ = 0, fraction_ = 0, exponent_ = 0, special_ = 0;
};

// One row in brackets; its first line is indented by the caller, its others here.
std::string row_text(const std::vector<std::string>& words) {
  constexpr size_t row_width = line_width - 1;  // the outer bracket closes on the last line
  std::string text, line = "  ";
  for (size_t i = 0; i < words.size(); ++i) {
    if (line.size() > 2 && line.size() + words[i].size() > row_width - 1) {
      while (line.ends_with(' ')) line.pop_back();
      text += line + "\n";
      line = "  ";
    }
    line += words[i];
    if (i + 1 < words.size()) line += ' ';
  }
  return "[" + (text + line).substr(2) + "]";
}

}  // namespace

std::string numpy_array_text(const std::vector<std::vector<double>>& rows) {
  size_t columns = rows.empty() ? 0 : rows[0].size();
  bool shortened = rows.size() * columns > threshold && columns > 2 * edge;
  std::vector<size_t> shown;
  for (size_t c = 0; c < columns; ++c)
    if (!shortened || c < edge || c >= columns - edge) shown.push_back(c);
  std::vector<double> values;
  for (const auto& row : rows)
    for (size_t c : shown) values.push_back(row[c]);
  FloatFormat format(values);

  std::string text = "[";
  for (size_t r = 0; r < rows.size(); ++r) {
    std::vector<std::string> words;
    for (size_t c : shown) {
      if (shortened && c == columns - edge) words.push_back("...");
      words.push_back(format(rows[r][c]));
    }
    text += (r == 0 ? "" : "\n ") + row_text(words);
  }
  return text + "]";
}

}  // namespace broach
