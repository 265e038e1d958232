// Memory and files of the runtime: each type owns what it holds and can only be moved.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "runtime/error.h"

namespace broach::runtime::internal {

// A zeroed array of plain elements; sized once.
template <typename T>
class Array {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  Array() = default;
  Array(Array&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Array& operator=(Array&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Array() { std::free(data_); }

  [[nodiscard]] bool allocate(uint64_t size) noexcept {
    const uint64_t count = size ? size : 1;
    if constexpr (alignof(T) <= alignof(max_align_t)) {
      data_ = static_cast<T*>(std::calloc(count, sizeof(T)));
    } else if (count <= SIZE_MAX / sizeof(T)) {
      data_ = static_cast<T*>(std::aligned_alloc(alignof(T), count * sizeof(T)));
      if (data_) std::memset(static_cast<void*>(data_), 0, count * sizeof(T));
    }
    size_ = data_ ? size : 0;
    return data_ != nullptr;
  }
  void shorten(uint64_t size) noexcept { size_ = size; }
  T* data() const noexcept { return data_; }
  uint64_t size() const noexcept { return size_; }
  T& operator[](uint64_t i) const noexcept { return data_[i]; }
  T* begin() const noexcept { return data_; }
  T* end() const noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  uint64_t size_ = 0;
};

// Zeroed pages of the system. data() is 64-byte aligned; 4 MiB and more are aligned to 2 MiB and may be huge pages.
class Pages {
 public:
  Pages() = default;
  Pages(Pages&& other) noexcept { swap(other); }
  Pages& operator=(Pages&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Pages();

  // With guard, the byte after data() + bytes, rounded up to 64, cannot be touched.
  [[nodiscard]] bool allocate(uint64_t bytes, bool guard) noexcept;
  uint8_t* data() const noexcept { return data_; }
  uint64_t bytes() const noexcept { return bytes_; }

 private:
  void swap(Pages& other) noexcept;
  void* map_ = nullptr;
  uint64_t map_bytes_ = 0;
  uint8_t* data_ = nullptr;
  uint64_t bytes_ = 0;
};

// A regular file, mapped for reading.
class FileMap {
 public:
  FileMap() = default;
  FileMap(FileMap&& other) noexcept { swap(other); }
  FileMap& operator=(FileMap&& other) noexcept {
    swap(other);
    return *this;
  }
  ~FileMap();

  // Errors: missing, unreadable, not a regular file, empty.
  broach_status open(const char* path) noexcept;
  const uint8_t* data() const noexcept { return data_; }
  uint64_t bytes() const noexcept { return bytes_; }

 private:
  broach_status map(int descriptor, const char* path) noexcept;
  void swap(FileMap& other) noexcept;
  uint8_t* data_ = nullptr;
  uint64_t bytes_ = 0;
};

// An executable file without a name that holds `bytes`; -1 with errno set where the system refuses.
int create_memory_file(const char* name, const uint8_t* bytes, uint64_t size) noexcept;

}  // namespace broach::runtime::internal
