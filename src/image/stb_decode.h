#pragma once
// What image.cpp asks of stb; stb's own header stays in stb_decode.cpp.
#include <optional>

#include "image/image.h"

namespace broach {

struct EncodedSize {
  int width = 0, height = 0;
  bool colour = false;  // more than grey and alpha
};

// Of the header only; nothing where no format fits.
std::optional<EncodedSize> stb_image_size(std::span<const std::byte> file);
// Fills image.pixels as image.channels, 1 or 3; false where the file is damaged or is not of the image's size.
bool stb_decode(std::span<const std::byte> file, Image& image);

}  // namespace broach
