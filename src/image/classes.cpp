#include "image/classes.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "image/image.h"

namespace broach {

std::vector<std::string> parse_labels(const std::string& text, const std::string& name) {
  if (text.find('\0') != std::string::npos) throw ImageError("'" + name + "' is not a text file: expected one label a line");
  std::vector<std::string> labels;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    labels.push_back(text.substr(begin, end - begin));
    if (labels.back().ends_with('\r')) labels.back().pop_back();
    begin = end + 1;
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.empty()) throw ImageError("'" + name + "' holds no labels: expected one a line");
  return labels;
}

std::vector<std::string> read_labels(const std::string& path) {
  constexpr int64_t max_bytes = 16 << 20;
  auto bytes = read_small_file(path, max_bytes);
  return parse_labels(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), path);
}

bool are_probabilities(std::span<const float> scores) {
  double sum = 0;
  for (float score : scores) {
    if (!(score >= 0 && score <= 1)) return false;
    sum += score;
  }
  return std::abs(sum - 1) < 1e-3;
}

std::vector<Class> best_classes(std::span<const float> scores, size_t count) {
  // Not-a-number counts as the least, so that the order stays one.
  auto value = [&](size_t i) { return std::isnan(scores[i]) ? -INFINITY : scores[i]; };
  std::vector<size_t> ids(scores.size());
  std::iota(ids.begin(), ids.end(), size_t{0});
  count = std::min(count, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + std::ptrdiff_t(count), ids.end(),
                    [&](size_t a, size_t b) { return value(a) != value(b) ? value(a) > value(b) : a < b; });
  if (count == 0) return {};
  double most = value(ids[0]), sum = 0;
  bool softmax = !are_probabilities(scores);
  for (size_t i = 0; i < scores.size() && softmax; ++i) sum += std::exp(value(i) - most);
  std::vector<Class> best;
  for (size_t i = 0; i < count; ++i) best.push_back({ids[i], softmax ? std::exp(value(ids[i]) - most) / sum : scores[ids[i]]});
  return best;
}

std::string class_line(size_t rank, const Class& found, std::span<const std::string> labels) {
  char text[96];
  std::snprintf(text, sizeof text, "  %zu) id=%zu  p=%g", rank, found.id, found.probability);
  return labels.empty() ? text : text + std::string("  ") + labels[found.id];
}

}  // namespace broach
