#include "runtime/faults.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

namespace {
std::atomic<uint64_t> count{0};
}

#if SANITIZED

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, size_t), void (*)(const volatile void*));

namespace {
void count_allocation(const volatile void*, size_t) { count.fetch_add(1, std::memory_order_relaxed); }
void ignore_free(const volatile void*) {}
[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free);
}  // namespace

#else

extern "C" void* __libc_malloc(size_t);
extern "C" void* __libc_calloc(size_t, size_t);
extern "C" void* __libc_realloc(void*, size_t);
extern "C" void* __libc_memalign(size_t, size_t);

namespace {
constinit thread_local int calls_left = -1;
constinit thread_local bool failed = false;

bool fails() {
  if (calls_left < 0) return false;
  if (calls_left-- > 0) return false;
  failed = true;
  errno = ENOMEM;
  return true;
}

bool allocation_fails() {
  count.fetch_add(1, std::memory_order_relaxed);
  return fails();
}
}  // namespace

extern "C" void* malloc(size_t bytes) { return allocation_fails() ? nullptr : __libc_malloc(bytes); }
extern "C" void* calloc(size_t n, size_t bytes) { return allocation_fails() ? nullptr : __libc_calloc(n, bytes); }
extern "C" void* realloc(void* old, size_t bytes) { return allocation_fails() ? nullptr : __libc_realloc(old, bytes); }
extern "C" void* aligned_alloc(size_t unit, size_t bytes) { return allocation_fails() ? nullptr : __libc_memalign(unit, bytes); }

extern "C" void* mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
  if (fails()) return MAP_FAILED;
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, bytes, protection, flags, file, offset));
}
extern "C" int memfd_create(const char* name, unsigned flags) noexcept {
  return fails() ? -1 : static_cast<int>(syscall(SYS_memfd_create, name, flags));
}
extern "C" ssize_t write(int file, const void* bytes, size_t size) { return fails() ? -1 : syscall(SYS_write, file, bytes, size); }

void faults::fail_call(int n) {
  calls_left = n;
  failed = false;
}
bool faults::has_failed() { return failed; }

#endif

uint64_t faults::allocations() { return count; }
