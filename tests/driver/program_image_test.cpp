// The tables of a library, read from its bytes: the loader's word for what is in them, and any bytes at all.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "broach/runtime.hpp"
#include "driver/compile.h"
#include "driver/program_image.h"
#include "small_onnx.h"
#include "support/errors.h"

namespace fs = std::filesystem;

namespace broach::test {
namespace {

std::vector<std::byte> small_library(const std::string& target) {
  CompileOptions options;
  options.target = target;
  std::string model = small_classifier().bytes();
  return compile_model({reinterpret_cast<const std::byte*>(model.data()), model.size()}, options);
}

class ProgramImageTest : public testing::Test {
 protected:
  ~ProgramImageTest() override { fs::remove(path_); }
  ProgramImage read(const std::vector<std::byte>& bytes) {
    std::ofstream(path_, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return read_program_image(path_);
  }
  std::string path_ = (fs::temp_directory_path() / ("broach-image-" + std::to_string(getpid()) + ".so")).string();
};

TEST_F(ProgramImageTest, SaysWhatTheRuntimeSays) {
  auto library = small_library("llvm");
  ProgramImage image = read(library);
  runtime::Module module(path_);
  runtime::Session session(module, 1);
  session.set_profile(true);
  EXPECT_EQ(image.target, module.target());
  EXPECT_EQ(image.meta, module.meta());
  ASSERT_EQ(image.inputs.size(), module.input_count());
  ASSERT_EQ(image.outputs.size(), module.output_count());
  for (uint32_t i = 0; i < module.output_count(); ++i) {
    EXPECT_EQ(image.outputs[i].name, module.output(i).name);
    EXPECT_EQ(image.outputs[i].shape, module.output(i).shape);
    EXPECT_EQ(image.outputs[i].dtype_bits, module.output(i).dtype.bits);
  }
  auto profile = session.profile();
  ASSERT_EQ(image.steps.size(), profile.size());
  for (size_t i = 0; i < profile.size(); ++i) {
    EXPECT_EQ(image.steps[i].origin, profile[i].origin);
    EXPECT_EQ(image.steps[i].tasks, int64_t(profile[i].tasks));
    EXPECT_FALSE(image.steps[i].kernel.empty());
  }
  EXPECT_GT(image.code_bytes, 1000);
  EXPECT_GE(image.constant_bytes, 557 * 4);
}

TEST_F(ProgramImageTest, OfAnotherCpuHoldsTheSameProgram) {
  ProgramImage here = read(small_library("llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64-v2"));
  for (const char* target : {"llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72"}) {
    ProgramImage there = read(small_library(target));
    EXPECT_EQ(there.target, target);
    ASSERT_EQ(there.steps.size(), here.steps.size());
    for (size_t i = 0; i < here.steps.size(); ++i) EXPECT_EQ(there.steps[i].origin, here.steps[i].origin);
  }
}

// Inspecting loads nothing and checks no checksum, so that it must bear whatever the tables say.
TEST_F(ProgramImageTest, BearsAnyBytes) {
  auto library = small_library("llvm");
  std::mt19937 random(7);
  int read_well = 0;
  for (int i = 0; i < 600; ++i) {
    auto mutant = library;
    if (i % 3 == 0) mutant.resize(random() % mutant.size());
    for (unsigned flips = 1 + random() % 8; !mutant.empty() && flips-- > 0;) {
      size_t at = random() % 4 ? mutant.size() / 2 + random() % (mutant.size() - mutant.size() / 2) : random() % mutant.size();
      mutant[at] = std::byte(random());
    }
    try {
      read(mutant);
      ++read_well;
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
  EXPECT_GT(read_well, 50);
  EXPECT_LT(read_well, 600);
}

}  // namespace
}  // namespace broach::test
