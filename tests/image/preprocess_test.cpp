#include "image/preprocess.h"

#include <gtest/gtest.h>

namespace broach {
namespace {

Image two_by_one() { return {2, 1, 3, {0, 51, 255, 102, 204, 153}}; }

TEST(Preprocess, NormalisesIntoBothLayouts) {
  Preprocess preprocess;
  preprocess.mean = {0.1, 0.2, 0.3};
  preprocess.deviation = {0.5, 1, 2};
  std::vector<float> planar(6), interleaved(6);
  normalise_image(two_by_one(), preprocess, ImageLayout::nchw, planar.data());
  normalise_image(two_by_one(), preprocess, ImageLayout::nhwc, interleaved.data());
  std::vector<float> expected = {-0.2f, 0.6f, 0.0f, 0.6f, 0.35f, 0.15f};
  for (size_t c = 0; c < 3; ++c)
    for (size_t x = 0; x < 2; ++x) {
      EXPECT_NEAR(planar[2 * c + x], expected[2 * c + x], 1e-6);
      EXPECT_EQ(planar[2 * c + x], interleaved[3 * x + c]);
    }
}

TEST(Preprocess, MeanIsInTheOrderOfTheNetworksChannels) {
  const Preprocess& caffe = *find_preprocess_preset("caffe");
  std::vector<float> values(6);
  normalise_image(two_by_one(), caffe, ImageLayout::nhwc, values.data());
  EXPECT_EQ(values, (std::vector<float>{255 - 104, 51 - 117, 0 - 123, 153 - 104, 204 - 117, 102 - 123}));
}

TEST(Preprocess, CopiesPixelsAsTheyAre) {
  std::vector<uint8_t> values(6);
  copy_image(two_by_one(), true, ImageLayout::nchw, values.data());
  EXPECT_EQ(values, (std::vector<uint8_t>{255, 153, 51, 204, 0, 102}));
}

TEST(Preprocess, FindsWhereAShapeHasItsChannels) {
  auto nchw = find_image_shape(std::vector<int64_t>{8, 3, 224, 160});
  ASSERT_TRUE(nchw);
  EXPECT_EQ(nchw->layout, ImageLayout::nchw);
  EXPECT_EQ(std::tuple(nchw->batch, nchw->channels, nchw->height, nchw->width), std::tuple(8, 3, 224, 160));
  EXPECT_EQ(find_image_shape(std::vector<int64_t>{1, 28, 28, 1})->layout, ImageLayout::nhwc);
  EXPECT_EQ(find_image_shape(std::vector<int64_t>{3, 5, 3}, ImageLayout::nhwc)->layout, ImageLayout::nhwc);
  EXPECT_FALSE(find_image_shape(std::vector<int64_t>{1, 224, 3, 224}));
  EXPECT_FALSE(find_image_shape(std::vector<int64_t>{1, 1000}));
  EXPECT_FALSE(find_image_shape(std::vector<int64_t>{1, 3, 0, 4}));
  EXPECT_FALSE(find_image_shape(std::vector<int64_t>{-1, 3, 4, 4}));
}

TEST(Preprocess, FitsByStretchingOrByTheCentre) {
  Image wide{400, 200, 1, std::vector<uint8_t>(400 * 200)};
  Preprocess preprocess;
  Image stretched = fit_image(wide, preprocess, 224, 112);
  EXPECT_EQ(std::pair(stretched.width, stretched.height), std::pair(224, 112));
  preprocess.centre_crop = true;
  Image cut = fit_image(wide, preprocess, 224, 224);
  EXPECT_EQ(std::pair(cut.width, cut.height), std::pair(224, 224));
  preprocess.resize = 100;
  EXPECT_THROW(fit_image(wide, preprocess, 224, 224), ImageError);
  EXPECT_EQ(short_side_for_crop(224), 256);
}

}  // namespace
}  // namespace broach
