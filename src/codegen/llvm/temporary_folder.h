#pragma once
// A folder of its own under the system's temporary folder, removed with all that is in it at the end of its life.
#include <optional>
#include <string>

#include "codegen/llvm/codegen.h"
#include "support/temporary_paths.h"

namespace broach {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const Bytes& bytes) const;  // returns the path
  Bytes read(const std::string& name) const;

 private:
  std::string path_;
  std::optional<TemporaryPath> while_alive_;
};

}  // namespace broach
