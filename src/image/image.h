#pragma once
// Pictures as bytes: decoding by stb, resizing, cropping. Nothing of Broach is needed here, only the standard library and
// stb, so that programs on the runtime alone use it too.
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace broach {

// One sentence about the file of a picture or of labels: what was found and what was expected.
class ImageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Rows from top to bottom, channels interleaved: pixels[(y * width + x) * channels + c].
struct Image {
  int width = 0, height = 0;
  int channels = 0;  // 1 grey, 3 RGB
  std::vector<uint8_t> pixels;
};

// A picture that claims more is refused before memory is taken for it.
inline constexpr int64_t max_image_pixels = int64_t{1} << 26;
inline constexpr int64_t max_image_bytes = int64_t{1} << 28;  // of the file

// PNG, JPEG, BMP, GIF (first frame), TGA, PSD, HDR, PIC, PNM. Alpha is dropped, 16 bits become 8, EXIF orientation is not applied.
// channels: 1 or 3 converts (grey by ITU-R 601-2 luma, as Pillow's convert("L")); 0 leaves what the file holds, 1 or 3.
// `name` is for messages. Throws ImageError.
Image decode_image(std::span<const std::byte> file, int channels, const std::string& name);
Image read_image(const std::string& path, int channels);

// The whole file. Throws ImageError where it is missing, a folder, empty or larger than max_bytes.
std::vector<std::byte> read_small_file(const std::string& path, int64_t max_bytes);

// Bilinear, with the filter widened when shrinking; the same 22-bit fixed-point arithmetic as Pillow's Image.BILINEAR
// (src/libImaging/Resample.c), so results equal Pillow 13's to the bit. width and height at least 1.
Image resize_image(const Image& image, int width, int height);

// The short side becomes `size`, the long side keeps the proportion, rounded down (torchvision's Resize).
Image resize_short_side(const Image& image, int size);

// The central part (torchvision's CenterCrop). Throws ImageError where the picture is smaller.
Image crop_centre(const Image& image, int width, int height);

}  // namespace broach
