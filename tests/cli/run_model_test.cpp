// run_model, the example that classifies a photograph on the runtime alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "cli/workplace.h"
#include "small_onnx.h"

namespace broach::test {
namespace {

// The folders of the example in its README: ../artifacts with the unpacked package under the names of its users, ../images.
class RunModel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    place = new Workplace;
    place->write("net.onnx", small_classifier(32).bytes());
    place->write("labels.txt", "lynx\ntabby\ntiger cat\nEgyptian cat\ntiger\n");
    place->succeed(
        "mkdir -p build artifacts images && broach compile net.onnx -o net.tar && tar -xf net.tar -C artifacts && cd artifacts && "
        "for e in so json params; do mv mod.$e net_tvm.$e; done && mv ../labels.txt . && "
        "broach compile ../net.onnx -o single.so && cp ../net.tar packed.tar && "
        "cp " BROACH_SOURCE_DIR "/tests/images/rgb.png ../images/cat.png");
  }
  static void TearDownTestSuite() { delete place; }
  static std::string classify(const std::string& model, const std::string& more) {
    return place->succeed("cd build && run_model " + model + " ../artifacts ../images/cat.png ../artifacts/labels.txt image " + more);
  }
  static inline Workplace* place = nullptr;
};

TEST_F(RunModel, PrintsWhatItsReadmeShows) {
  std::string number = "-?[0-9.e+-]+", row = "id=[0-4]  p=[0-9.e-]+  [A-Za-z ]+\n";
  std::regex page(
      "Original image: 64x48x3\nResized to: 49x37x3\nFinal image size: 32x32x3\nColor order: RGB\nPixel scaling: 0\\.0 to 1\\.0 \\(PyTorch-style\\)\n"
      "Mean \\(R,G,B\\): \\[0\\.485, 0\\.456, 0\\.406\\]\nStd \\(R,G,B\\):  \\[0\\.229, 0\\.224, 0\\.225\\]\n"
      "Input tensor range: \\[" +
      number + ", " + number + "\\], mean: " + number +
      "\nOutput shape: 1 5 \n"
      "Logits range: \\[" +
      number + ", " + number +
      "\\], mean: 0\\.2\n\n===== Running net =====\nTop-5 Predictions:\n"
      "  1\\) " +
      row + "  2\\) " + row + "  3\\) " + row + "  4\\) " + row + "  5\\) " + row + "Predicted class: [0-4] \\([A-Za-z ]+\\)\n");
  std::string text = classify("net", "--normalize");
  EXPECT_TRUE(std::regex_match(text, page)) << text;
}

TEST_F(RunModel, TakesThreeFilesOrOne) {
  auto after_name = [](const std::string& text) { return text.substr(text.find("Top-5")); };
  std::string three = after_name(classify("net", "--normalize"));
  EXPECT_EQ(after_name(classify("single", "--normalize")), three);
  EXPECT_EQ(after_name(classify("packed", "--normalize")), three);
}

TEST_F(RunModel, AgreesWithTheCommandLine) {
  std::string mine = classify("single", "--normalize --top 3"),
              theirs = place->succeed("broach run net.tar --image images/cat.png --labels artifacts/labels.txt --preprocess imagenet --print-top 3");
  EXPECT_EQ(mine.substr(mine.find("Top-3"), mine.find("Predicted") - mine.find("Top-3")), theirs);
}

TEST_F(RunModel, OptionsChangeTheInput) {
  std::string plain = classify("net", "");
  for (const char* option : {"--raw", "--bgr", "--stretch", "--resize 33", "--mean 1,0,0", "--std 2,1,1"})
    EXPECT_NE(classify("net", option), plain) << option;
}

TEST_F(RunModel, SaysInOneLineWhatIsWrong) {
  const std::tuple<const char*, int, const char*> wrong[] = {
      {"nett ../artifacts ../images/cat.png ../artifacts/labels.txt image", 1,
       "Error: there is no model 'nett' in '../artifacts': expected nett_tvm.so, nett.so or nett.tar; it holds net, packed, single"},
      {"net ../artifact ../images/cat.png ../artifacts/labels.txt image", 1, "Error: there is no folder '../artifact'"},
      {"net ../artifacts ../images/dog.png ../artifacts/labels.txt image", 1, "Error: there is no file '../images/dog.png'"},
      {"net ../artifacts ../artifacts/labels.txt ../artifacts/labels.txt image", 1,
       "Error: '../artifacts/labels.txt' is not a picture that can be read: expected PNG, JPEG, BMP, GIF, TGA, PSD, HDR, PIC or PNM"},
      {"net ../artifacts ../images/cat.png ../labels.txt image", 1, "Error: there is no file '../labels.txt'"},
      {"net ../artifacts ../images/cat.png ../short.txt image", 1, "Error: '../short.txt' holds 2 labels, but output 'scores' has 5 classes"},
      {"net ../artifacts ../images/cat.png ../artifacts/labels.txt input0", 1,
       "Error: ../artifacts/net_tvm.so has no input named input0; it has: image"},
      {"net ../artifacts ../images/cat.png", 2, "run_model: error: expected MODEL FOLDER IMAGE LABELS INPUT; run_model --help says more"},
      {"net ../artifacts ../images/cat.png ../artifacts/labels.txt image --normalise", 2,
       "run_model: error: unknown option --normalise; run_model --help lists them"},
      {"net ../artifacts ../images/cat.png ../artifacts/labels.txt image --std 0,1,1", 2, "run_model: error: --std expects numbers other than 0"},
  };
  place->write("short.txt", "a\nb\n");
  for (const auto& [arguments, code, message] : wrong) {
    Result result = place->run(std::string("cd build && run_model ") + arguments);
    EXPECT_EQ(result.code, code) << arguments;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, std::string(message) + "\n");
  }
}

TEST_F(RunModel, NeedsTheRuntimeOnly) {
  std::string libraries = place->succeed("ldd $(command -v run_model)");
  for (const char* part : {"LLVM", "lld", "fmt", "protobuf", "broach"}) EXPECT_EQ(libraries.find(part), std::string::npos) << libraries;
}

}  // namespace
}  // namespace broach::test
