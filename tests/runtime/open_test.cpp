#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "runtime/faults.h"
#include "runtime/toy.h"

namespace {

using broach::runtime::Module;
using broach::runtime::Session;
using broach::runtime::Tensor;
using toy::Bytes;
using toy::Member;

void expect_runs(Module& module) {
  Session session(module, 1);
  const auto x = toy::input(toy::elements, 1), y = toy::input(toy::elements, 2);
  session.copy_input(0, Tensor::of(x.data(), {4, 250}));
  session.copy_input(1, Tensor::of(y.data(), {1000}));
  session.run();
  const auto out = session.output(0).values<float>();
  EXPECT_EQ(std::vector<float>(out.begin(), out.end()), toy::expected_out(x, y));
  EXPECT_EQ(session.output(1).values<float>()[0], toy::expected_total(x, y));
  module.verify();
}

void expect_error(const std::string& message, const std::string& part) { EXPECT_NE(message.find(part), std::string::npos) << message; }

TEST(Open, OneLibrary) {
  Module module(toy::write_file("one.so", toy::sealed()));
  expect_runs(module);
  EXPECT_EQ(module.target(), "llvm -mcpu=toy");
  EXPECT_EQ(module.meta(), "{\"producer\":\"test\"}");
}

TEST(Open, BareNameInTheWorkingFolder) {
  toy::write_file("bare.so", toy::sealed());
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(toy::folder());
  EXPECT_NO_THROW(Module("bare.so"));
  std::filesystem::current_path(before);
}

TEST(Open, NameWithADollar) {
  Module module(toy::write_file("$LIB.so", toy::sealed()));
  expect_runs(module);
}

TEST(Open, WeightsBeside) {
  const std::string path = toy::write_file("resnet18_tvm.so", toy::sealed("-DPARAMS"));
  expect_error(toy::open_error(path, BROACH_STATUS_FILE), "resnet18_tvm.params, which does not exist");
  toy::write_file("resnet18_tvm.params", toy::params());
  Module module(path);
  expect_runs(module);
}

TEST(Open, Tar) {
  Module module(toy::write_file("mod.tar", toy::tar({{"mod.so", toy::sealed("-DPARAMS")}, {"mod.json", {'{', '}'}}, {"mod.params", toy::params()}})));
  expect_runs(module);
  Module inside(toy::write_file("one.tar", toy::tar({{"./", {}, '5'}, {"./mod.so", toy::sealed()}})));
  expect_runs(inside);
}

TEST(Open, Memory) {
  Bytes library = toy::sealed("-DPARAMS"), params = toy::params();
  Module apart(library, params);
  std::fill(params.begin(), params.end(), uint8_t{0});
  expect_runs(apart);
  Bytes archive = toy::tar({{"mod.so", library}, {"mod.params", toy::params()}});
  Module tar(archive);
  std::fill(archive.begin(), archive.end(), uint8_t{0});
  expect_runs(tar);
  Module whole(toy::sealed());
  expect_runs(whole);
  expect_error(toy::open_error(library, BROACH_STATUS_FORMAT), "mod.params, which is missing");
}

// The loader knows libraries by path and would give the old one again.
TEST(Open, AFileReplacedWhileOpen) {
  const std::string path = toy::write_file("replaced.so", toy::sealed());
  Module first(path);
  toy::write_file("replaced.so", toy::sealed("-DBUILD=2"));
  Module second(path);
  EXPECT_NE(first.get(), second.get());
  expect_runs(first);
  expect_runs(second);
  toy::write_file("replaced.so", toy::sealed("-DFAULT=3"));
  Module third(path);
  EXPECT_THROW(Session(third, 1), broach::runtime::Error);
}

TEST(Open, ManyTimes) {
  const std::string path = toy::write_file("many.tar", toy::tar({{"mod.so", toy::sealed("-DPARAMS")}, {"mod.params", toy::params()}}));
  for (int i = 0; i < 300; ++i) {
    Module module(path);
    Module other(path);
    ASSERT_NE(module.get(), other.get());
  }
  int open_files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++open_files;
  EXPECT_LT(open_files, 100);
}

TEST(Open, ASessionKeepsItsModule) {
  auto module = std::make_unique<Module>(toy::write_file("kept.so", toy::sealed()));
  Session session(*module, 1);
  module.reset();
  session.input(0);
  session.input(1);
  session.run();
}

TEST(Refuse, WhatIsNoArtifact) {
  expect_error(toy::open_error(toy::folder() + "/none.so", BROACH_STATUS_FILE), "none.so does not exist");
  expect_error(toy::open_error(toy::folder(), BROACH_STATUS_FILE), "is a directory");
  expect_error(toy::open_error(toy::write_file("empty.so", {}), BROACH_STATUS_FILE), "is empty");
  expect_error(toy::open_error("/dev/null", BROACH_STATUS_FILE), "is not a regular file");
  const std::string pipe = toy::folder() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  expect_error(toy::open_error(pipe, BROACH_STATUS_FILE), "is not a regular file");
  expect_error(toy::open_error(toy::folder() + "/none.so/x", BROACH_STATUS_FILE), "does not exist");
  const Bytes onnx = {0x08, 0x07, 0x12, 0x07, 'p', 'y', 't', 'o', 'r', 'c', 'h', 0x1a};
  expect_error(toy::open_error(toy::write_file("m.onnx", onnx), BROACH_STATUS_FORMAT), "looks like an ONNX model: compile it first");
  expect_error(toy::open_error(Bytes{'P', 'K', 3, 4, 0}, BROACH_STATUS_FORMAT), "looks like a zip file");
  expect_error(toy::open_error(Bytes{0x1f, 0x8b, 8, 0}, BROACH_STATUS_FORMAT), "gzip");
  expect_error(toy::open_error(toy::params(), BROACH_STATUS_FORMAT), "it is a .params file");
  expect_error(toy::open_error(Bytes{'h', 'e', 'l', 'l', 'o'}, BROACH_STATUS_FORMAT), "it begins like neither");
  expect_error(toy::open_error("/proc/self/exe", BROACH_STATUS_FORMAT), "Broach");
}

TEST(Refuse, WrongWeights) {
  const Bytes library = toy::sealed("-DPARAMS");
  Bytes params = toy::params();
  params.pop_back();
  expect_error(toy::open_error(library, BROACH_STATUS_FORMAT, params), "4063 bytes, 4064 were written");
  params = toy::params();
  params[0] ^= 1;
  expect_error(toy::open_error(library, BROACH_STATUS_FORMAT, params), "are not a .params file");
  params = toy::params();
  params[2000] ^= 1;
  Module module(library, params);
  EXPECT_EQ(broach_module_verify(module.get()), BROACH_STATUS_FORMAT);
  expect_error(broach_error_message(), "their checksum does not match");
}

TEST(Refuse, DamagedWeightsInside) {
  Bytes library = toy::sealed();
  library[toy::constants_offset(library) + 100] ^= 4;
  Module module(library);
  EXPECT_THROW(module.verify(), broach::runtime::Error);
}

TEST(Refuse, BadTars) {
  const Bytes library = toy::sealed();
  const auto error = [](const std::vector<Member>& members) { return toy::open_error(toy::tar(members), BROACH_STATUS_FORMAT); };
  expect_error(error({{"lib.so", library}}), "without mod.so");
  expect_error(error({{"../mod.so", library}}), "leads outside");
  expect_error(error({{"a/../mod.so", library}}), "leads outside");
  expect_error(error({{"/mod.so", library}}), "leads outside");
  expect_error(error({{"mod.so", {}, '2'}}), "which is a link");
  expect_error(error({{"mod.so", {}, '1'}}), "which is a link");
  expect_error(error({{"mod.so", library}, {"dev", {}, '3'}}), "which is a device");
  expect_error(error({{"mod.so", library}, {"mod.so", library}}), "twice");
  expect_error(error({{"mod.so", toy::sealed("-DPARAMS")}}), "mod.params, which is missing");
  EXPECT_NO_THROW(Module(toy::tar({{"name", {'x'}, 'L'}, {"pax", Bytes(600, 'y'), 'x'}, {"mod.so", library}})));
}

TEST(Refuse, CutTars) {
  const Bytes archive = toy::tar({{"mod.so", toy::sealed("-DPARAMS")}, {"mod.params", toy::params()}});
  for (size_t size = 512; size + 1024 <= archive.size(); size += 487)
    expect_error(toy::open_error(Bytes(archive.begin(), archive.begin() + static_cast<ptrdiff_t>(size)), BROACH_STATUS_FORMAT), "cut or damaged");
}

// Whatever is changed in a tar, it is refused or it is still the same model.
TEST(Refuse, MutatedTars) {
  const Bytes archive = toy::tar({{"mod.so", toy::sealed("-DPARAMS")}, {"mod.json", {'{', '}'}}, {"mod.params", toy::params()}});
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes mutant = archive;
    for (uint32_t k = 0; k <= random() % 4; ++k) {
      // Headers are few bytes of many: half of the changes go there.
      size_t at = random() % mutant.size();
      if (random() % 2) at = random() % 512;
      mutant[at] = static_cast<uint8_t>(random());
    }
    broach_module* module = nullptr;
    if (broach_module_open_memory(mutant.data(), mutant.size(), nullptr, 0, &module)) {
      ++refused;
      EXPECT_STRNE(broach_error_message(), "");
    }
    broach_module_close(module);
  }
  EXPECT_GT(refused, 1000);
}

TEST(Refuse, MalformedPrograms) {
  // Faults that the check of the tables finds when the module is opened.
  for (int fault : {1, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16}) {
    SCOPED_TRACE(fault);
    const std::string message = toy::open_error(toy::sealed("-DFAULT=" + std::to_string(fault)), BROACH_STATUS_FORMAT);
    expect_error(message, fault == 16 ? "lacks the symbol broach_program_other" : "malformed");
  }
}

TEST(Refuse, ProgramsWithWrongSizes) {
  // Faults of values, which a session finds.
  for (int fault : {2, 3, 5, 10}) {
    SCOPED_TRACE(fault);
    Module module(toy::sealed("-DFAULT=" + std::to_string(fault)));
    broach_session* session = nullptr;
    EXPECT_EQ(broach_session_create(module.get(), 1, &session), BROACH_STATUS_FORMAT);
    expect_error(broach_error_message(), "has no valid size or place for");
    EXPECT_EQ(session, nullptr);
  }
}

#if !SANITIZED
// Each call that takes memory fails once: a clean error, or, in the loader's own, success.
void fail_every_call(const std::string& path, const Bytes& artifact) {
  int reached = 0;
  for (int n = 0;; ++n) {
    broach_module* module = nullptr;
    broach_session* session = nullptr;
    faults::fail_call(n);
    broach_status status =
        path.empty() ? broach_module_open_memory(artifact.data(), artifact.size(), nullptr, 0, &module) : broach_module_open(path.c_str(), &module);
    if (!status) status = broach_session_create(module, 2, &session);
    const bool failed = faults::has_failed();
    faults::fail_call(-1);
    EXPECT_TRUE(!status || *broach_error_message()) << n;
    EXPECT_EQ(status == BROACH_STATUS_OK, session != nullptr) << n;
    broach_session_close(session);
    broach_module_close(module);
    if (!failed) break;
    reached += status != BROACH_STATUS_OK;
  }
  EXPECT_GE(reached, 15);
}

TEST(Faults, OpeningSurvivesThem) {
  const Bytes archive = toy::tar({{"mod.so", toy::sealed("-DPARAMS")}, {"mod.params", toy::params()}});
  fail_every_call("", archive);
  fail_every_call(toy::write_file("faults.tar", archive), {});
  const std::string path = toy::write_file("faults.so", toy::sealed("-DPARAMS"));
  toy::write_file("faults.params", toy::params());
  fail_every_call(path, {});
}
#endif

TEST(Arguments, NullIsRefused) {
  broach_module* module;
  broach_session* session;
  EXPECT_EQ(broach_module_open(nullptr, &module), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_module_open("x", nullptr), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_module_open_memory(nullptr, 1, nullptr, 0, &module), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_module_verify(nullptr), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_session_create(nullptr, 1, &session), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_session_run(nullptr), BROACH_STATUS_ARGUMENT);
  EXPECT_EQ(broach_session_set_input(nullptr, 0, nullptr), BROACH_STATUS_ARGUMENT);
  EXPECT_STREQ(broach_error_message(), "session is null");
  broach_module_close(nullptr);
  broach_session_close(nullptr);
}

}  // namespace
