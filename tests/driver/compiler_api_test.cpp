// libbroach.so as another program sees it: its header, its symbols, its behaviour from C99.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "broach/runtime.hpp"
#include "shell_command.h"
#include "small_onnx.h"

namespace fs = std::filesystem;

namespace broach::test {
namespace {

std::string libraries() { return (fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib").string(); }

class CompilerApi : public testing::Test {
 protected:
  CompilerApi() {
    std::string pattern = (fs::temp_directory_path() / "broach-api-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::ofstream(folder_ / "small.onnx", std::ios::binary) << small_classifier().bytes();
  }
  ~CompilerApi() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(CompilerApi, WorksFromC) {
  std::string folder = folder_.string();
  CommandResult built = run("cd " + folder + " && cc -std=c99 -pedantic -Wall -Wextra -Werror" + sanitizer_flags +
                            " -I" BROACH_SOURCE_DIR "/include " BROACH_SOURCE_DIR "/tests/driver/compiler_api.c -L" + libraries() +
                            " -lbroach -Wl,-rpath," + libraries() + " -o program");
  ASSERT_EQ(built.code, 0) << built.output;
  CommandResult ran = run("cd " + folder + " && ./program small.onnx");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.output,
            "cannot read 'none.onnx': No such file or directory\n"
            "there is no option 'opt-levl' (did you mean 'opt-level'?); there are target, input-shapes, model-format, opt-level, module-name, "
            "disabled-pass, pass-config, desired-layout, cross-compiler, cross-compiler-options, labels\n"
            "it is not an ONNX model, or it is cut off or damaged\n"
            "done\n");
  EXPECT_FALSE(fs::exists(folder_ / "none.so"));
  runtime::Module module((folder_ / "file.so").string());
  EXPECT_EQ(module.meta(), "{\"producer\":\"broach\",\"labels\":[\"a\",\"b\"]}");
}

TEST_F(CompilerApi, HeaderIsCxxToo) {
  std::ofstream(folder_ / "use.cpp")
      << "#include <broach/compiler.h>\n#include <broach/runtime.h>\nint main() { return broach_compile_file == nullptr; }\n";
  CommandResult built = run("c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -Wno-address -I" BROACH_SOURCE_DIR "/include " +
                            (folder_ / "use.cpp").string());
  EXPECT_EQ(built.code, 0) << built.output;
}

TEST_F(CompilerApi, NothingElseIsExported) {
  EXPECT_EQ(run("nm -D --defined-only " + libraries() + "/libbroach.so | awk '$2 ~ /[A-Z]/ { print $3 }'").output,
            "broach_compile_file\nbroach_compile_free\nbroach_compile_memory\nbroach_compile_options_close\nbroach_compile_options_create\n"
            "broach_compile_options_set\nbroach_compiler_error_message\n");
}

}  // namespace
}  // namespace broach::test
