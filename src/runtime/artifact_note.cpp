#include "runtime/artifact_note.h"

#include <elf.h>

#include <cstdio>
#include <cstring>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/cpu.h"
#include "runtime/error.h"
#include "runtime/file_kind.h"

namespace broach::runtime {
namespace internal {
namespace {

constexpr uint64_t checksum_offset = offsetof(broach_note, checksum);

// Reads are by memcpy: neither headers nor notes need be aligned in a damaged file.
template <typename T>
bool read_at(const uint8_t* bytes, uint64_t size, uint64_t offset, T& value) {
  if (offset > size || size - offset < sizeof(T)) return false;
  std::memcpy(&value, bytes + offset, sizeof(T));
  return true;
}

bool in_range(uint64_t begin, uint64_t bytes, uint64_t size) { return begin <= size && bytes <= size - begin; }

uint64_t align_up(uint64_t value, uint64_t unit) { return (value + unit - 1) & ~(unit - 1); }

template <typename Visit>
bool for_each_segment(const uint8_t* bytes, uint64_t size, Visit&& visit) {
  Elf64_Ehdr header = {};
  if (!read_at(bytes, size, 0, header) || header.e_phentsize != sizeof(Elf64_Phdr)) return false;
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment = {};
    if (header.e_phoff > size || !read_at(bytes, size, header.e_phoff + i * sizeof segment, segment)) return false;
    if (!visit(segment)) break;
  }
  return true;
}

enum class Found { no, yes, damaged };

// Looks through the notes of one segment for ours. Some linkers put notes of different alignment into one segment: what
// reads as no note there is foreign, not damage.
Found find_in_segment(Artifact& artifact, const Elf64_Phdr& segment) {
  const uint64_t unit = segment.p_align == 8 ? 8 : 4;
  if (!in_range(segment.p_offset, segment.p_filesz, artifact.size)) return Found::damaged;
  const uint64_t end = segment.p_offset + segment.p_filesz;
  for (uint64_t at = segment.p_offset; end - at >= sizeof(Elf64_Nhdr);) {
    Elf64_Nhdr note = {};
    read_at(artifact.bytes, end, at, note);
    const bool named = note.n_namesz == sizeof BROACH_NOTE_OWNER && note.n_namesz <= end - at - sizeof note &&
                       std::memcmp(artifact.bytes + at + sizeof note, BROACH_NOTE_OWNER, note.n_namesz) == 0;
    const uint64_t descriptor = align_up(at + sizeof note + note.n_namesz - segment.p_offset, unit) + segment.p_offset;
    if (!in_range(descriptor, note.n_descsz, end)) return named ? Found::damaged : Found::no;
    const bool ours = named && note.n_type == BROACH_NOTE_TYPE;
    if (ours) {
      if (note.n_descsz < offsetof(broach_note, checksum)) return Found::damaged;
      std::memcpy(&artifact.note, artifact.bytes + descriptor, note.n_descsz < sizeof artifact.note ? note.n_descsz : sizeof artifact.note);
      if (artifact.note.size > note.n_descsz) return Found::damaged;
      artifact.note_offset = descriptor;
      artifact.note_address = segment.p_vaddr + (descriptor - segment.p_offset);
      return Found::yes;
    }
    at = segment.p_offset + align_up(descriptor + note.n_descsz - segment.p_offset, unit);
    if (at > end) break;
  }
  return Found::no;
}

broach_status fail_damaged(const char* name, const char* what) {
  return fail(BROACH_STATUS_FORMAT, "%s is cut or damaged: %s; compile the model again or copy the file anew", name, what);
}

broach_status check_elf_header(const uint8_t* bytes, uint64_t size, const char* name) {
  if (size < SELFMAG || std::memcmp(bytes, ELFMAG, SELFMAG) != 0)
    return fail(BROACH_STATUS_FORMAT, "%s is not a Broach artifact (a .tar or .so): %s", name, guess_kind(bytes, size));
  Elf64_Ehdr header = {};
  if (!read_at(bytes, size, 0, header)) return fail_damaged(name, "its ELF header is not whole");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(BROACH_STATUS_FORMAT, "%s is a library for a 32-bit or big-endian machine, not a Broach artifact", name);
  if (header.e_type != ET_DYN)
    return fail(BROACH_STATUS_FORMAT, "%s is an ELF file but not a shared library (an object file?): pass the .so or .tar that compile wrote", name);
  return BROACH_STATUS_OK;
}

// The checksum of a file without two ranges of it.
struct Range {
  uint64_t begin, bytes;
};

bool checksum_without(const uint8_t* bytes, uint64_t size, Range a, Range b, uint64_t (&checksum)[2]) {
  if (b.bytes == 0) b.begin = size;
  if (!in_range(a.begin, a.bytes, size) || !in_range(b.begin, b.bytes, size)) return false;
  if (b.begin < a.begin) std::swap(a, b);
  if (a.begin + a.bytes > b.begin) return false;
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, bytes, a.begin);
  XXH3_128bits_update(&state, bytes + a.begin + a.bytes, b.begin - a.begin - a.bytes);
  XXH3_128bits_update(&state, bytes + b.begin + b.bytes, size - b.begin - b.bytes);
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  checksum[0] = hash.low64;
  checksum[1] = hash.high64;
  return true;
}

bool checksum_artifact(const uint8_t* bytes, uint64_t size, uint64_t note_offset, const broach_note& note, uint64_t (&checksum)[2]) {
  const bool inside = note.constants_offset != 0;
  return checksum_without(bytes, size, {note_offset + checksum_offset, sizeof note.checksum},
                          {note.constants_offset, inside ? note.constants_bytes : 0}, checksum);
}

}  // namespace

void checksum_bytes(const void* bytes, uint64_t size, uint64_t (&checksum)[2]) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(bytes, size);
  checksum[0] = hash.low64;
  checksum[1] = hash.high64;
}

broach_status read_artifact(const uint8_t* bytes, uint64_t size, const char* name, Artifact& artifact) noexcept {
  artifact = {};
  artifact.bytes = bytes;
  artifact.size = size;
  artifact.name = name;
  BROACH_TRY(check_elf_header(bytes, size, name));
  Elf64_Ehdr header = {};
  read_at(bytes, size, 0, header);
  artifact.machine = header.e_machine;
  Found found = Found::no;
  const bool whole = for_each_segment(bytes, size, [&](const Elf64_Phdr& segment) {
    if (segment.p_type == PT_NOTE) found = find_in_segment(artifact, segment);
    return found == Found::no;
  });
  if (!whole) return fail_damaged(name, "its program headers are not whole");
  if (found == Found::damaged) return fail_damaged(name, "its notes are not whole");
  if (found == Found::no)
    return fail(BROACH_STATUS_FORMAT,
                "%s is a shared library that Broach did not make (it has no Broach note): pass the .so or .tar that "
                "compile wrote",
                name);
  return BROACH_STATUS_OK;
}

broach_status check_artifact(const Artifact& artifact) noexcept {
  const broach_note& note = artifact.note;
  const char* name = artifact.name;
  if (note.major != BROACH_ABI_MAJOR)
    return fail(BROACH_STATUS_VERSION,
                "%s has format version %u.%u, this runtime (%s) reads version %u: compile the model again with the "
                "Broach that this runtime is from",
                name, note.major, note.minor, broach_runtime_version(), BROACH_ABI_MAJOR);
  if (note.size < sizeof(broach_note)) return fail_damaged(name, "its Broach note is too short");
  if (artifact.size != note.file_bytes)
    return fail(BROACH_STATUS_FORMAT, "%s is cut or damaged: it has %llu bytes, %llu were written; compile the model again or copy the file anew",
                name, static_cast<unsigned long long>(artifact.size), static_cast<unsigned long long>(note.file_bytes));
  BROACH_TRY(check_machine(artifact.machine, name));
  uint64_t checksum[2];
  if (!checksum_artifact(artifact.bytes, artifact.size, artifact.note_offset, note, checksum))
    return fail_damaged(name, "its weights lie outside the file");
  if (std::memcmp(checksum, note.checksum, sizeof checksum) != 0) return fail_damaged(name, "its checksum does not match its contents");
  if (!std::memchr(note.symbol, 0, sizeof note.symbol) || !std::memchr(note.cpu, 0, sizeof note.cpu))
    return fail_damaged(name, "its Broach note is malformed");
  return check_features(note.features, host_features(), note.cpu, name);
}

uint64_t mapped_bytes(const Artifact& artifact, uint64_t address, bool executable) noexcept {
  uint64_t found = 0;
  for_each_segment(artifact.bytes, artifact.size, [&](const Elf64_Phdr& segment) {
    const bool usable = segment.p_type == PT_LOAD && (!executable || (segment.p_flags & PF_X));
    if (usable && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_memsz) found = segment.p_memsz - (address - segment.p_vaddr);
    return found == 0;
  });
  return found;
}

bool address_of_offset(const Artifact& artifact, uint64_t offset, uint64_t* address) noexcept {
  bool inside = false;
  for_each_segment(artifact.bytes, artifact.size, [&](const Elf64_Phdr& segment) {
    inside = segment.p_type == PT_LOAD && offset >= segment.p_offset && offset - segment.p_offset < segment.p_filesz;
    if (inside) *address = segment.p_vaddr + (offset - segment.p_offset);
    return !inside;
  });
  return inside;
}

}  // namespace internal

bool seal_artifact(uint8_t* bytes, uint64_t size, uint64_t constants_offset, const void* constants, uint64_t constants_bytes, char* error,
                   size_t error_size) noexcept {
  using namespace internal;
  Artifact artifact;
  const auto refuse = [&](const char* why) {
    std::snprintf(error, error_size, "%s", why);
    return false;
  };
  if (read_artifact(bytes, size, "the linked library", artifact)) return refuse(last_error());
  broach_note& note = artifact.note;
  if (note.size < sizeof note) return refuse("the linked library's Broach note is too short");
  if (constants_offset && !in_range(constants_offset, constants_bytes, size)) return refuse("the constants lie outside the linked library");
  note.constants_offset = constants_offset;
  note.constants_bytes = constants_bytes;
  note.file_bytes = size;
  checksum_bytes(constants_offset ? bytes + constants_offset : constants, constants_bytes, note.constants_checksum);
  std::memcpy(bytes + artifact.note_offset, &note, sizeof note);
  if (!checksum_artifact(bytes, size, artifact.note_offset, note, note.checksum))
    return refuse("the constants overlap the linked library's Broach note");
  std::memcpy(bytes + artifact.note_offset, &note, sizeof note);
  return true;
}

bool find_section(const uint8_t* bytes, uint64_t size, const char* name, uint64_t* offset, uint64_t* section_bytes) noexcept {
  using namespace internal;
  Elf64_Ehdr header = {};
  Elf64_Shdr names = {}, section = {};
  if (!read_at(bytes, size, 0, header) || header.e_shentsize != sizeof section || header.e_shoff > size) return false;
  if (!read_at(bytes, size, header.e_shoff + header.e_shstrndx * sizeof names, names)) return false;
  if (!in_range(names.sh_offset, names.sh_size, size)) return false;
  const uint64_t length = std::strlen(name) + 1;
  for (uint32_t i = 0; i < header.e_shnum; ++i) {
    if (!read_at(bytes, size, header.e_shoff + i * sizeof section, section)) return false;
    if (!in_range(section.sh_name, length, names.sh_size)) continue;
    if (std::memcmp(bytes + names.sh_offset + section.sh_name, name, length) != 0) continue;
    *offset = section.sh_offset;
    *section_bytes = section.sh_size;
    return section.sh_type != SHT_NOBITS && in_range(*offset, *section_bytes, size);
  }
  return false;
}

}  // namespace broach::runtime
