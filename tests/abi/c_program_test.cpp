// Compiled models in C programs: through the runtime, and linked in from archives without it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "abi/compiled_models.h"

namespace broach::test {
namespace {

const std::string source_folder = std::string(BROACH_SOURCE_DIR) + "/tests/abi/";
const std::string strict = "gcc -std=c99 -pedantic -Wall -Wextra -Werror -O1 ";

fs::path libraries() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib"; }

TEST(CPrograms, UseTheWholeRuntime) {
  const std::string program = (folder() / "c_api").string(), artifact = compile(small_model(), "c.so").string();
  for (const std::string library : {"libbroach_runtime.so", "libbroach_runtime.a"}) {
    SCOPED_TRACE(library);
    succeed(strict + "-I" + BROACH_SOURCE_DIR + "/include " + source_folder + "c_api.c -o " + program + " " + (libraries() / library).string() +
            " -lpthread -ldl -Wl,-rpath," + libraries().string());
    EXPECT_EQ(succeed(program + " " + artifact), "all calls behave\n");
  }
}

// The bytes that a C program printed as hexadecimal words.
std::string hexadecimal(const std::string& bytes) {
  std::string text;
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    uint32_t word;
    std::memcpy(&word, bytes.data() + i, 4);
    text += fmt::format("{:08x}\n", word);
  }
  return text;
}

std::string scores_of(const fs::path& artifact) {
  const runtime::Module module(artifact.string());
  runtime::Session session(module, 1);
  const std::span<float> image = session.input(0).values<float>();
  for (size_t i = 0; i < image.size(); ++i) image[i] = float(i % 13) / 13.0f - 0.5f;
  session.run();
  return std::string(static_cast<const char*>(session.output(0).data()), module.output(0).bytes);
}

TEST(CPrograms, LinkTwoModels) {
  compile(small_model(16, 1), "alpha.a", "llvm", "alpha");
  compile(small_model(48, 2), "beta.a", "llvm", "beta");
  const std::string at = folder().string(), program = at + "/two_models";
  succeed(strict + "-D_POSIX_C_SOURCE=200809L -I" + at + " " + source_folder + "two_models.c -o " + program + " " + at + "/alpha.a " + at +
          "/beta.a -lm -lpthread");
  EXPECT_EQ(succeed("ldd " + program).find("broach"), std::string::npos);
  const std::string expected = "alpha\n" + hexadecimal(scores_of(compile(small_model(16, 1), "alpha.so"))) + "beta\n" +
                               hexadecimal(scores_of(compile(small_model(48, 2), "beta.so")));
  for (const std::string threads : {"1", "2", "3"}) EXPECT_EQ(succeed(program + " " + threads), expected) << threads;
  // Of each model nothing but its interface can be seen.
  const std::string symbols = succeed("nm -g --defined-only " + at + "/alpha.a | grep -v '^$' | awk 'NF==3{print $3}' | sort");
  EXPECT_EQ(symbols.find("beta"), std::string::npos);
  EXPECT_NE(symbols.find("alpha_run\n"), std::string::npos) << symbols;
}

TEST(Versions, EveryOldArtifactLoads) {
  int found = 0;
  for (const auto& entry : fs::directory_iterator(source_folder + "versions")) {
    if (entry.path().extension() != ".so") continue;
    SCOPED_TRACE(entry.path().string());
    ++found;
    EXPECT_EQ(hexadecimal(scores_of(entry.path())), read_file(fs::path(entry.path()).replace_extension(".scores")));
  }
  EXPECT_GE(found, 1);
  EXPECT_NO_THROW(runtime::Module(source_folder + "versions/1.0-x86_64.tar").verify());
}

}  // namespace
}  // namespace broach::test
