#pragma once
// The two kinds of failure. Error: the user's model, file or flag. InternalError: a broken invariant of ours.
#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace broach {

// The message is one sentence: what was found, what was expected, where, what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

template <class... Args>
[[noreturn]] void throw_error(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void throw_internal(const char* file, int line, const char* condition, const std::string& message);

}  // namespace broach

// Holds in release builds too: a compiler that goes on after a broken invariant writes wrong code.
#define BROACH_CHECK(condition, ...)                                                                        \
  do {                                                                                                      \
    if (!(condition)) ::broach::throw_internal(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
