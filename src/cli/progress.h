#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace broach {

// One line on the terminal that says how far a long piece of work is: written to stderr, if that is a terminal, once the work
// has taken a second, and taken away at the end.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // fraction: 0 to 1.
  void show(std::string_view stage, double fraction);

 private:
  std::chrono::steady_clock::time_point begin_, last_;
  bool terminal_ = false, shown_ = false;
};

}  // namespace broach
