#include "cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/numpy_text.h"
#include "image/classes.h"

namespace broach {
namespace {

// "1,234.56"
std::string grouped(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  for (auto at = std::ptrdiff_t(std::min(text.find('.'), text.size())) - 3; at > 0; at -= 3) text.insert(size_t(at), 1, ',');
  return text;
}

// The first column to the left, the others to the right.
std::string align(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{:<{}}", row[0], widths[0]);
    for (size_t c = 1; c < row.size(); ++c) text += fmt::format("  {:>{}}", row[c], widths[c]);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

std::string shortened(const std::string& name) {
  constexpr size_t most = 60;
  return name.size() <= most ? name : name.substr(0, most - 3) + "...";
}

}  // namespace

std::string time_table(std::span<const double> seconds) {
  std::vector<double> ms;
  for (double s : seconds) ms.push_back(s * 1e3);
  std::ranges::sort(ms);
  auto count = double(ms.size()), mean = std::reduce(ms.begin(), ms.end()) / count, variance = 0.0;
  for (double m : ms) variance += (m - mean) * (m - mean) / count;
  double median = (ms[(ms.size() - 1) / 2] + ms[ms.size() / 2]) / 2;
  auto line = [](const auto&... cells) { return fmt::format("{:^12} {:^12} {:^12} {:^12} {:^12}", cells...); };
  auto number = [](double value) { return fmt::format("{:.4f}", value); };
  std::string text = "Execution time summary:\n" + line("mean (ms)", "median (ms)", "max (ms)", "min (ms)", "std (ms)") + "\n";
  text += line(number(mean), number(median), number(ms.back()), number(ms.front()), number(std::sqrt(variance)));
  return text + std::string(15, ' ') + "\n";
}

std::string profile_table(std::vector<ProfileRow> rows, double total, unsigned threads) {
  std::ranges::stable_sort(rows, std::greater(), &ProfileRow::seconds);
  auto cells = [&](const std::string& name, double seconds, const std::string& device, size_t count, const std::string& tasks) {
    return std::vector<std::string>{name,   grouped(seconds * 1e6, 2), fmt::format("{:.2f}", total > 0 ? 100 * seconds / total : 0),
                                    device, std::to_string(count),     tasks};
  };
  std::vector<std::vector<std::string>> table = {{"Name", "Duration (us)", "Percent", "Device", "Count", "Tasks"}};
  double sum = 0;
  for (const ProfileRow& row : rows) {
    table.push_back(cells(shortened(row.name), row.seconds, "cpu0", 1, std::to_string(row.tasks)));
    sum += row.seconds;
  }
  table.push_back({"----------"});
  table.push_back(cells("Sum", sum, "", rows.size(), ""));
  table.push_back(cells("Total", total, "cpu0", 1, ""));
  return align(table) + fmt::format("\nConfiguration\n-------------\nNumber of threads: {}\nExecutor: static plan\n", threads);
}

std::string top_array(std::span<const float> scores, size_t count) {
  std::vector<size_t> ids(scores.size());
  std::iota(ids.begin(), ids.end(), size_t{0});
  // As numpy sorts: not-a-number is the largest.
  std::ranges::stable_sort(ids, [&](size_t a, size_t b) { return scores[a] > scores[b] || (std::isnan(scores[a]) && !std::isnan(scores[b])); });
  ids.resize(std::min(count, ids.size()));
  std::vector<std::vector<double>> rows(2);
  for (size_t id : ids) rows[0].push_back(double(id)), rows[1].push_back(scores[id]);
  return numpy_array_text(rows) + "\n";
}

std::string top_table(std::span<const float> scores, size_t count, std::span<const std::string> labels) {
  auto best = best_classes(scores, count);
  std::string text = fmt::format("Top-{} Predictions:\n", best.size());
  for (size_t i = 0; i < best.size(); ++i) text += class_line(i + 1, best[i], labels) + "\n";
  return text;
}

}  // namespace broach
