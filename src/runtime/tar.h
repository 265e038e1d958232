// Reads the members of an artifact's .tar in place: ustar, with GNU's and pax's extra headers passed over.
#pragma once
#include <cstdint>

#include "broach/runtime.h"

namespace broach::runtime::internal {

struct TarMember {
  uint64_t offset = 0, bytes = 0;  // of its contents in the archive
  bool found = false;
};

struct ArtifactTar {
  TarMember library;  // mod.so
  TarMember params;   // mod.params
};

bool looks_like_tar(const uint8_t* bytes, uint64_t size) noexcept;

// Errors: a cut or damaged archive, no mod.so, and names or kinds of members that an artifact never holds: absolute
// paths, "..", links, devices.
broach_status read_tar(const uint8_t* bytes, uint64_t size, const char* name, ArtifactTar& tar) noexcept;

}  // namespace broach::runtime::internal
