#include "image/image.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "image/stb_decode.h"

namespace broach {
namespace {

// Pillow's rounding of ITU-R 601-2 luma.
uint8_t luma(const uint8_t* rgb) { return uint8_t((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16); }

Image convert(Image image, int channels) {
  if (channels == 0 || channels == image.channels) return image;
  Image result{image.width, image.height, channels, {}};
  size_t count = size_t(image.width) * size_t(image.height);
  result.pixels.resize(count * size_t(channels));
  for (size_t i = 0; i < count; ++i) {
    if (channels == 1) {
      result.pixels[i] = luma(&image.pixels[3 * i]);
    } else {
      std::fill_n(&result.pixels[3 * i], 3, image.pixels[i]);
    }
  }
  return result;
}

// Weights of the input samples first, first + 1, ... that make one output sample; fixed point, 22 bits.
constexpr int weight_bits = 32 - 8 - 2;
struct Taps {
  int first = 0;
  std::vector<int32_t> weights;
};

std::vector<Taps> bilinear_taps(int in, int out) {
  double scale = double(in) / out, widening = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(out));
  std::vector<double> weights;
  for (int i = 0; i < out; ++i) {
    double centre = (i + 0.5) * scale;
    int first = std::max(int(centre - widening + 0.5), 0), end = std::min(int(centre + widening + 0.5), in);
    double sum = 0;
    weights.clear();
    for (int x = first; x < end; ++x) {
      weights.push_back(std::max(0.0, 1.0 - std::abs((x - centre + 0.5) * (1.0 / widening))));
      sum += weights.back();
    }
    taps[size_t(i)].first = first;
    for (double weight : weights) taps[size_t(i)].weights.push_back(int32_t(0.5 + weight / sum * (1 << weight_bits)));
  }
  return taps;
}

// One output sample from input samples `step` bytes apart.
uint8_t sample(const Taps& taps, const uint8_t* in, size_t step) {
  int32_t sum = 1 << (weight_bits - 1);
  for (int32_t weight : taps.weights) {
    sum += weight * *in;
    in += step;
  }
  return uint8_t(std::clamp(sum >> weight_bits, 0, 255));
}

Image resize_width(const Image& image, int width) {
  Image result{width, image.height, image.channels, {}};
  size_t channels = size_t(image.channels), in_row = size_t(image.width) * channels;
  result.pixels.resize(size_t(width) * channels * size_t(image.height));
  auto taps = bilinear_taps(image.width, width);
  uint8_t* out = result.pixels.data();
  for (int y = 0; y < image.height; ++y)
    for (const Taps& tap : taps)
      for (size_t c = 0; c < channels; ++c) *out++ = sample(tap, &image.pixels[size_t(y) * in_row + size_t(tap.first) * channels + c], channels);
  return result;
}

Image resize_height(const Image& image, int height) {
  Image result{image.width, height, image.channels, {}};
  size_t row = size_t(image.width) * size_t(image.channels);
  result.pixels.resize(row * size_t(height));
  uint8_t* out = result.pixels.data();
  for (const Taps& tap : bilinear_taps(image.height, height))
    for (size_t x = 0; x < row; ++x) *out++ = sample(tap, &image.pixels[size_t(tap.first) * row + x], row);
  return result;
}

// Half to even, as Python's round.
int half_of(int difference) { return int(std::nearbyint(difference / 2.0)); }

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

}  // namespace

std::vector<std::byte> read_small_file(const std::string& path, int64_t max_bytes) {
  namespace fs = std::filesystem;
  std::error_code error;
  auto status = fs::status(path, error);
  if (!fs::exists(status)) throw ImageError("there is no file '" + path + "'");
  if (!fs::is_regular_file(status)) throw ImageError("'" + path + "' is not a file");
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw ImageError("'" + path + "' cannot be read");
  auto size = fs::file_size(path, error);
  if (error || int64_t(size) > max_bytes) throw ImageError("'" + path + "' is larger than the " + std::to_string(max_bytes) + " bytes that are read");
  std::vector<std::byte> bytes(size);
  if (std::fread(bytes.data(), 1, size, file.get()) != size) throw ImageError("'" + path + "' cannot be read");
  if (bytes.empty()) throw ImageError("'" + path + "' is empty");
  return bytes;
}

Image decode_image(std::span<const std::byte> file, int channels, const std::string& name) {
  constexpr auto formats = "PNG, JPEG, BMP, GIF, TGA, PSD, HDR, PIC or PNM";
  auto size = stb_image_size(file);
  if (!size) throw ImageError("'" + name + "' is not a picture that can be read: expected " + formats);
  if (size->width < 1 || size->height < 1 || int64_t(size->width) * size->height > max_image_pixels)
    throw ImageError("'" + name + "' claims " + size_text(size->width, size->height) + " pixels; at most " + std::to_string(max_image_pixels) +
                     " are decoded");
  Image image{size->width, size->height, size->colour ? 3 : 1, {}};
  if (!stb_decode(file, image))
    throw ImageError("'" + name + "' is damaged or of an unusual kind: it starts as " + formats + " but cannot be decoded");
  return convert(std::move(image), channels);
}

Image read_image(const std::string& path, int channels) { return decode_image(read_small_file(path, max_image_bytes), channels, path); }

Image resize_image(const Image& image, int width, int height) {
  // Each pass rounds to 8 bits, so their order shows; this is Pillow 13's.
  bool height_first = height < image.height && image.height - height > 2 * (image.width - width);
  Image result = image;
  if (height_first) result = resize_height(result, height);
  if (width != image.width) result = resize_width(result, width);
  return height == result.height ? result : resize_height(result, height);
}

Image resize_short_side(const Image& image, int size) {
  auto scaled = [&](int side, int other) { return int(int64_t(size) * side / other); };
  if (image.width <= image.height) return resize_image(image, size, scaled(image.height, image.width));
  return resize_image(image, scaled(image.width, image.height), size);
}

Image crop_centre(const Image& image, int width, int height) {
  if (width > image.width || height > image.height)
    throw ImageError("a picture of " + size_text(image.width, image.height) + " pixels has no centre of " + size_text(width, height) +
                     "; resize it to more first");
  Image result{width, height, image.channels, {}};
  size_t row = size_t(width) * size_t(image.channels);
  int left = half_of(image.width - width), top = half_of(image.height - height);
  for (int y = 0; y < height; ++y) {
    auto* from = &image.pixels[(size_t(top + y) * size_t(image.width) + size_t(left)) * size_t(image.channels)];
    result.pixels.insert(result.pixels.end(), from, from + row);
  }
  return result;
}

}  // namespace broach
