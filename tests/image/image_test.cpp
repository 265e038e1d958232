#include "image/image.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "npz/npz.h"

namespace broach {
namespace {

const std::string folder = BROACH_SOURCE_DIR "/tests/images/";

bool is_jpeg(const std::string& name) { return name.ends_with(".jpg"); }

// The reference as 8-bit pixels of 1 or 3 channels: 16 bits lose their low byte, alpha goes.
std::vector<uint8_t> reference_pixels(const NpzFile& npz, const std::string& name, int& channels) {
  auto bytes = npz.read(name);
  const TensorType& type = npz.type(name);
  auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t depth = type.shape.size() == 3 ? size_t(type.shape[2]) : 1, step = size_t(byte_size(type.dtype));
  channels = depth == 1 ? 1 : 3;
  std::vector<uint8_t> pixels;
  for (size_t i = 0; i < bytes.size() / step; ++i)
    if (i % depth < size_t(channels)) pixels.push_back(data[i * step + step - 1]);
  return pixels;
}

int largest_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  int most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

TEST(Image, DecodesEveryFormatAsPillow) {
  NpzFile references(folder + "decoded.npz");
  ASSERT_EQ(references.names().size(), 25u);
  for (const std::string& name : references.names()) {
    int channels = 0;
    auto expected = reference_pixels(references, name, channels);
    Image image = read_image(folder + name, channels);
    ASSERT_EQ(image.width, 64) << name;
    ASSERT_EQ(image.height, 48) << name;
    ASSERT_EQ(image.pixels.size(), expected.size()) << name;
    // Decoders of JPEG differ in how they interpolate colour and round the transform.
    EXPECT_LE(largest_difference(image.pixels, expected), is_jpeg(name) ? 12 : 0) << name;
  }
}

TEST(Image, KeepsTheKindThatAFileHasWhenAskedForNone) {
  EXPECT_EQ(read_image(folder + "gray.png", 0).channels, 1);
  EXPECT_EQ(read_image(folder + "rgba.png", 0).channels, 3);
}

TEST(Image, ConvertsBetweenGreyAndColour) {
  Image colour = read_image(folder + "gray.png", 3), grey = read_image(folder + "gray.png", 1);
  EXPECT_EQ(grey.channels, 1);
  for (size_t i = 0; i < grey.pixels.size(); ++i)
    for (size_t c = 0; c < 3; ++c) ASSERT_EQ(colour.pixels[3 * i + c], grey.pixels[i]);
  // Pillow's gray.png was made by convert("L") of rgb.png.
  EXPECT_EQ(read_image(folder + "rgb.png", 1).pixels, grey.pixels);
}

TEST(Image, ResizesAsPillowToTheBit) {
  NpzFile references(folder + "resized.npz");
  ASSERT_EQ(references.names().size(), 22u);
  for (const std::string& name : references.names()) {
    int channels = 0, width = int(references.type(name).shape[1]), height = int(references.type(name).shape[0]);
    auto expected = reference_pixels(references, name, channels);
    Image image = resize_image(read_image(folder + name.substr(0, name.find('_')) + ".png", channels), width, height);
    EXPECT_EQ(image.pixels, expected) << name;
  }
}

TEST(Image, ResizesTheShortSideAndRoundsTheLongOneDown) {
  Image image = read_image(folder + "rgb.png", 3);  // 64x48
  Image wide = resize_short_side(image, 25);
  EXPECT_EQ(std::pair(wide.width, wide.height), std::pair(33, 25));
}

TEST(Image, CropsTheCentreRoundingHalvesToEven) {
  Image image{7, 5, 1, {}};
  for (int i = 0; i < 35; ++i) image.pixels.push_back(uint8_t(i));
  EXPECT_EQ(crop_centre(image, 2, 1).pixels, (std::vector<uint8_t>{16, 17}));        // left 2.5 becomes 2, top 2
  EXPECT_EQ(crop_centre(image, 4, 2).pixels, (std::vector<uint8_t>{16, 17, 18, 19, 23, 24, 25, 26}));  // both 1.5 become 2
  EXPECT_THROW(crop_centre(image, 8, 1), ImageError);
}

std::string message_of(const std::string& path) {
  try {
    read_image(path, 3);
  } catch (const ImageError& error) {
    return error.what();
  }
  return "";
}

TEST(Image, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(message_of("/no/such.png"), "there is no file '/no/such.png'");
  EXPECT_EQ(message_of(folder), "'" + folder + "' is not a file");
  EXPECT_EQ(message_of(folder + "decoded.npz"),
            "'" + folder + "decoded.npz' is not a picture that can be read: expected PNG, JPEG, BMP, GIF, TGA, PSD, HDR, PIC or PNM");
}

TEST(Image, RefusesHugeClaimsBeforeTakingMemory) {
  const std::string header = "P6\n65535 65535\n255\n";  // 12.9 GB
  std::span bytes(reinterpret_cast<const std::byte*>(header.data()), header.size());
  EXPECT_THROW(decode_image(bytes, 3, "huge.ppm"), ImageError);
}

// Every mutant is decoded to a picture of the size it claims, or refused by an ImageError.
TEST(Image, MutatedFilesEndInAPictureOrAnError) {
  std::mt19937 random(1);
  int decoded = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string suffix = entry.path().extension();
    if (suffix == ".md" || suffix == ".npz" || suffix == ".py") continue;
    auto original = read_small_file(entry.path(), max_image_bytes);
    for (int round = 0; round < 60; ++round) {
      auto bytes = original;
      for (int i = 0, n = 1 + int(random() % 4); i < n; ++i) {
        size_t limit = random() % 2 ? std::min<size_t>(bytes.size(), 64) : bytes.size();
        bytes[random() % limit] = std::byte(random());
      }
      if (random() % 4 == 0) bytes.resize(random() % bytes.size());
      try {
        Image image = decode_image(bytes, 3, "mutant");
        EXPECT_EQ(image.pixels.size(), size_t(image.width) * size_t(image.height) * 3);
        ++decoded;
      } catch (const ImageError&) {
        ++refused;
      }
    }
  }
  EXPECT_GE(decoded + refused, 1500);
  EXPECT_GT(decoded, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace broach
