#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/cpu.h"

namespace broach::runtime::internal {
namespace {

constexpr size_t path_bytes = 4096;

// The file's beginning as a string; false if it cannot be read.
bool read_text(const char* path, char* text, size_t size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t bytes = read(file, text, size - 1);
  close(file);
  if (bytes < 0) return false;
  text[bytes] = 0;
  return true;
}

bool read_number(const char* folder, const char* file, long long& value) {
  char path[path_bytes + 64], text[64];
  std::snprintf(path, sizeof path, "%s/%s", folder, file);
  return read_text(path, text, sizeof text) && std::sscanf(text, "%lld", &value) == 1;
}

uint32_t smaller(uint32_t limit, long long quota, long long period) {
  if (quota <= 0 || period <= 0) return limit;
  const uint32_t cpus = static_cast<uint32_t>((quota + period - 1) / period);
  return limit && limit < cpus ? limit : cpus;
}

// cpu.max is "quota period" or "max period".
uint32_t limit_v2(const char* folder, uint32_t limit) {
  char path[path_bytes + 64], text[64];
  long long quota, period;
  std::snprintf(path, sizeof path, "%s/cpu.max", folder);
  if (!read_text(path, text, sizeof text) || std::sscanf(text, "%lld %lld", &quota, &period) != 2) return limit;
  return smaller(limit, quota, period);
}

uint32_t limit_v1(const char* folder, uint32_t limit) {
  long long quota, period;
  if (!read_number(folder, "cpu.cfs_quota_us", quota) || !read_number(folder, "cpu.cfs_period_us", period)) return limit;
  return smaller(limit, quota, period);
}

// A limit may be set at any level above the process. In a container the path may name levels that are not visible;
// walking up to the mount point meets the container's own.
template <typename Limit>
uint32_t walk_up(const char* root, const char* mount, const char* group, uint32_t limit, Limit&& read_limit) {
  char folder[path_bytes];
  const int base = std::snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s", root, mount);
  const int length = std::snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s%s", root, mount, group);
  if (length >= static_cast<int>(sizeof folder)) return limit;
  for (;;) {
    limit = read_limit(folder, limit);
    char* slash = std::strrchr(folder, '/');
    if (!slash || slash < folder + base) return limit;
    *slash = 0;
  }
}

bool has_controller(const char* list, const char* name) {
  const size_t length = std::strlen(name);
  for (const char* at = list; *at; at += std::strcspn(at, ","), at += *at == ',')
    if (std::strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0)) return true;
  return false;
}

}  // namespace

// Lines of /proc/self/cgroup: "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1).
uint32_t cgroup_cpus(const char* root) noexcept {
  char path[path_bytes], text[8192];
  std::snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  if (!read_text(path, text, sizeof text)) return 0;
  uint32_t limit = 0;
  char* rest = nullptr;
  for (char* line = strtok_r(text, "\n", &rest); line; line = strtok_r(nullptr, "\n", &rest)) {
    char* controllers = std::strchr(line, ':');
    char* group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
    if (!group) continue;
    *group++ = 0;
    ++controllers;
    if (*controllers == 0) {
      limit = walk_up(root, "", group, limit, limit_v2);
      limit = walk_up(root, "/unified", group, limit, limit_v2);
    } else if (has_controller(controllers, "cpu")) {
      limit = walk_up(root, "/cpu,cpuacct", group, limit, limit_v1);
      limit = walk_up(root, "/cpu", group, limit, limit_v1);
    }
  }
  return limit;
}

uint32_t count_cpus() noexcept {
  // The kernel's mask may be longer than cpu_set_t: 8192 CPUs are the most Linux is built for.
  cpu_set_t mask[8192 / CPU_SETSIZE];
  int cpus = 1;
  if (sched_getaffinity(0, sizeof mask, mask) == 0) cpus = CPU_COUNT_S(sizeof mask, mask);
  const uint32_t limit = cgroup_cpus("");
  const uint32_t allowed = cpus > 0 ? static_cast<uint32_t>(cpus) : 1;
  return limit && limit < allowed ? limit : allowed;
}

}  // namespace broach::runtime::internal
