// What this machine's CPU can do, and how many CPUs this process may use.
#pragma once
#include <cstdint>

#include "broach/runtime.h"

namespace broach::runtime::internal {

// BROACH_X86_* or BROACH_ARM_* bits that this CPU has and the system has enabled (the wide registers' state is saved).
uint64_t host_features() noexcept;

// Refuses code that needs features outside `host`; the message names them and a target that fits. needed: 8 words.
broach_status check_features(const uint64_t* needed, uint64_t host, const char* cpu, const char* name) noexcept;

// Refuses code for another architecture than this process's (e_machine).
broach_status check_machine(uint16_t machine, const char* name) noexcept;

// CPUs of the affinity mask, bounded by the quota of the cgroups (v1 and v2), rounded up; at least 1.
uint32_t count_cpus() noexcept;
// The quota alone: 0 for none. root: "" or, in tests, a directory that holds proc/self/cgroup and sys/fs/cgroup.
uint32_t cgroup_cpus(const char* root) noexcept;

}  // namespace broach::runtime::internal
