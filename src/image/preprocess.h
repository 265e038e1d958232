#pragma once
// From a picture to the numbers that a network was trained on.
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "image/image.h"

namespace broach {

// value = (pixel * scale - mean[c]) / deviation[c], c in the network's own channel order.
struct Preprocess {
  double scale = 1.0 / 255;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> deviation = {1, 1, 1};
  bool bgr = false;          // the network's first channel is blue
  bool centre_crop = false;  // the short side is resized and the centre cut out; else the picture is stretched to the input's size
  int resize = 0;            // what the short side becomes before the cut; 0: short_side_for_crop of the input's larger side

  friend bool operator==(const Preprocess&, const Preprocess&) = default;
};

// Well-known recipes, by the frameworks whose classifiers were trained with them.
struct PreprocessPreset {
  const char* name;
  const char* description;
  Preprocess preprocess;
};
std::span<const PreprocessPreset> preprocess_presets();
const Preprocess* find_preprocess_preset(std::string_view name);  // null: there is none

// The short side before a central square of `crop` is cut from it: 256 for 224.
int short_side_for_crop(int crop);

// The picture at the size of a network's input. Throws ImageError where preprocess.resize is less than that size.
Image fit_image(const Image& image, const Preprocess& preprocess, int width, int height);

// How the input lies in memory.
enum class ImageLayout { nchw, nhwc };

// Where a shape of 3 or 4 dimensions has its channels (1 or 3 of them), height and width; nothing where it is no picture.
// layout: set where the caller knows it; else the only one that fits, and nchw where both do.
struct ImageShape {
  ImageLayout layout = ImageLayout::nchw;
  int batch = 1, channels = 3, height = 0, width = 0;
};
std::optional<ImageShape> find_image_shape(std::span<const int64_t> shape, std::optional<ImageLayout> layout = std::nullopt);

// Writes width * height * channels numbers of an image of the input's size. Output is float32 or the pixels themselves.
void normalise_image(const Image& image, const Preprocess& preprocess, ImageLayout layout, float* out);
void copy_image(const Image& image, bool bgr, ImageLayout layout, uint8_t* out);

}  // namespace broach
