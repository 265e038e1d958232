// What the built libraries promise: their size, their symbols, no code at load time, and use from C99 and C++.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/faults.h"
#include "runtime/toy.h"
#include "shell_command.h"

namespace fs = std::filesystem;

namespace {

using namespace broach::test;

const fs::path root = fs::path(__FILE__).parent_path().parent_path().parent_path();
// Sanitized libraries link only by the compiler that built them.
#if defined(__clang__)
const std::string c_compiler = "clang-22", cpp_compiler = "clang++-22";
#else
const std::string c_compiler = "cc", cpp_compiler = "c++";
#endif

// Where the build puts libraries: this program is in bin beside it.
fs::path libraries() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib"; }

TEST(Library, ExportsTheCApiAlone) {
  std::istringstream lines(succeed("nm -D --defined-only " + (libraries() / "libbroach_runtime.so").string()));
  int count = 0;
  for (std::string address, type, name; lines >> address >> type >> name; ++count) EXPECT_EQ(name.rfind("broach_", 0), 0u) << name;
  EXPECT_GE(count, 28);
}

TEST(Library, RunsNoCodeWhenLoaded) {
  const std::string sections = succeed("objdump -h " + (libraries() / "libbroach_runtime.a").string());
  EXPECT_NE(sections.find(".text"), std::string::npos);
#if !SANITIZED  // sanitizers add their own
  EXPECT_EQ(sections.find(".init_array"), std::string::npos);
  EXPECT_EQ(sections.find(".ctors"), std::string::npos);
  EXPECT_EQ(sections.find(".fini_array"), std::string::npos);
#endif
}

#if !SANITIZED
TEST(Library, NeedsTheCLibraryAlone) {
  const std::string needed = succeed("objdump -p " + (libraries() / "libbroach_runtime.so").string() + " | grep NEEDED");
  EXPECT_NE(needed.find("libc.so"), std::string::npos) << needed;
  EXPECT_EQ(needed.find("libstdc++"), std::string::npos) << needed;
}

TEST(Library, IsSmall) {
  const std::string stripped = toy::folder() + "/stripped.so";
  succeed("strip -o " + stripped + " " + (libraries() / "libbroach_runtime.so").string());
  EXPECT_LT(fs::file_size(stripped), 100u << 10);
}
#endif

std::string build(const std::string& compiler, const std::string& source, const std::string& name) {
  const std::string program = toy::folder() + "/" + name;
  succeed(compiler + sanitizer_flags + " -Wall -Wextra -Werror -I" + (root / "include").string() + " " + source + " -o " + program + " -L" +
          libraries().string() + " -lbroach_runtime -Wl,-rpath," + libraries().string());
  return program;
}

TEST(Examples, C) {
  const std::string program = build(c_compiler + " -std=c99 -pedantic", (root / "examples/c/run.c").string(), "run_c");
  const std::string artifact = toy::write_file("example.tar", toy::tar({{"mod.so", toy::sealed()}}));
  EXPECT_EQ(succeed(program + " " + artifact), "out: shape [4,250], values 0 0 0 0 0\ntotal: shape [1], values 0\n");
  const std::vector<float> ones(1000, 1.0f);
  const auto* bytes = reinterpret_cast<const uint8_t*>(ones.data());
  const std::string input = toy::write_file("ones.bin", toy::Bytes(bytes, bytes + 4000));
  // x*w mixed with y*y, halved: the weight of the last element is 999 % 17 - 8 = 5.
  EXPECT_EQ(succeed(program + " " + artifact + " " + input + " " + input).substr(0, 41), "out: shape [4,250], values 3 2.5 2 1.5 1\n");
  const CommandResult missing = run(program + " none.tar");
  EXPECT_EQ(missing.code, 4);
  EXPECT_EQ(missing.output, "error: none.tar does not exist\n");
  EXPECT_EQ(run(program).code, 2);
}

TEST(Examples, Cpp) {
  const std::string program = build(cpp_compiler + " -std=c++20", (root / "examples/cpp/run.cpp").string(), "run_cpp");
  const std::string artifact = toy::write_file("example.so", toy::sealed());
  const std::string output = succeed(program + " " + artifact);
  EXPECT_EQ(output.substr(0, 65), "out: shape [4,250], values 0 0 0 0 0\ntotal: shape [1], values 0\n" + output.substr(64, 1));
  EXPECT_NE(output.find(" ms  "), std::string::npos) << output;
  EXPECT_EQ(run(program + " /dev/null").output, "error: /dev/null is not a regular file\n");
}

std::string write_source(const std::string& name, const std::string& text) {
  const std::string path = toy::folder() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

// The process may end, or unload the runtime, while workers wait and while another thread is in a run.
TEST(Endings, ExitWhileAnotherThreadRuns) {
  const std::string source = write_source("ending.c", R"(
#include <broach/runtime.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static broach_session *session;
static void *run(void *unused) {
  while (broach_session_run(session) == BROACH_STATUS_OK) {}
  abort();
  return unused;
}
int main(int argc, char **argv) {
  broach_module *module;
  broach_dltensor view;
  pthread_t thread;
  if (argc < 2 || broach_module_open(argv[1], &module) || broach_session_create(module, 3, &session)) return 1;
  broach_session_get_input(session, 0, &view);
  broach_session_get_input(session, 1, &view);
  pthread_create(&thread, 0, run, 0);
  usleep(20000);
  return 0;
}
)");
  const std::string program = build(c_compiler + " -std=gnu99", source, "ending");
  const std::string artifact = toy::write_file("ending.so", toy::sealed());
  for (int i = 0; i < 10; ++i) succeed("timeout 20 " + program + " " + artifact);
}

TEST(Endings, UnloadTheRuntime) {
  const std::string source = write_source("unload.c", R"(
#include <broach/runtime.h>
#include <dlfcn.h>
#include <unistd.h>
#define GET(f) __typeof__(&broach_##f) f = (__typeof__(&broach_##f))dlsym(library, "broach_" #f)
int main(int argc, char **argv) {
  for (int i = 0; i < 3; ++i) {
    void *library = argc > 2 ? dlopen(argv[1], RTLD_NOW) : 0;
    if (!library) return 1;
    GET(module_open); GET(module_close); GET(session_create); GET(session_close); GET(session_get_input); GET(session_run);
    broach_module *module;
    broach_session *session;
    broach_dltensor view;
    if (module_open(argv[2], &module) || session_create(module, 3, &session)) return 2;
    session_get_input(session, 0, &view);
    session_get_input(session, 1, &view);
    if (session_run(session)) return 3;
    session_close(session);
    module_close(module);
    if (dlclose(library)) return 4;
    usleep(20000);
  }
  return 0;
}
)");
  const std::string program = toy::folder() + "/unload";
  succeed(c_compiler + " -std=gnu99 -Wall -Werror" + sanitizer_flags + " -I" + (root / "include").string() + " " + source + " -o " + program +
          " -ldl");
  const std::string artifact = toy::write_file("unload.so", toy::sealed());
  succeed("timeout 20 " + program + " " + (libraries() / "libbroach_runtime.so").string() + " " + artifact);
}

// dlpack.h as its authors declare it, in either order with ours.
TEST(Headers, FitWithDlpack) {
  write_source("dlpack.h", R"(#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_
#include <stddef.h>
#include <stdint.h>
typedef enum { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
typedef struct { DLDeviceType device_type; int32_t device_id; } DLDevice;
typedef struct { uint8_t code; uint8_t bits; uint16_t lanes; } DLDataType;
typedef struct { void *data; DLDevice device; int32_t ndim; DLDataType dtype; int64_t *shape; int64_t *strides; uint64_t byte_offset; } DLTensor;
#endif
)");
  const std::string before = "#include \"dlpack.h\"\n#include <broach/runtime.h>\n", after = "#include <broach/runtime.h>\n#include \"dlpack.h\"\n";
  const std::string same =
      "#define SAME(f) typedef char same_##f[offsetof(DLTensor, f) == offsetof(broach_dltensor, f) ? 1 : -1]\n"
      "SAME(data); SAME(device); SAME(ndim); SAME(dtype); SAME(shape); SAME(strides); SAME(byte_offset);\n"
      "typedef char same_size[sizeof(DLTensor) == sizeof(broach_dltensor) ? 1 : -1];\n";
  const auto compile = [&](const std::string& compiler, const std::string& text, const std::string& suffix) {
    const std::string source = write_source("headers." + suffix, text);
    succeed(compiler + " -fsyntax-only -Wall -Werror -I" + (root / "include").string() + " " + source);
  };
  const std::string use = "broach_status set(broach_session *s, DLTensor *t) { return broach_session_set_input(s, 0, t); }\n";
  compile("cc -std=c99 -pedantic", before + same + use, "c");
  compile("cc -std=c99 -pedantic", after + same, "c");
  compile("c++ -std=c++20", "#include \"dlpack.h\"\n#include <broach/runtime.hpp>\n" + same + use, "cpp");
  compile("c++ -std=c++20", "#include <broach/runtime.hpp>\n#include \"dlpack.h\"\n" + same, "cpp");
}

}  // namespace
