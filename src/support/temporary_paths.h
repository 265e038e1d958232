#pragma once
// Files and folders that must not outlive the process, also where it is interrupted.
#include <string>

namespace broach {

// Counts as temporary from construction on. The destructor forgets the path; the owner removes what is there.
class TemporaryPath {
 public:
  explicit TemporaryPath(std::string path);
  ~TemporaryPath();
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;

 private:
  std::string path_;
};

// Removes all of them. The caller ends the process next: threads that would make or forget one wait from here on.
void remove_temporary_paths();

}  // namespace broach
