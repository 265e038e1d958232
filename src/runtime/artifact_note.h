// What is read of a compiled library before it is loaded: its ELF structure and the Broach note (abi.h).
//
// The note's checksum covers every byte of the file but itself and the constants, so a library that passes is, byte
// for byte, the one that was sealed. It catches accidents, not attackers.
#pragma once
#include <cstddef>
#include <cstdint>

#include "broach/abi.h"
#include "broach/runtime.h"

namespace broach::runtime {

// Seals a linked library in place: sets the note's constants_offset, constants_bytes, file_bytes and both checksums.
// Everything else in the note (size, version, features, build_id, cpu, symbol) must be there already.
//   constants_offset: of the constants in the library, 0 where they are in a .params file.
//   constants, constants_bytes: the constants' bytes; with an offset, constants may be null: read from the library.
// False, with one sentence in `error`, where the bytes hold no usable note or the constants lie outside them.
bool seal_artifact(uint8_t* bytes, uint64_t size, uint64_t constants_offset, const void* constants, uint64_t constants_bytes, char* error,
                   size_t error_size) noexcept;

// Where in the file a section of a linked library lies; false if there is none of that name.
bool find_section(const uint8_t* bytes, uint64_t size, const char* name, uint64_t* offset, uint64_t* section_bytes) noexcept;

namespace internal {

// The bytes of a library and what its headers say.
struct Artifact {
  const uint8_t* bytes = nullptr;
  uint64_t size = 0;
  const char* name = nullptr;  // in messages
  broach_note note = {};
  uint64_t note_offset = 0;   // of the descriptor in the file
  uint64_t note_address = 0;  // of the descriptor in the loaded image, relative to its base
  uint16_t machine = 0;       // e_machine
};

// Finds the note. Errors: not ELF (with a guess at what it is), a foreign library, damaged headers.
broach_status read_artifact(const uint8_t* bytes, uint64_t size, const char* name, Artifact& artifact) noexcept;

// All that must hold before the library is loaded: version, length, architecture, checksum, features of this CPU.
broach_status check_artifact(const Artifact& artifact) noexcept;

// How many bytes from an address of the loaded image (relative to its base) on lie in the segment that maps it; 0: none
// does, or it is not executable where that is asked for.
uint64_t mapped_bytes(const Artifact& artifact, uint64_t address, bool executable) noexcept;
// The address of a byte of the file in the loaded image; false if no segment maps it.
bool address_of_offset(const Artifact& artifact, uint64_t offset, uint64_t* address) noexcept;

// XXH3, 128 bits, low word first.
void checksum_bytes(const void* bytes, uint64_t size, uint64_t (&checksum)[2]) noexcept;

}  // namespace internal
}  // namespace broach::runtime
