#include "support/temporary_paths.h"

#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>

namespace broach {
namespace {

// Never destroyed: an interrupt may come while the program ends.
struct Registry {
  std::mutex mutex;
  std::multiset<std::string> paths;
};
Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

}  // namespace

TemporaryPath::TemporaryPath(std::string path) : path_(std::move(path)) {
  std::lock_guard lock(registry().mutex);
  registry().paths.insert(path_);
}

TemporaryPath::~TemporaryPath() {
  std::lock_guard lock(registry().mutex);
  registry().paths.erase(registry().paths.find(path_));
}

void remove_temporary_paths() {
  registry().mutex.lock();
  std::error_code ignored;
  for (const std::string& path : registry().paths) std::filesystem::remove_all(path, ignored);
}

}  // namespace broach
