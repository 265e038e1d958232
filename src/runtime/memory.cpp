#include "runtime/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "broach/abi.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace broach::runtime::internal {
namespace {
constexpr uint64_t huge_page = uint64_t{2} << 20;
constexpr uint64_t huge_from = uint64_t{4} << 20;
constexpr uint64_t largest = uint64_t{1} << 46;

uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }
}  // namespace

void Pages::swap(Pages& other) noexcept {
  std::swap(map_, other.map_);
  std::swap(map_bytes_, other.map_bytes_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
}

Pages::~Pages() {
  if (map_) munmap(map_, map_bytes_);
}

bool Pages::allocate(uint64_t bytes, bool guard) noexcept {
  if (bytes > largest) return false;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const bool huge = bytes >= huge_from && !guard;
  const uint64_t used = round_up(bytes ? bytes : 1, BROACH_ALIGNMENT);
  const uint64_t body = round_up(used, page);
  map_bytes_ = body + (huge ? huge_page : 0) + (guard ? page : 0);
  void* map = mmap(nullptr, map_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return false;
  map_ = map;
  bytes_ = bytes;
  data_ = static_cast<uint8_t*>(map);
  if (huge) {
    data_ += round_up(reinterpret_cast<uintptr_t>(map), huge_page) - reinterpret_cast<uintptr_t>(map);
    madvise(data_, body, MADV_HUGEPAGE);
  }
  if (guard) {
    mprotect(data_ + body, page, PROT_NONE);
    data_ += body - used;
  }
  return true;
}

void FileMap::swap(FileMap& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
}

FileMap::~FileMap() {
  if (data_) munmap(data_, bytes_);
}

broach_status FileMap::open(const char* path) noexcept {
  // Without O_NONBLOCK a named pipe would make open() wait for a writer.
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    if (errno == ENOENT) return fail(BROACH_STATUS_FILE, "%s does not exist", path);
    return fail(BROACH_STATUS_FILE, "%s cannot be read: %s", path, strerror(errno));
  }
  const broach_status status = map(descriptor, path);
  close(descriptor);
  return status;
}

broach_status FileMap::map(int descriptor, const char* path) noexcept {
  struct stat status;
  if (fstat(descriptor, &status)) return fail(BROACH_STATUS_FILE, "%s cannot be read: %s", path, strerror(errno));
  if (S_ISDIR(status.st_mode)) return fail(BROACH_STATUS_FILE, "%s is a directory; expected an artifact: a .tar or .so file", path);
  if (!S_ISREG(status.st_mode)) return fail(BROACH_STATUS_FILE, "%s is not a regular file", path);
  if (status.st_size == 0) return fail(BROACH_STATUS_FILE, "%s is empty: compile the model again", path);
  void* bytes = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED) return fail(BROACH_STATUS_FILE, "%s cannot be mapped: %s", path, strerror(errno));
  data_ = static_cast<uint8_t*>(bytes);
  bytes_ = static_cast<uint64_t>(status.st_size);
  return BROACH_STATUS_OK;
}

int create_memory_file(const char* name, const uint8_t* bytes, uint64_t size) noexcept {
  int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
  // Kernels before 6.3 do not know MFD_EXEC and always allow execution.
  if (descriptor < 0 && errno == EINVAL) descriptor = memfd_create(name, MFD_CLOEXEC);
  for (uint64_t done = 0; descriptor >= 0 && done < size;) {
    const ssize_t written = write(descriptor, bytes + done, size - done);
    if (written > 0) {
      done += static_cast<uint64_t>(written);
    } else if (written < 0 && errno != EINTR) {
      const int error = errno;
      close(descriptor);
      errno = error;
      return -1;
    }
  }
  return descriptor;
}

}  // namespace broach::runtime::internal
