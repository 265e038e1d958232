#include "runtime/error.h"

#include <cstdarg>
#include <cstdio>

namespace broach::runtime::internal {
namespace {
constinit thread_local char message[1024] = {};
}

broach_status fail(broach_status status, const char* format, ...) noexcept {
  // Arguments may point into the last message, so the new one is made apart.
  char text[sizeof message];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  __builtin_memcpy(message, text, sizeof message);
  return status;
}

broach_status fail_memory(const char* what) noexcept { return fail(BROACH_STATUS_MEMORY, "out of memory for %s", what); }

const char* last_error() noexcept { return message; }

void Text::add(const char* format, ...) noexcept {
  va_list arguments;
  va_start(arguments, format);
  int written = std::vsnprintf(bytes_ + used_, sizeof bytes_ - used_, format, arguments);
  va_end(arguments);
  if (written > 0) used_ += static_cast<size_t>(written);
  if (used_ >= sizeof bytes_) used_ = sizeof bytes_ - 1;
}

void add_shape(Text& text, const int64_t* shape, int64_t ndim) noexcept {
  text.add("[");
  for (int64_t i = 0; i < ndim; ++i) text.add("%s%lld", i ? "," : "", static_cast<long long>(shape[i]));
  text.add("]");
}

void add_dtype(Text& text, uint32_t code, uint32_t bits, uint32_t lanes) noexcept {
  static constexpr const char* names[] = {"int", "uint", "float", "handle", "bfloat", "complex", "bool"};
  if (code < sizeof names / sizeof *names)
    text.add("%s", names[code]);
  else
    text.add("type %u of ", code);
  if (code != BROACH_DL_BOOL || bits != 8) text.add("%u", bits);
  if (lanes != 1) text.add("x%u", lanes);
}

}  // namespace broach::runtime::internal
