#pragma once
// Commands that tests run, and the flags that what they build needs to link with this build's libraries.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace broach::test {

#if defined(__SANITIZE_ADDRESS__)
inline const std::string sanitizer_flags = " -fsanitize=address,undefined";
#elif defined(__SANITIZE_THREAD__)
inline const std::string sanitizer_flags = " -fsanitize=thread";
#else
inline const std::string sanitizer_flags;
#endif

struct CommandResult {
  int code;            // -1: ended by a signal
  std::string output;  // stdout and stderr
};

inline CommandResult run(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  for (size_t bytes; (bytes = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), bytes);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

// Its output; the test fails where the command does.
inline std::string succeed(const std::string& command) {
  const CommandResult result = run(command);
  EXPECT_EQ(result.code, 0) << command << "\n" << result.output;
  return result.output;
}

}  // namespace broach::test
