#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/errors.h"
#include "support/nearest.h"
#include "target/target.h"

namespace broach {
namespace {

using Features = std::vector<std::string>;

std::string error_of(const std::string& text) {
  try {
    parse_target(text);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ParseTarget, PlainLlvmMeansThisHost) {
  for (const char* text : {"llvm", "cpu", " llvm ", "{\"kind\": \"llvm\"}"}) EXPECT_TRUE(parse_target(text).host) << text;
  EXPECT_FALSE(parse_target("llvm -mcpu=haswell").host);
  EXPECT_FALSE(parse_target("llvm -mtriple=aarch64-linux-gnu").host);
}

TEST(ParseTarget, OptionsTakeOneDashOrTwo) {
  TargetSpec spec = parse_target("llvm --mcpu=haswell -mtriple=x86_64-linux-gnu --mattr=+fma,-avx512f");
  EXPECT_EQ(spec.cpu, "haswell");
  EXPECT_EQ(spec.triple, "x86_64-linux-gnu");
  EXPECT_EQ(spec.features, (Features{"+fma", "-avx512f"}));
  EXPECT_EQ(parse_target("llvm -mcpu haswell").cpu, "haswell");
  EXPECT_EQ(parse_target("-mcpu=haswell").cpu, "haswell");
}

TEST(ParseTarget, QuotesHoldTogether) {
  EXPECT_EQ(parse_target("llvm -mattr='+fma, +avx2' -mcpu=\"skylake\"").features, (Features{"+fma", "+avx2"}));
  EXPECT_NE(error_of("llvm -mcpu='haswell").find("unclosed quote"), std::string::npos);
}

TEST(ParseTarget, TheLastWordOnAFeatureWins) { EXPECT_EQ(parse_target("llvm -mattr=+fma,+avx2,-fma").features, (Features{"+avx2", "-fma"})); }

TEST(ParseTarget, Json) {
  TargetSpec spec = parse_target(R"({"kind": "llvm", "mcpu": "znver3", "mattr": ["+fma", "-avx2"]})");
  EXPECT_EQ(spec.cpu, "znver3");
  EXPECT_EQ(spec.features, (Features{"+fma", "-avx2"}));
  EXPECT_NE(error_of(R"({"mcpu": "znver3"})").find("no \"kind\""), std::string::npos);
  EXPECT_NE(error_of(R"({"kind": "llvm", )").find("not a JSON object"), std::string::npos);
  EXPECT_NE(error_of(R"({"kind": "llvm", "mcpu": 3})").find("expected a string"), std::string::npos);
}

TEST(ParseTarget, JsonFile) {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "broach_parse_target_test.json";
  std::ofstream(path) << R"({"kind": "llvm", "mcpu": "cortex-a72", "mtriple": "aarch64-linux-gnu"})";
  TargetSpec spec = parse_target(path.string());
  std::filesystem::remove(path);
  EXPECT_EQ(spec.cpu, "cortex-a72");
  EXPECT_EQ(spec.triple, "aarch64-linux-gnu");
  EXPECT_NE(error_of("/nowhere/at_all.json").find("not a JSON object"), std::string::npos);
}

TEST(ParseTarget, WrongKindsAndOptionsSaySo) {
  EXPECT_EQ(error_of("cuda -arch=sm_80"), "the target kind 'cuda' is not built into this compiler; built kinds are llvm and cpu (the same)");
  EXPECT_EQ(error_of("llmv"), "unknown target kind 'llmv' (did you mean 'llvm'?); built kinds are llvm and cpu (the same)");
  EXPECT_EQ(error_of("llvm -mcpi=haswell"),
            "the target option 'mcpi' has no effect here (did you mean 'mcpu'?); known options are -mtriple, -mcpu and -mattr");
  EXPECT_NE(error_of("llvm haswell").find("found 'haswell'"), std::string::npos);
  EXPECT_NE(error_of("llvm -mattr=fma").find("must begin with + or -"), std::string::npos);
  EXPECT_NE(error_of("").find("empty"), std::string::npos);
  EXPECT_NE(error_of("cuda,llvm").find("several kinds"), std::string::npos);
  EXPECT_NE(error_of("llvm -mcpu").find("lacks its value"), std::string::npos);
}

TEST(TargetText, IsParsedBackEqual) {
  Target target;
  target.cpu = "haswell";
  target.features = {"+avx512f", "-fma"};
  EXPECT_EQ(target.to_string(), "llvm -mtriple=x86_64-linux-gnu -mcpu=haswell -mattr=+avx512f,-fma");
  TargetSpec spec = parse_target(target.to_string());
  EXPECT_EQ(spec.cpu, target.cpu);
  EXPECT_EQ(spec.features, target.features);
}

TEST(CpuModels, KnowTheirWidths) {
  EXPECT_EQ(find_cpu_model("haswell")->vector_bits, 256);
  EXPECT_EQ(find_cpu_model("sapphirerapids")->vector_registers, 32);
  EXPECT_EQ(find_cpu_model("cortex-a72")->vector_bits, 128);
  EXPECT_EQ(find_cpu_model("nothing"), nullptr);
}

TEST(HostCaches, GrowWithTheLevel) {
  CacheSizes sizes = host_caches();
  if (sizes.l1 && sizes.l2) {
    EXPECT_LT(sizes.l1, sizes.l2);
    EXPECT_GE(sizes.l1, 8 << 10);
  }
}

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("haswell", "haswell"), 0);
  EXPECT_EQ(edit_distance("hasewll", "haswell"), 1);  // a swap of neighbours
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Nearest, IsSilentWhenNothingIsNear) {
  std::vector<std::string> known = {"haswell", "skylake", "znver3"};
  EXPECT_EQ(nearest_name("haswel", known), "haswell");
  EXPECT_EQ(nearest_name("znver33", known), "znver3");
  EXPECT_EQ(nearest_name("pentium", known), "");
  EXPECT_EQ(did_you_mean("skylke", known), " (did you mean 'skylake'?)");
}

}  // namespace
}  // namespace broach
