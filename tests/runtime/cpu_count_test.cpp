#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>

#include "runtime/cpu.h"
#include "runtime/toy.h"

namespace {

// A file system's corner that holds one process's cgroups.
class Cgroups {
 public:
  explicit Cgroups(const std::string& lines) {
    static int count = 0;
    root_ = "cgroups" + std::to_string(count++);
    add("proc/self/cgroup", lines);
  }
  Cgroups& add(const std::string& path, const std::string& text) {
    toy::write_file(root_ + "/" + path, toy::Bytes(text.begin(), text.end()));
    return *this;
  }
  uint32_t cpus() const { return broach::runtime::internal::cgroup_cpus((toy::folder() + "/" + root_).c_str()); }

 private:
  std::string root_;
};

TEST(CpuCount, NoCgroups) { EXPECT_EQ(Cgroups("").cpus(), 0u); }

TEST(CpuCount, Version2) {
  EXPECT_EQ(Cgroups("0::/a/b\n").add("sys/fs/cgroup/a/b/cpu.max", "max 100000\n").cpus(), 0u);
  EXPECT_EQ(Cgroups("0::/a/b\n").add("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n").cpus(), 2u);
  EXPECT_EQ(Cgroups("0::/a/b\n").add("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n").cpus(), 2u);
  EXPECT_EQ(Cgroups("0::/\n").add("sys/fs/cgroup/cpu.max", "50000 100000\n").cpus(), 1u);
}

TEST(CpuCount, TheTightestLevelCounts) {
  Cgroups groups("0::/a/b\n");
  groups.add("sys/fs/cgroup/a/b/cpu.max", "800000 100000\n").add("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  EXPECT_EQ(groups.cpus(), 3u);
}

// In a container the path of the host is not visible; the mount point is the container's group.
TEST(CpuCount, HiddenPath) { EXPECT_EQ(Cgroups("0::/docker/1234\n").add("sys/fs/cgroup/cpu.max", "400000 100000\n").cpus(), 4u); }

TEST(CpuCount, Version1) {
  Cgroups groups("9:cpuset:/x\n4:cpu,cpuacct:/x\n0::/\n");
  groups.add("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n");
  groups.add("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(groups.cpus(), 3u);
  Cgroups unlimited("4:cpu:/x\n");
  unlimited.add("sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1\n").add("sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(unlimited.cpus(), 0u);
}

TEST(CpuCount, RespectsAffinity) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(broach_cpu_count(), 1u);
  sched_setaffinity(0, sizeof before, &before);
  EXPECT_GE(broach_cpu_count(), 1u);
  EXPECT_LE(broach_cpu_count(), static_cast<uint32_t>(CPU_COUNT(&before)));
}

}  // namespace
