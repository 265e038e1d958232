// run: what goes in, what comes out, what is printed.
#include <gtest/gtest.h>

#include <algorithm>

#include <regex>

#include "cli/workplace.h"
#include "npz/npz.h"
#include "small_onnx.h"

namespace broach::test {
namespace {

using Names = std::vector<std::string>;

class Run : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    place = new Workplace;
    place->succeed("broach compile small.onnx -o small.tar");
    place->write("labels.txt", "zero\none\ntwo\nthree\nfour\n");
  }
  static void TearDownTestSuite() { delete place; }
  static std::vector<float> floats(const std::string& file, const std::string& array) {
    NpzFile npz((place->folder() / file).string());
    auto bytes = npz.read(array);
    auto* begin = reinterpret_cast<const float*>(bytes.data());
    return {begin, begin + bytes.size() / 4};
  }
  static Names names(const std::string& file) { return NpzFile((place->folder() / file).string()).names(); }
  static inline Workplace* place = nullptr;
};

TEST_F(Run, OutputsKeepTheirNames) {
  EXPECT_EQ(place->succeed("broach run small.tar --outputs o.npz"), "");
  EXPECT_EQ(names("o.npz"), (Names{"scores", "features"}));
  EXPECT_EQ(floats("o.npz", "scores").size(), 5u);
  EXPECT_EQ(floats("o.npz", "features").size(), 12u * 8 * 8);
}

TEST_F(Run, UnderTheNameTvmcOutputsHaveNumbersToo) {
  place->succeed("tvmc run --output t.npz small.tar && broach run small.tar -o o.npz");
  EXPECT_EQ(names("t.npz"), (Names{"output_0", "output_1", "scores", "features"}));
  EXPECT_EQ(floats("t.npz", "output_0"), floats("o.npz", "scores"));
  EXPECT_EQ(floats("t.npz", "output_1"), floats("o.npz", "features"));
}

TEST_F(Run, InputsComeFromAFileOrAreFilled) {
  // The features of one run have not the shape of an image; a file of inputs is made by hand.
  std::vector<float> image(3 * 16 * 16, 1.0f);
  write_npz((place->folder() / "ones.npz").string(), {{"image", {DType::f32, {1, 3, 16, 16}, {}}, image.data()}});
  place->succeed("broach run small.tar --inputs ones.npz -o given.npz && broach run small.tar --fill-mode ones -o filled.npz");
  EXPECT_EQ(floats("given.npz", "scores"), floats("filled.npz", "scores"));
  place->succeed(
      "broach run small.tar -o random.npz && broach run small.tar --fill-mode random -o again.npz && broach run small.tar --fill-mode zeros -o "
      "zeros.npz");
  EXPECT_EQ(floats("random.npz", "scores"), floats("again.npz", "scores"));
  EXPECT_NE(floats("random.npz", "scores"), floats("zeros.npz", "scores"));
  EXPECT_EQ(place->run("broach run small.tar -i ones.npz --fill-mode ones").err,
            "Error: --fill-mode is refused: it has no effect, for every input is set already\n");
  write_npz((place->folder() / "odd.npz").string(), {{"image", {DType::f32, {1, 3, 256}, {}}, image.data()}});
  EXPECT_EQ(place->run("broach run small.tar -i odd.npz").err,
            "Error: array 'image' of 'odd.npz' is float32[1, 3, 256], but the input is float32[1, 3, 16, 16]\n");
  write_npz((place->folder() / "odd.npz").string(), {{"data", {DType::f32, {1, 3, 16, 16}, {}}, image.data()}});
  EXPECT_EQ(place->run("broach run small.tar -i odd.npz").err,
            "Error: 'odd.npz' holds an array 'data', but the model has no such input; its inputs are 'image' float32[1, 3, 16, 16]\n");
}

TEST_F(Run, BitsDoNotDependOnThreads) {
  for (int threads : {1, 2, 3})
    place->succeed("broach run small.tar --threads " + std::to_string(threads) + " -o " + std::to_string(threads) + ".npz");
  place->succeed("cmp 1.npz 2.npz && cmp 1.npz 3.npz");
}

TEST_F(Run, IndicesAreLegal) {
  SmallOnnx model("embedding");
  model.weights("table", {7, 2});
  model.input("ids", {64});
  model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(broach_onnx::TensorProto::INT64);
  model.node("Gather", "rows", {"table", "ids"});
  model.node("Cast", "used", {"ids"}).add_attribute()->set_name("to");
  auto* to = model.graph().mutable_node(1)->mutable_attribute(0);
  to->set_type(broach_onnx::AttributeProto::INT);
  to->set_i(broach_onnx::TensorProto::FLOAT);
  model.output("rows", {64, 2});
  model.output("used", {64});
  place->write("embedding.onnx", model.bytes());
  place->succeed("broach compile embedding.onnx -o e.tar && broach run e.tar -o e.npz");
  std::vector<float> ids = floats("e.npz", "used");
  EXPECT_EQ(std::ranges::min(ids), 0);
  EXPECT_EQ(std::ranges::max(ids), 6);
  place->succeed("broach verify e.tar embedding.onnx");
}

TEST_F(Run, PrintsTvmcsTableOfTimes) {
  std::string text = place->succeed("tvmc run small.tar --print-time --repeat 7 --number 3");
  std::regex table(
      "Execution time summary:\n mean \\(ms\\)   median \\(ms\\)    max \\(ms\\)     min \\(ms\\)     std \\(ms\\)  \n"
      "( +\\d+\\.\\d{4} *){5} {15}\n");
  EXPECT_TRUE(std::regex_match(text, table)) << text;
  EXPECT_TRUE(std::regex_match(place->succeed("tvmc run small.tar --print-time --end-to-end"), table));
}

TEST_F(Run, PrintsTheTopAsNumpyDoes) {
  std::string text = place->succeed("tvmc run small.tar --print-top 3");
  EXPECT_TRUE(std::regex_match(text, std::regex("\\[\\[\\d\\. +\\d\\. +\\d\\. +\\]\n \\[0\\.\\d+ +0\\.\\d+ +0\\.\\d+ *\\]\\]\n"))) << text;
  text = place->succeed("broach run small.tar --print-top 2 --labels labels.txt");
  EXPECT_TRUE(std::regex_match(text, std::regex("Top-2 Predictions:\n  1\\) id=(\\d)  p=0\\.\\d+  [a-z]+\n  2\\) id=\\d  p=0\\.\\d+  [a-z]+\n")))
      << text;
}

TEST_F(Run, ProfilesInTheModelsNames) {
  std::string text = place->succeed("broach run small.tar --profile");
  EXPECT_TRUE(std::regex_search(text, std::regex("^Name +Duration \\(us\\)  Percent  Device  Count  Tasks\n"))) << text;
  for (const char* part : {"stem_node", "point_node", "scores_node", "\nSum ", "\nTotal ", "\nConfiguration\n-------------\nNumber of threads: "})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST_F(Run, WithoutOptionsSaysWhatTheOutputsHold) {
  std::string text = place->succeed("broach run small.tar");
  EXPECT_TRUE(std::regex_match(
      text, std::regex("scores float32\\[1, 5\\] min \\S+ max \\S+ mean 0\\.2\nfeatures float32\\[1, 12, 8, 8\\] min \\S+ max \\S+ mean \\S+\n")))
      << text;
}

TEST_F(Run, DeviceIsTheCpu) { place->succeed("tvmc run small.tar --device cpu"); }

TEST_F(Run, DamagedArtifactsAreRefused) {
  place->succeed("broach compile small.onnx -o small.so");
  std::string good = place->read("small.so");
  for (size_t at : {size_t(17), good.find("llvm -mtriple"), good.find("stem_node"), good.size() - 300}) {
    std::string bad = good;
    bad[at] = char(bad[at] ^ 0x10);
    place->write("bad.so", bad);
    Result result = place->run("broach run bad.so");
    EXPECT_EQ(result.code, 4) << at;
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
}

}  // namespace
}  // namespace broach::test
