// What a compiled library is: what it needs and exports, its bytes, and what is refused before it is loaded.
#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <regex>
#include <set>
#include <sstream>

#include "abi/compiled_models.h"
#include "broach/abi.h"
#include "runtime/artifact_note.h"

// Every library that this program loads while it runs is counted.
static std::atomic<int> loads{0};
extern "C" void* dlopen(const char* path, int mode) {
  static const auto next = reinterpret_cast<void* (*)(const char*, int)>(dlsym(RTLD_NEXT, "dlopen"));
  ++loads;
  return next(path, mode);
}

namespace broach::test {
namespace {

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) found.insert((*i)[1]);
  return found;
}

TEST(Library, NeedsNothingButTheCLibrary) {
  const std::set<std::string> allowed = {"libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"};
  for (const TestModel& model : test_models()) {
    SCOPED_TRACE(model.name);
    const std::string path = compile(model, model.name + ".so").string();
    for (const std::string& name : matches(succeed("readelf -dW " + path), "NEEDED.*\\[(.*)\\]")) EXPECT_TRUE(allowed.count(name)) << name;
    EXPECT_EQ(succeed("ldd " + path).find("not found"), std::string::npos);
    for (const std::string& name : matches(succeed("nm -D --undefined-only " + path), " U (\\S+)"))
      EXPECT_NE(dlsym(RTLD_DEFAULT, name.substr(0, name.find('@')).c_str()), nullptr) << name;
    const std::string exported = succeed("nm -D --defined-only " + path);
    EXPECT_EQ(matches(exported, " \\w (\\S+)"), std::set<std::string>{"broach_program_default"}) << exported;
  }
  skip_missing_models();
}

TEST(Library, CompilesToTheSameBytesAgain) {
  for (const TestModel& model : test_models()) {
    SCOPED_TRACE(model.name);
    for (const std::string suffix : {".so", ".tar", ".a", ".h"}) {
      if (suffix != ".h") {
        compile(model, "first" + suffix);
        compile(model, "second" + suffix);
      }
      EXPECT_EQ(read_file(folder() / ("first" + suffix)), read_file(folder() / ("second" + suffix))) << suffix;
    }
  }
  skip_missing_models();
}

// Opens bytes that must be refused with one sentence, before any library is loaded.
void expect_refusal(const std::string& bytes, broach_status status, const std::string& part) {
  write_file(folder() / "refused.so", bytes);
  const int before = loads;
  broach_module* module = nullptr;
  EXPECT_EQ(broach_module_open((folder() / "refused.so").c_str(), &module), status) << broach_error_message();
  const std::string message = broach_error_message();
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_EQ(loads, before) << "it was loaded before it was refused";
  broach_module_close(module);
}

class Refusal : public testing::Test {
 protected:
  Refusal() : bytes_(read_file(compile(small_model(), "whole.so"))) {}

  std::string with_note(const std::function<void(broach_note&)>& change, bool seal) const {
    std::string bytes = bytes_;
    runtime::internal::Artifact artifact;
    auto* data = reinterpret_cast<uint8_t*>(bytes.data());
    EXPECT_EQ(runtime::internal::read_artifact(data, bytes.size(), "whole.so", artifact), BROACH_STATUS_OK);
    broach_note note = artifact.note;
    change(note);
    std::memcpy(bytes.data() + artifact.note_offset, &note, sizeof note);
    char error[256];
    if (!seal) return bytes;
    EXPECT_TRUE(
        runtime::seal_artifact(data, bytes.size(), note.constants_offset, data + note.constants_offset, note.constants_bytes, error, sizeof error))
        << error;
    return bytes;
  }

  const std::string bytes_;
};

TEST_F(Refusal, OfNothingAtAll) {
  const int before = loads;
  write_file(folder() / "accepted.so", bytes_);
  EXPECT_NO_THROW(runtime::Module((folder() / "accepted.so").string()));
  EXPECT_EQ(loads, before + 1) << "the counter counts nothing";
}

TEST_F(Refusal, OfCutFiles) {
  for (size_t left : {size_t{1}, size_t{63}, size_t{200}, bytes_.size() / 2, bytes_.size() - 1})
    expect_refusal(bytes_.substr(0, left), BROACH_STATUS_FORMAT, "refused.so");
  expect_refusal(bytes_ + "x", BROACH_STATUS_FORMAT, "damaged");
}

TEST_F(Refusal, OfAnyChangedByte) {
  runtime::internal::Artifact artifact;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes_.data());
  ASSERT_EQ(runtime::internal::read_artifact(data, bytes_.size(), "whole.so", artifact), BROACH_STATUS_OK);
  const uint64_t begin = artifact.note.constants_offset, end = begin + artifact.note.constants_bytes;
  int changed = 0;
  for (size_t at = 0; at < bytes_.size(); at += 61) {
    if (at >= begin && at < end) continue;  // constants are read by verify alone
    std::string bytes = bytes_;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    broach_module* module = nullptr;
    EXPECT_NE(broach_module_open_memory(bytes.data(), bytes.size(), nullptr, 0, &module), BROACH_STATUS_OK) << at;
    ++changed;
  }
  EXPECT_GT(changed, 100);
}

TEST_F(Refusal, OfChangedWeightsByVerify) {
  runtime::internal::Artifact artifact;
  std::string bytes = bytes_;
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  ASSERT_EQ(runtime::internal::read_artifact(data, bytes.size(), "whole.so", artifact), BROACH_STATUS_OK);
  runtime::Module({data, bytes.size()}).verify();
  data[artifact.note.constants_offset + artifact.note.constants_bytes / 2] ^= 1;
  EXPECT_THROW(runtime::Module({data, bytes.size()}).verify(), runtime::Error);
}

TEST_F(Refusal, OfForeignFiles) {
  expect_refusal(read_file("/proc/self/exe"), BROACH_STATUS_FORMAT, "refused.so");
  expect_refusal("#!/bin/sh\nexit 0\n", BROACH_STATUS_FORMAT, "not a Broach artifact");
  expect_refusal(read_file(small_model().path), BROACH_STATUS_FORMAT, "not a Broach artifact");
  expect_refusal(read_file(compile(small_model(), "static.a")), BROACH_STATUS_FORMAT, "not a Broach artifact");
}

TEST_F(Refusal, OfAnotherFormatVersion) {
  expect_refusal(with_note([](broach_note& note) { note.major = BROACH_ABI_MAJOR + 1; }, false), BROACH_STATUS_VERSION, "version");
}

TEST_F(Refusal, OfCpuFeaturesThatAreMissing) {
  // A feature that no CPU has: a later compiler's, unknown to this runtime.
  expect_refusal(with_note([](broach_note& note) { note.features[0] |= uint64_t{1} << 60; }, true), BROACH_STATUS_CPU, "CPU");
}

TEST_F(Refusal, OfAnotherArchitecture) {
  const fs::path arm = compile(small_model(), "arm.so", "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72");
  expect_refusal(read_file(arm), BROACH_STATUS_CPU, "aarch64");
}

}  // namespace
}  // namespace broach::test
