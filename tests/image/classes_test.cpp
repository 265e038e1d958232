#include "image/classes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "image/image.h"

namespace broach {
namespace {

TEST(Classes, ReadsOneLabelALine) {
  using Labels = std::vector<std::string>;
  EXPECT_EQ(parse_labels("cat\ndog\n", "l"), (Labels{"cat", "dog"}));
  EXPECT_EQ(parse_labels("tabby, tabby cat\r\n\r\nlynx", "l"), (Labels{"tabby, tabby cat", "", "lynx"}));
  EXPECT_THROW(parse_labels("\n\n", "l"), ImageError);
  EXPECT_THROW(parse_labels(std::string("a\0b\n", 4), "l"), ImageError);
  EXPECT_THROW(read_labels("/no/labels.txt"), ImageError);
}

TEST(Classes, LogitsGoThroughASoftmaxAndProbabilitiesDoNot) {
  std::vector<float> logits = {1, 3, 2}, probabilities = {0.25f, 0.5f, 0.25f};
  auto best = best_classes(logits, 2);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].id, 1u);
  EXPECT_NEAR(best[0].probability, std::exp(3) / (std::exp(1) + std::exp(2) + std::exp(3)), 1e-12);
  auto kept = best_classes(probabilities, 5);
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[0].probability, 0.5);
  EXPECT_EQ(kept[1].id, 0u);  // the lower of equals
}

TEST(Classes, SurvivesNumbersThatAreNone) {
  std::vector<float> scores = {NAN, 1, INFINITY, -INFINITY};
  EXPECT_EQ(best_classes(scores, 1)[0].id, 2u);
  EXPECT_EQ(best_classes(std::vector<float>{NAN, NAN}, 2).size(), 2u);
  EXPECT_TRUE(best_classes({}, 3).empty());
}

TEST(Classes, PrintsIdProbabilityAndName) {
  std::vector<std::string> labels = {"lynx", "tiger cat"};
  EXPECT_EQ(class_line(1, {1, 0.908828}, labels), "  1) id=1  p=0.908828  tiger cat");
  EXPECT_EQ(class_line(2, {0, 0.5}, {}), "  2) id=0  p=0.5");
}

}  // namespace
}  // namespace broach
