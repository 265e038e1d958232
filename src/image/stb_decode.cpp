// The one translation unit that holds stb's decoders. Files are read by us: stb sees bytes only.
#include "image/stb_decode.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "image/jpeg_tables.h"

namespace {
// stb also copies nothing to null, which memcpy does not allow.
void* copy_bytes(void* to, const void* from, size_t count) { return count ? std::memcpy(to, from, count) : to; }
}  // namespace

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS (1 << 16)
// stb leaves parts of its buffers unwritten where a file is cut; zeros keep such a result the same every time.
#define STBI_MALLOC(bytes) std::calloc(1, bytes)
#define STBI_REALLOC(memory, bytes) std::realloc(memory, bytes)
#define STBI_FREE(memory) std::free(memory)
#define memcpy copy_bytes
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop
#undef memcpy

namespace broach {
namespace {

const stbi_uc* bytes_of(std::span<const std::byte> file) { return reinterpret_cast<const stbi_uc*>(file.data()); }

}  // namespace

std::optional<EncodedSize> stb_image_size(std::span<const std::byte> file) {
  EncodedSize size;
  int components = 0;
  if (!has_sound_jpeg_tables(file)) return std::nullopt;
  if (!stbi_info_from_memory(bytes_of(file), int(file.size()), &size.width, &size.height, &components)) return std::nullopt;
  size.colour = components > 2;
  return size;
}

bool stb_decode(std::span<const std::byte> file, Image& image) {
  int width = 0, height = 0, components = 0;
  std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes_of(file), int(file.size()), &width, &height, &components, image.channels), stbi_image_free);
  if (!pixels || width != image.width || height != image.height) return false;
  image.pixels.assign(pixels.get(), pixels.get() + size_t(width) * size_t(height) * size_t(image.channels));
  return true;
}

}  // namespace broach
