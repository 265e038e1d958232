#pragma once
// Named arrays in numpy's .npz format: a zip of .npy files.
#include <map>
#include <memory>

#include "npz/npy.h"

struct zip;

namespace broach {

// A .npz file opened for reading. What it says is not trusted: arrays are read one by one, when asked for, and what an array
// claims to hold is compared with what the file can hold before memory is taken.
class NpzFile {
 public:
  // Throws Error where the file is missing, a folder, no zip, or holds something that is not an array.
  explicit NpzFile(const std::string& path);

  const std::string& path() const { return path_; }
  std::vector<std::string> names() const;  // in the file's order
  bool contains(const std::string& name) const { return arrays_.contains(name); }
  const TensorType& type(const std::string& name) const { return arrays_.at(name).header.type; }
  // The elements, row-major, little-endian. Throws Error where they cannot be unpacked.
  std::vector<std::byte> read(const std::string& name) const;

 private:
  struct Array {
    uint64_t index = 0;  // in the zip
    NpyHeader header;
  };
  std::vector<std::byte> read_entry(uint64_t index, size_t bytes, const std::string& name) const;
  Array read_header(uint64_t index, const std::string& name) const;

  std::string path_;
  std::unique_ptr<zip, void (*)(zip*)> zip_;
  std::map<std::string, Array> arrays_;
};

struct NamedArray {
  std::string name;
  TensorType type;
  const void* data = nullptr;  // row-major
};

// Writes them as numpy.savez does (stored, not packed), under a temporary name first. Throws Error where that fails; then
// there is no new file, and an old one is as it was.
void write_npz(const std::string& path, const std::vector<NamedArray>& arrays);

}  // namespace broach
