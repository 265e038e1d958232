#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace broach {

using namespace std::chrono_literals;
constexpr const char* erase_line = "\r\x1b[K";

ProgressLine::ProgressLine() : begin_(std::chrono::steady_clock::now()) {
  if (isatty(STDERR_FILENO)) drawer_ = std::jthread([this](std::stop_token stop) { keep_drawing(stop); });
}

ProgressLine::~ProgressLine() = default;  // the drawer takes its line away

void ProgressLine::show(std::string_view stage, double fraction) {
  std::lock_guard lock(mutex_);
  stage_ = stage.substr(0, 60);
  fraction_ = std::clamp(fraction, 0.0, 1.0);
}

void ProgressLine::keep_drawing(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  auto stopped = [&](auto time) { return changed_.wait_for(lock, stop, time, [&] { return stop.stop_requested(); }) || stop.stop_requested(); };
  if (stopped(1s)) return;
  do {
    auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    fmt::print(stderr, "{}[{:3.0f}%] {} ({:.0f} s)", erase_line, 100 * fraction_, stage_, seconds);
    std::fflush(stderr);
  } while (!stopped(200ms));
  fmt::print(stderr, "{}", erase_line);
}

}  // namespace broach
