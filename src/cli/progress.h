#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace broach {

// One line on the terminal that says how far a long piece of work is: written to stderr, if that is a terminal, once the work
// has taken a second, kept up to date while it goes on, and taken away at the end.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // fraction: 0 to 1.
  void show(std::string_view stage, double fraction);

 private:
  void keep_drawing(std::stop_token stop);

  std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string stage_;
  double fraction_ = 0;
  std::jthread drawer_;  // where stderr is a terminal
};

}  // namespace broach
