// Models compiled on this machine for aarch64, run by the runtime built for aarch64 under qemu, beside the same models
// compiled and run natively.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "abi/compiled_models.h"

namespace broach::test {
namespace {

const std::string source = BROACH_SOURCE_DIR;
const std::string arm_target = "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72";

fs::path build_folder() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }
fs::path arm_folder() { return build_folder() / "aarch64"; }
std::string qemu(const std::string& cpu = "cortex-a72") { return "timeout 300 qemu-aarch64 -cpu " + cpu + " -L /usr/aarch64-linux-gnu "; }

bool in_ci() {
  const char* ci = std::getenv("CI");
  return ci && std::string(ci) == "true";
}

class Aarch64 : public testing::Test {
 protected:
  // The runtime and its programs are built once, as docs/targets.md says.
  static void SetUpTestSuite() {
    if (run("aarch64-linux-gnu-g++ --version && qemu-aarch64 --version").code != 0) return;
    const std::string build = arm_folder().string();
    succeed("cmake -G Ninja -S " + source + " -B " + build + " -DCMAKE_TOOLCHAIN_FILE=" + source +
            "/tools/cmake/aarch64.cmake -DBROACH_COMPILER=OFF -DBROACH_TESTS=OFF");
    ready = run("cmake --build " + build + " -j 2").code == 0 && build_printer("aarch64-linux-gnu-gcc", arm_folder(), "print_arm") &&
            build_printer("gcc", build_folder(), "print_native");
    EXPECT_TRUE(ready) << "the runtime does not build for aarch64";
  }
  void SetUp() override {
    if (ready) return;
    if (in_ci() || HasFailure()) FAIL() << "no g++-aarch64-linux-gnu and qemu-user here, or the runtime does not build";
    GTEST_SKIP() << "1 program is missing: g++-aarch64-linux-gnu or qemu-user";
  }
  static bool build_printer(const std::string& compiler, const fs::path& build, const std::string& name) {
    succeed(compiler + " -std=c99 -Wall -Werror -O1 -I" + source + "/include " + source + "/tests/cross/print_outputs.c " +
            (build / "lib/libbroach_runtime.a").string() + " -lpthread -ldl -o " + program(name));
    return fs::exists(program(name));
  }
  static std::string program(const std::string& name) { return (folder() / name).string(); }

  // What an artifact computes of seeded inputs.
  static std::vector<float> outputs(const std::string& printer, const fs::path& artifact, int threads) {
    const fs::path file = folder() / "outputs.bin";
    fs::remove(file);
    succeed(printer + " " + artifact.string() + " " + std::to_string(threads) + " " + file.string());
    const std::string bytes = read_file(file);
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  static std::vector<float> arm_outputs(const fs::path& artifact, int threads) { return outputs(qemu() + program("print_arm"), artifact, threads); }

  static inline bool ready = false;
};

void expect_close(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  float magnitude = 0;
  for (float value : expected) magnitude = std::max(magnitude, std::fabs(value));
  EXPECT_GT(magnitude, 0);
  for (size_t i = 0; i < found.size(); ++i) ASSERT_LE(std::fabs(found[i] - expected[i]), 1e-4f * magnitude) << i;
}

TEST_F(Aarch64, ComputesWhatTheHostComputes) {
  for (const TestModel& model : test_models()) {
    SCOPED_TRACE(model.name);
    const fs::path native = compile(model, "native.so"), arm = compile(model, "arm.so", arm_target);
    const std::vector<float> found = arm_outputs(arm, 1);
    expect_close(found, outputs(program("print_native"), native, 1));
    EXPECT_EQ(arm_outputs(arm, 2), found);
  }
  skip_missing_models();
}

TEST_F(Aarch64, TakesEveryKindOfArtifact) {
  const std::vector<float> found = arm_outputs(compile(small_model(), "kinds.so", arm_target), 1);
  EXPECT_EQ(arm_outputs(compile(small_model(), "kinds.tar", arm_target), 1), found);
  EXPECT_NE(succeed("aarch64-linux-gnu-readelf -h " + (folder() / "kinds.so").string()).find("AArch64"), std::string::npos);
}

TEST_F(Aarch64, LinksTwoArchivesIntoAProgram) {
  compile(small_model(16, 1), "alpha.a", arm_target, "alpha");
  compile(small_model(48, 2), "beta.a", arm_target, "beta");
  const std::string at = folder().string(), sources = source + "/tests/abi/two_models.c -o " + at + "/two_models ";
  succeed("aarch64-linux-gnu-gcc -std=c99 -D_POSIX_C_SOURCE=200809L -O1 -I" + at + " " + sources + at + "/alpha.a " + at + "/beta.a -lm -lpthread");
  const std::string one = succeed(qemu() + at + "/two_models 1");
  EXPECT_NE(one.find("alpha\n"), std::string::npos);
  EXPECT_NE(one.find("beta\n"), std::string::npos);
  EXPECT_EQ(succeed(qemu() + at + "/two_models 3"), one);
}

TEST_F(Aarch64, RefusesWhatItsCpuCannotRun) {
  const auto refusal = [&](const fs::path& artifact, const std::string& cpu) {
    const CommandResult result = run(qemu(cpu) + program("print_arm") + " " + artifact.string() + " 1 /dev/null");
    EXPECT_EQ(result.code, 4) << result.output;
    return result.output;
  };
  const fs::path newer = compile(small_model(), "newer.so", "llvm -mtriple=aarch64-linux-gnu -mcpu=neoverse-n1");
  EXPECT_NE(refusal(newer, "cortex-a72").find("built for a CPU with dot product"), std::string::npos);
  EXPECT_EQ(run(qemu("neoverse-n1") + program("print_arm") + " " + newer.string() + " 1 /dev/null").code, 0);
  EXPECT_NE(refusal(compile(small_model(), "x86.so", "llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64"), "max").find("aarch64"), std::string::npos);
}

// The lines "  1) id=286  p=0.946576  Egyptian cat" without the probabilities.
std::string classes_of(const std::string& output) {
  std::string classes;
  for (size_t at = output.find(") id="); at != std::string::npos; at = output.find(") id=", at + 1)) {
    const size_t end = output.find('\n', at), p = output.find("  p=", at), label = output.find("  ", p + 2);
    classes += output.substr(at, p - at) + output.substr(label, end - label) + "\n";
  }
  return classes;
}

TEST_F(Aarch64, ClassifiesTheCat) {
  const char* set = std::getenv("BROACH_TEST_MODELS");
  const fs::path models = set ? fs::path(set) : fs::path(source) / "../shared/models";
  const fs::path model = models / "mobilenet_v2_1.0_224_float.onnx", cat = models / "../images/cat.bmp";
  if (!fs::exists(model) || !fs::exists(cat)) {
    if (in_ci()) FAIL() << "1 model is missing: " << model;
    GTEST_SKIP() << "1 model is missing: " << model;
  }
  const TestModel mobilenet = {"mobilenet_v2", model, {{"input", {1, 3, 224, 224}}}};
  fs::create_directories(folder() / "native");
  fs::create_directories(folder() / "arm");
  compile(mobilenet, "native/mobilenet_v2.so");
  compile(mobilenet, "arm/mobilenet_v2.tar", arm_target);
  const auto classify = [&](const std::string& program, const std::string& artifacts) {
    return succeed(program + " mobilenet_v2 " + (folder() / artifacts).string() + " " + cat.string() + " " +
                   (models / "labels/imagenet_1001.txt").string() + " input --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5");
  };
  const std::string native = classes_of(classify((build_folder() / "bin/run_model").string(), "native"));
  const std::string arm = classes_of(classify(qemu() + (arm_folder() / "bin/run_model").string(), "arm"));
  EXPECT_EQ(arm, native);
  EXPECT_EQ(std::count(arm.begin(), arm.end(), '\n'), 5) << arm;
  EXPECT_NE(arm.substr(0, arm.find('\n')).find("cat"), std::string::npos) << arm;
}

}  // namespace
}  // namespace broach::test
