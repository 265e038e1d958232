// Status codes with a message: how every function of the runtime fails. Nothing here allocates or throws.
#pragma once
#include "broach/runtime.h"

namespace broach::runtime::internal {

// Stores the message, cut at about 1,000 bytes, as this thread's last error and returns `status`.
[[gnu::format(printf, 2, 3)]] broach_status fail(broach_status status, const char* format, ...) noexcept;
broach_status fail_memory(const char* what) noexcept;

const char* last_error() noexcept;

// printf into a buffer that is filled piece by piece; what does not fit is cut.
class Text {
 public:
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) noexcept;
  const char* c_str() const noexcept { return bytes_; }
  bool empty() const noexcept { return used_ == 0; }

 private:
  char bytes_[512] = {};
  size_t used_ = 0;
};

void add_shape(Text& text, const int64_t* shape, int64_t ndim) noexcept;            // [1,3,224,224]
void add_dtype(Text& text, uint32_t code, uint32_t bits, uint32_t lanes) noexcept;  // float32

}  // namespace broach::runtime::internal

#define BROACH_TRY(call)                                      \
  do {                                                        \
    if (broach_status try_status = (call)) return try_status; \
  } while (false)
