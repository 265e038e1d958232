#include "support/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "support/errors.h"

namespace broach {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return value_; }

 private:
  int value_;
};

[[noreturn]] void fail(const char* what, const std::string& path) { throw_error("{} '{}': {}", what, path, std::strerror(errno)); }

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  // Without waiting for a writer, should the path name a pipe.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file < 0) fail("cannot read", path);
  struct stat status;
  if (::fstat(file, &status) != 0) fail("cannot read", path);
  if (S_ISDIR(status.st_mode)) throw_error("cannot read '{}': it is a directory, a file was expected", path);
  if (!S_ISREG(status.st_mode)) throw_error("cannot read '{}': it is not a regular file", path);
  size_t size = size_t(status.st_size);
  void* data = nullptr;
  if (size != 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) fail("cannot map", path);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (size_ != 0) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string read_file(const std::string& path) {
  auto file = MappedFile::open(path);
  auto bytes = file->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat status;
  if (::stat(path_.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) throw_error("cannot write '{}': it is a directory", path_);
  temporary_ = path_ + ".XXXXXX";
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot write", path_);
  until_renamed_.emplace(temporary_);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot write", path_);
    bytes.remove_prefix(size_t(written));
  }
}

void AtomicFile::commit() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor_, (executable ? 0777 : 0666) & ~mask) != 0) fail("cannot write", path_);
  if (::fsync(descriptor_) != 0) fail("cannot write", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot write", path_);
  ::close(std::exchange(descriptor_, -1));
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace broach
