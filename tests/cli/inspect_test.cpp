// inspect, check and verify.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "cli/workplace.h"
#include "importers/onnx/import.h"

namespace broach::test {
namespace {

TEST(Inspect, AModel) {
  EXPECT_EQ(Workplace().succeed("broach inspect small.onnx"),
            "format: ONNX, opset 17\n"
            "inputs:\n  image float32[1, 3, 16, 16]\n"
            "outputs:\n  scores float32[1, 5]\n  features float32[1, 12, 8, 8]\n"
            "parameters: 557 (2.2 kB)\n"
            "multiply-accumulates: 92,220\n"  // 16*16*12*27 + 8*8*12*12 + 12*5
            "operators:\n      1 Add\n      2 Conv\n      1 Flatten\n      1 Gemm\n      1 GlobalAveragePool\n      1 MaxPool\n      2 Relu\n      1 "
            "Softmax\n");
}

TEST(Inspect, ASavedGraph) {
  Workplace place;
  place.succeed("broach compile small.onnx -o small.graph");
  std::string text = place.succeed("broach inspect small.graph");
  EXPECT_TRUE(text.starts_with("format: Broach graph\ninputs:\n  image float32[1, 3, 16, 16]\n"));
  EXPECT_NE(text.find("\nmultiply-accumulates: 92,220\n"), std::string::npos);
}

// The same for a CPU that this machine is not: nothing is loaded.
TEST(Inspect, AnArtifactOfAnyCpu) {
  Workplace place;
  place.write("labels.txt", "a\nb\nc\nd\ne\n");
  for (const char* target : {"llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64-v2", "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72"})
    for (const char* output : {"x.tar", "x.so"}) {
      place.succeed(std::string("broach compile small.onnx --labels labels.txt --preprocess imagenet -o ") + output + " --target '" + target + "'");
      std::string text = place.succeed(std::string("broach inspect ") + output);
      EXPECT_TRUE(
          text.starts_with(std::string("format: Broach artifact, version 1.0\nname: default\ntarget: ") + target +
                           "\ninputs:\n  image float32[1, 3, 16, 16]\noutputs:\n  scores float32[1, 5]\n  features float32[1, 12, 8, 8]\nsize: "))
          << text;
      EXPECT_TRUE(std::regex_search(
          text, std::regex("\nsize: [0-9.]+ kB \\(code [1-9][0-9.]* kB, weights [1-9][0-9.]* kB\\)\nmemory of a session: [1-9][0-9.]* kB, and ")))
          << text;
      EXPECT_NE(text.find("\nmeta:\n  labels: [\"a\",\"b\",\"c\",\"d\",\"e\"]\n  preprocess: {"), std::string::npos) << text;
      EXPECT_TRUE(std::regex_search(text, std::regex("\n +\\d+  conv_\\d+ +stem_node \\+ stem_relu_node\n"))) << text;
      EXPECT_TRUE(std::regex_search(text, std::regex("\n +\\d+  softmax_\\d+ +scores_node\n"))) << text;
    }
}

TEST(Check, KnowsWhatCanBeCompiled) {
  Workplace place;
  EXPECT_EQ(place.succeed("broach check small.onnx"), "small.onnx: 10 nodes of 8 operators, all supported\n");
  std::string all;
  for (const std::string& name : supported_onnx_ops()) all += name + "\n";
  EXPECT_EQ(place.succeed("broach check --list-operators"), all);
  EXPECT_NE(all.find("\nConv\n"), std::string::npos);
}

TEST(Verify, LooksAtEveryStep) {
  Workplace place;
  for (const char* options : {"-o x.tar", "-o x.so", "-o x.tar -O 1 --pass-config fuse.max_nodes=1",
                              "-o x.tar --desired-layout NCHW --module-name other", "-o x.tar -mcpu=x86-64-v2"}) {
    std::string artifact = std::string(options).substr(3, std::string(options).find(' ', 3) - 3);
    place.succeed(std::string("broach compile small.onnx ") + options);
    std::string text = place.succeed("broach verify --all " + artifact + " small.onnx");
    EXPECT_TRUE(std::regex_search(text, std::regex("(^|\n)ok    error \\S+ +of \\S+ +stem_node"))) << text;
    EXPECT_TRUE(std::regex_search(
        text,
        std::regex("\nok    error \\S+ +of \\S+ +scores_node\n[^B]*all \\d+ steps agree with the reference within 0.0001 of their largest value\n$")))
        << text;
  }
}

// Weights are checked by nothing before: a number that is wrong is seen where it is used first.
TEST(Verify, NamesTheFirstLayerThatDiverges) {
  Workplace place;
  place.succeed("broach compile small.onnx -o x.tar && mkdir x && tar -xf x.tar -C x");
  std::string params = place.read("x/mod.params");
  size_t name = params.find("point.w"), tensor = params.rfind("point.w");
  ASSERT_NE(name, std::string::npos);
  ASSERT_EQ(name, tensor);
  // Of all weights, those of the second convolution: 12 x 12 numbers between -0.5 and 0.5, in 16 or 12 lanes. Try each cache line.
  int divergent = 0;
  for (size_t at = 1024; at + 64 < params.size() && divergent == 0; at += 64) {
    std::string damaged = params;
    for (size_t i = 3; i < 64; i += 4) damaged[at + i] = char(damaged[at + i] ^ 0x04);  // exponents
    place.write("x/mod.params", damaged);
    Result result = place.run("broach verify --all x/mod.so small.onnx");
    if (result.code == 0 || result.err.find("first at point_node + point_relu_node") == std::string::npos) continue;
    ++divergent;
    EXPECT_EQ(result.code, 4);
    EXPECT_TRUE(std::regex_match(
        result.err,
        std::regex("Error: 'x/mod.so' diverges from 'small.onnx' first at point_node \\+ point_relu_node[^,]*, and its weights are damaged: "
                   "their checksum does not match\n")))
        << result.err;
    EXPECT_TRUE(std::regex_search(result.out, std::regex("(^|\n)ok [^\n]* stem_node"))) << result.out;
    EXPECT_TRUE(std::regex_search(result.out, std::regex("\nBAD [^\n]* point_node"))) << result.out;
  }
  EXPECT_EQ(divergent, 1);
}

TEST(Verify, RefusesWhatItCannotCompare) {
  Workplace place;
  place.succeed("broach compile small.onnx -o arm.so --target 'llvm -mtriple=aarch64-linux-gnu'");
  Result result = place.run("broach verify arm.so small.onnx");
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.err.substr(0, 55), "Error: arm.so was built for aarch64, this machine is x8");
}

}  // namespace
}  // namespace broach::test
