#include "image/preprocess.h"

#include <algorithm>

namespace broach {
namespace {

constexpr double pixel = 1.0 / 255;
constexpr PreprocessPreset presets[] = {
    {"imagenet",
     "torchvision: RGB from 0 to 1, ImageNet's mean and deviation, centre crop",
     {pixel, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, false, true, 0}},
    {"unit", "RGB from 0 to 1, stretched", {pixel, {0, 0, 0}, {1, 1, 1}, false, false, 0}},
    {"signed", "TensorFlow: RGB from -1 to 1, stretched", {pixel * 2, {1, 1, 1}, {1, 1, 1}, false, false, 0}},
    {"lite", "EfficientNet-Lite: (RGB - 127) / 128, stretched", {1, {127, 127, 127}, {128, 128, 128}, false, false, 0}},
    {"caffe", "BGR from 0 to 255 less 104, 117, 123, stretched", {1, {104, 117, 123}, {1, 1, 1}, true, false, 0}},
    {"raw", "RGB from 0 to 255, stretched", {1, {0, 0, 0}, {1, 1, 1}, false, false, 0}},
};

bool is_channel_count(int64_t n) { return n == 1 || n == 3; }
bool is_side(int64_t n) { return n > 0 && n <= 1 << 16; }

// Calls f(index into the output, pixel, channel of the network) for every number.
template <class F>
void for_each_number(const Image& image, bool bgr, ImageLayout layout, F f) {
  size_t channels = size_t(image.channels), area = size_t(image.width) * size_t(image.height);
  for (size_t i = 0; i < area; ++i)
    for (size_t c = 0; c < channels; ++c) {
      size_t source = bgr ? channels - 1 - c : c;
      f(layout == ImageLayout::nchw ? c * area + i : i * channels + c, image.pixels[i * channels + source], c);
    }
}

}  // namespace

std::span<const PreprocessPreset> preprocess_presets() { return presets; }

const Preprocess* find_preprocess_preset(std::string_view name) {
  for (const auto& preset : presets)
    if (name == preset.name) return &preset.preprocess;
  return nullptr;
}

int short_side_for_crop(int crop) { return int((int64_t{crop} * 8 + 3) / 7); }

Image fit_image(const Image& image, const Preprocess& preprocess, int width, int height) {
  if (!preprocess.centre_crop) return resize_image(image, width, height);
  int short_side = preprocess.resize != 0 ? preprocess.resize : short_side_for_crop(std::max(width, height));
  return crop_centre(resize_short_side(image, short_side), width, height);
}

std::optional<ImageShape> find_image_shape(std::span<const int64_t> shape, std::optional<ImageLayout> layout) {
  if (shape.size() != 3 && shape.size() != 4) return std::nullopt;
  int64_t batch = shape.size() == 4 ? shape[0] : 1;
  auto dims = shape.last(3);
  auto as = [&](ImageLayout l, int64_t channels, int64_t height, int64_t width) -> std::optional<ImageShape> {
    if (!is_channel_count(channels) || !is_side(height) || !is_side(width) || !is_side(batch)) return std::nullopt;
    return ImageShape{l, int(batch), int(channels), int(height), int(width)};
  };
  if (layout != ImageLayout::nhwc)
    if (auto found = as(ImageLayout::nchw, dims[0], dims[1], dims[2])) return found;
  if (layout != ImageLayout::nchw)
    if (auto found = as(ImageLayout::nhwc, dims[2], dims[0], dims[1])) return found;
  return std::nullopt;
}

void normalise_image(const Image& image, const Preprocess& preprocess, ImageLayout layout, float* out) {
  for_each_number(image, preprocess.bgr, layout, [&](size_t index, uint8_t value, size_t channel) {
    out[index] = float((value * preprocess.scale - preprocess.mean[channel]) / preprocess.deviation[channel]);
  });
}

void copy_image(const Image& image, bool bgr, ImageLayout layout, uint8_t* out) {
  for_each_number(image, bgr, layout, [&](size_t index, uint8_t value, size_t) { out[index] = value; });
}

}  // namespace broach
