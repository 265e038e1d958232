#pragma once
// Files of the user: read whole, mapped, or written so that no half file is ever seen under the final name.
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "support/temporary_paths.h"

namespace broach {

// A regular file's bytes, mapped read-only. An empty file gives an empty span. Throws Error: missing, a directory, unreadable.
class MappedFile {
 public:
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_;
  size_t size_;
};

std::string read_file(const std::string& path);  // same errors

// Writes a file of its own beside `path`, syncs it and renames it to `path`; on any failure nothing is left. Throws Error.
void write_file_atomically(const std::string& path, std::string_view bytes);

// The same in steps: write to temporary_path(), then commit(). Without commit the temporary file goes with the object.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);  // throws Error where the folder is missing or not writable, or `path` is a directory
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::string& temporary_path() const { return temporary_; }
  int descriptor() const { return descriptor_; }
  void write(std::string_view bytes);
  void commit();  // the file gets mode 0666 less the umask, 0777 less it if `executable`
  bool executable = false;

 private:
  std::string path_, temporary_;
  int descriptor_ = -1;
  std::optional<TemporaryPath> until_renamed_;
};

}  // namespace broach
