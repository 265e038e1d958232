#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace broach {

using namespace std::chrono_literals;
constexpr const char* erase_line = "\r\x1b[K";

ProgressLine::ProgressLine() : begin_(std::chrono::steady_clock::now()), last_(begin_), terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
  if (shown_) fmt::print(stderr, "{}", erase_line);
}

void ProgressLine::show(std::string_view stage, double fraction) {
  auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - begin_ < 1s || now - last_ < 100ms) return;
  last_ = now;
  shown_ = true;
  auto seconds = std::chrono::duration<double>(now - begin_).count();
  fmt::print(stderr, "{}[{:3.0f}%] {} ({:.0f} s)", erase_line, 100 * std::clamp(fraction, 0.0, 1.0), stage.substr(0, 60), seconds);
  std::fflush(stderr);
}

}  // namespace broach
