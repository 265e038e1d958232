#include "codegen/llvm/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace broach {

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  std::string pattern = (parent / "broach-XXXXXX").string();
  if (error || !mkdtemp(pattern.data()))
    throw_error("no temporary folder can be made in {}; set TMPDIR to a folder that can be written", parent.string());
  path_ = pattern;
  while_alive_.emplace(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const Bytes& bytes) const {
  std::string path = file(name);
  std::ofstream stream(path, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  stream.close();
  if (!stream) throw_error("{} bytes cannot be written to {}; is the disk full?", bytes.size(), path);
  return path;
}

Bytes TemporaryFolder::read(const std::string& name) const {
  std::ifstream stream(file(name), std::ios::binary | std::ios::ate);
  Bytes bytes(stream ? size_t(stream.tellg()) : 0);
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(bytes.size()));
  if (!stream) throw_error("{} cannot be read back", file(name));
  return bytes;
}

}  // namespace broach
