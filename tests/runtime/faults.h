// Counts the allocations of this program, and lets chosen ones fail.
#pragma once
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

namespace faults {

// Calls of malloc and its kin by any thread so far.
uint64_t allocations();

#if !SANITIZED  // sanitizers bring their own malloc and mmap
// The n-th call (from 0) of malloc and its kin, mmap, memfd_create or write by this thread from now on fails; -1: none.
void fail_call(int n);
// Whether the call that was to fail has come.
bool has_failed();
#endif

}  // namespace faults
