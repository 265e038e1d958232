#pragma once
// The tables that `broach run` prints.
#include <span>
#include <string>
#include <vector>

namespace broach {

// "Execution time summary:", a line of titles and a line of values in milliseconds; std is the population's. The layout is tvmc's.
std::string time_table(std::span<const double> seconds);

struct ProfileRow {
  std::string name;
  double seconds = 0;  // of one inference
  long tasks = 0;
};
// Rows by duration, the longest first. total: seconds of one inference by the clock.
std::string profile_table(std::vector<ProfileRow> rows, double total, unsigned threads);

// What tvmc prints for --print-top: two rows of a numpy array, the indices of the `count` largest scores and the scores.
std::string top_array(std::span<const float> scores, size_t count);

// "Top-5 Predictions:" and a line for each of the best classes. labels: empty, or one for every score.
std::string top_table(std::span<const float> scores, size_t count, std::span<const std::string> labels);

}  // namespace broach
