#include "runtime/tar.h"

#include <cstdio>
#include <cstring>

#include "runtime/error.h"

namespace broach::runtime::internal {
namespace {

constexpr uint64_t block_bytes = 512;

// POSIX.1-1988 ustar header block.
struct Header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100], magic[6], version[2], uname[32], gname[32],
      devmajor[8], devminor[8], prefix[155], padding[12];
};
static_assert(sizeof(Header) == block_bytes);

// An octal field, or GNU's base 256 where the first bit is set; false if it is neither or past 63 bits.
bool read_number(const char* field, int length, uint64_t& value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(field);
  value = 0;
  if (bytes[0] == 0x80) {
    for (int i = 1; i < length; ++i) {
      if (value >> 55) return false;
      value = value << 8 | bytes[i];
    }
    return true;
  }
  int i = 0;
  while (i < length && field[i] == ' ') ++i;
  const int first = i;
  for (; i < length && field[i] >= '0' && field[i] <= '7'; ++i) value = value << 3 | static_cast<uint64_t>(field[i] - '0');
  return i > first && (i == length || field[i] == ' ' || field[i] == 0);
}

bool has_checksum(const uint8_t* block) {
  const Header* header = reinterpret_cast<const Header*>(block);
  uint64_t stored, sum = 0;
  for (uint64_t i = 0; i < block_bytes; ++i) {
    const bool inside = i >= offsetof(Header, checksum) && i < offsetof(Header, type);
    sum += inside ? ' ' : block[i];
  }
  return read_number(header->checksum, sizeof header->checksum, stored) && stored == sum;
}

bool is_zero(const uint8_t* block) {
  for (uint64_t i = 0; i < block_bytes; ++i)
    if (block[i]) return false;
  return true;
}

using Path = char[sizeof(Header::prefix) + sizeof(Header::name) + 2];

// The member's path, without a "./" before it.
void read_path(const Header& header, Path& path) {
  Path whole;
  const bool ustar = std::memcmp(header.magic, "ustar", 6) == 0;
  const int prefix = ustar ? static_cast<int>(strnlen(header.prefix, sizeof header.prefix)) : 0;
  std::snprintf(whole, sizeof whole, "%.*s%s%.*s", prefix, header.prefix, prefix ? "/" : "", static_cast<int>(sizeof header.name), header.name);
  const char* start = whole;
  while (start[0] == '.' && start[1] == '/') start += 2;
  std::snprintf(path, sizeof path, "%s", start);
}

bool leaves_folder(const char* path) {
  if (*path == '/') return true;
  for (const char* part = path; part; part = std::strchr(part, '/')) {
    part += *part == '/';
    if (part[0] == '.' && part[1] == '.' && (part[2] == '/' || part[2] == 0)) return true;
  }
  return false;
}

enum class Member { file, passed_over, link, special };

Member kind_of(char type) {
  switch (type) {
    case 0:
    case '0':
    case '7': return Member::file;
    case '5':
    case 'x':
    case 'g':
    case 'L':
    case 'K': return Member::passed_over;
    case '1':
    case '2': return Member::link;
    default: return Member::special;
  }
}

broach_status fail_cut(const char* name) {
  return fail(BROACH_STATUS_FORMAT, "%s is a tar archive that is cut or damaged; compile the model again or copy the file anew", name);
}

broach_status take(TarMember& member, const char* path, const char* name, uint64_t offset, uint64_t bytes) {
  if (member.found) return fail(BROACH_STATUS_FORMAT, "%s holds %s twice; compile the model again", name, path);
  member = {offset, bytes, true};
  return BROACH_STATUS_OK;
}

broach_status read_member(const Header& header, uint64_t offset, uint64_t bytes, const char* name, ArtifactTar& tar) {
  Path path;
  read_path(header, path);
  const Member kind = kind_of(header.type);
  if (kind == Member::passed_over && header.type != '5') return BROACH_STATUS_OK;
  if (leaves_folder(path)) return fail(BROACH_STATUS_FORMAT, "%s is not an artifact: it holds the path %s, which leads outside it", name, path);
  if (kind == Member::link || kind == Member::special)
    return fail(BROACH_STATUS_FORMAT, "%s is not an artifact: it holds %s, which is a %s", name, path,
                kind == Member::link ? "link" : "device or something else that is no file");
  if (kind != Member::file) return BROACH_STATUS_OK;
  if (std::strcmp(path, "mod.so") == 0) return take(tar.library, path, name, offset, bytes);
  if (std::strcmp(path, "mod.params") == 0) return take(tar.params, path, name, offset, bytes);
  return BROACH_STATUS_OK;
}

}  // namespace

bool looks_like_tar(const uint8_t* bytes, uint64_t size) noexcept {
  if (size < block_bytes) return false;
  return std::memcmp(bytes + offsetof(Header, magic), "ustar", 5) == 0 || (bytes[0] && has_checksum(bytes));
}

broach_status read_tar(const uint8_t* bytes, uint64_t size, const char* name, ArtifactTar& tar) noexcept {
  tar = {};
  for (uint64_t at = 0;;) {
    // The archive ends with a block of zeros; without one it was cut.
    if (size - at < block_bytes) return fail_cut(name);
    if (is_zero(bytes + at)) break;
    const Header& header = *reinterpret_cast<const Header*>(bytes + at);
    uint64_t length;
    if (!has_checksum(bytes + at) || !read_number(header.size, sizeof header.size, length)) return fail_cut(name);
    at += block_bytes;
    if (length > size - at) return fail_cut(name);
    BROACH_TRY(read_member(header, at, length, name, tar));
    const uint64_t padded = (length + block_bytes - 1) / block_bytes * block_bytes;
    if (padded > size - at) return fail_cut(name);
    at += padded;
  }
  if (tar.library.found) return BROACH_STATUS_OK;
  return fail(BROACH_STATUS_FORMAT, "%s is a tar archive without mod.so, so not an artifact of Broach: pass the file that compile wrote", name);
}

}  // namespace broach::runtime::internal
