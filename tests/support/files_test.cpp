// Files are read whole or refused, and written whole or not at all.
#include "support/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "support/errors.h"

namespace broach {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "broach_files_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Files() override { fs::remove_all(folder_); }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  size_t count() const { return size_t(std::distance(fs::directory_iterator(folder_), fs::directory_iterator())); }

  fs::path folder_;
};

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(Files, AreWrittenAndRead) {
  const std::string bytes("a\0b\nc", 5);
  write_file_atomically(at("x"), bytes);
  EXPECT_EQ(read_file(at("x")), bytes);
  EXPECT_EQ(MappedFile::open(at("x"))->bytes().size(), 5u);
  write_file_atomically(at("x"), "");
  EXPECT_EQ(read_file(at("x")), "");
  EXPECT_TRUE(MappedFile::open(at("x"))->bytes().empty());
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, TakeTheUsersMode) {
  const mode_t before = umask(027);
  write_file_atomically(at("plain"), "x");
  {
    AtomicFile file(at("program"));
    file.executable = true;
    file.commit();
  }
  umask(before);
  EXPECT_EQ(fs::status(at("plain")).permissions(), fs::perms(0640));
  EXPECT_EQ(fs::status(at("program")).permissions(), fs::perms(0750));
}

TEST_F(Files, ThatCannotBeReadAreRefused) {
  EXPECT_NE(error_of([&] { read_file(at("none")); }).find("none"), std::string::npos);
  EXPECT_NE(error_of([&] { MappedFile::open(at("none")); }).find("cannot read"), std::string::npos);
  EXPECT_NE(error_of([&] { MappedFile::open(folder_.string()); }).find("directory"), std::string::npos);
  EXPECT_NE(error_of([&] { MappedFile::open("/dev/null"); }), "");
}

TEST_F(Files, ThatCannotBeWrittenLeaveNothing) {
  EXPECT_NE(error_of([&] { write_file_atomically(at("no/such/folder"), "x"); }), "");
  EXPECT_NE(error_of([&] { write_file_atomically(folder_.string(), "x"); }), "");
  EXPECT_EQ(count(), 0u);
}

TEST_F(Files, AreNotReplacedWithoutCommit) {
  write_file_atomically(at("x"), "old");
  {
    AtomicFile file(at("x"));
    file.write("new");
    EXPECT_EQ(count(), 2u);
  }
  EXPECT_EQ(read_file(at("x")), "old");
  EXPECT_EQ(count(), 1u);
}

TEST_F(Files, OnAFullDiskLeaveTheOldOne) {
  write_file_atomically(at("x"), "old");
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit little = before;
  little.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &little);
  const std::string error = error_of([&] { write_file_atomically(at("x"), std::string(100000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  EXPECT_NE(error.find("x'"), std::string::npos) << error;
  EXPECT_EQ(read_file(at("x")), "old");
  EXPECT_EQ(count(), 1u);
}

// A program that is interrupted removes what it had begun.
TEST_F(Files, GoWithAnInterruptedProgram) {
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(at("x"));
    file.write("half");
    remove_temporary_paths();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count(), 0u);
}

}  // namespace
}  // namespace broach
