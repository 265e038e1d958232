// run --image: with the small model, and with a network of real weights, which is skipped where BROACH_TEST_MODELS has it not.
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "cli/workplace.h"

namespace broach::test {
namespace {

const std::string images = BROACH_SOURCE_DIR "/tests/images/";

class Pictures : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    place = new Workplace;
    place->write("labels.txt", "a\nb\nc\nd\ne\n");
    place->succeed("broach compile small.onnx -o small.tar && broach compile small.onnx -o with.tar --labels labels.txt --preprocess imagenet");
  }
  static void TearDownTestSuite() { delete place; }
  static std::string classify(const std::string& options) { return place->succeed("broach run small.tar --image " + images + "rgb.png " + options); }
  static inline Workplace* place = nullptr;
};

TEST_F(Pictures, OfEveryFormatAreClassified) {
  std::regex page("Top-5 Predictions:\n(  [1-5]\\) id=[0-4]  p=[0-9.e-]+  [a-e]\n){5}");
  for (const char* file :
       {"rgb.png", "gray16.png", "palette.png", "cmyk.jpg", "baseline420.jpg", "rgb24.bmp", "palette.gif", "rgb_rle.tga", "rgb.ppm"})
    EXPECT_TRUE(std::regex_match(place->succeed("broach run small.tar --labels labels.txt --image " + images + file), page)) << file;
}

TEST_F(Pictures, OptionsChangeWhatTheModelSees) {
  std::string plain = classify("");
  for (const char* option : {"--mean 0.5", "--std 0.5", "--mean 0.1,0.2,0.3 --std 1,2,3", "--scale 1", "--crop 16", "--resize 20",
                             "--channel-order bgr", "--preprocess imagenet"})
    EXPECT_NE(classify(option), plain) << option;
  EXPECT_EQ(classify("--layout NCHW --image-input image"), plain);
}

TEST_F(Pictures, LabelsAndPreprocessingMayComeFromTheArtifact) {
  EXPECT_EQ(place->succeed("broach run with.tar --image " + images + "rgb.png"), classify("--labels labels.txt --preprocess imagenet"));
}

TEST_F(Pictures, WhatDoesNotFitIsSaid) {
  auto error = [&](const std::string& options) {
    Result result = place->run("broach run small.tar --image " + images + "rgb.png " + options);
    EXPECT_EQ(result.code, options.starts_with("--mean") || options.starts_with("--std") ? 2 : 4);
    return result.err;
  };
  EXPECT_EQ(error("--crop 224"), "Error: --crop 224 does not fit input 'image', which takes pictures of 16x16\n");
  EXPECT_EQ(error("--image " + images + "rgb.png"), "Error: input 'image' takes 1 pictures, but 2 are given\n");
  EXPECT_EQ(error("--image-input data"), "Error: the model has no input 'data'; its inputs are 'image' float32[1, 3, 16, 16]\n");
  EXPECT_EQ(error("--mean 1,2"), "broach run: error: --mean expects one number or three with commas between them, not '1,2'\n");
  EXPECT_EQ(error("--std 0"), "broach run: error: --std expects numbers other than 0\n");
}

TEST(RealNetwork, NamesTheCat) {
  const char* folder = std::getenv("BROACH_TEST_MODELS");
  std::string models = folder ? folder : BROACH_SOURCE_DIR "/../shared/models";
  std::string model = models + "/mobilenet_v2_1.0_224_float.onnx", picture = models + "/../images/cat.bmp";
  if (!std::filesystem::exists(model) || !std::filesystem::exists(picture)) {
    if (std::getenv("CI")) FAIL() << "no " << model;
    GTEST_SKIP() << "1 model is missing: " << model;
  }
  Workplace place;
  place.succeed("broach compile '" + model + "' --input-shapes 'input:[1,3,224,224]' -o cat.tar");
  std::string text =
      place.succeed("broach run cat.tar --image '" + picture + "' --labels '" + models + "/labels/imagenet_1001.txt' --mean 0.5 --std 0.5");
  // models/README.md has 0.7800 for the picture that Pillow resized.
  EXPECT_TRUE(std::regex_search(text, std::regex("  1\\) id=286  p=0\\.7[78]\\d+  Egyptian cat\n  2\\) id=282  p=0\\.11\\d+  tabby"))) << text;
  place.succeed("broach verify cat.tar '" + model + "' --input-shapes 'input:[1,3,224,224]'");
}

}  // namespace
}  // namespace broach::test
