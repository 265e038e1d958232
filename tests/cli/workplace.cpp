#include "cli/workplace.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "small_onnx.h"

namespace fs = std::filesystem;

namespace broach::test {
namespace {

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

Workplace::Workplace() {
  std::string pattern = (fs::temp_directory_path() / "broach-cli-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  fs::create_directory(folder_ / ".said");
  write("small.onnx", small_classifier().bytes());
}

Workplace::~Workplace() { fs::remove_all(folder_); }

Result Workplace::run(const std::string& command) const {
  fs::path programs = fs::read_symlink("/proc/self/exe").parent_path();
  std::ofstream(folder_ / ".said/command") << "cd '" << folder_.string() << "'\nexport PATH='" << programs.string() << "':$PATH\n" << command << "\n";
  std::string shell =
      "bash " + (folder_ / ".said/command").string() + " >" + (folder_ / ".said/out").string() + " 2>" + (folder_ / ".said/err").string();
  int status = std::system(shell.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(folder_ / ".said/out"), contents(folder_ / ".said/err")};
}

std::string Workplace::succeed(const std::string& command) const {
  Result result = run(command);
  EXPECT_EQ(result.code, 0) << command << "\n" << result.err;
  return result.out;
}

void Workplace::write(const std::string& name, const std::string& bytes) const { std::ofstream(folder_ / name, std::ios::binary) << bytes; }
std::string Workplace::read(const std::string& name) const { return contents(folder_ / name); }

std::vector<std::string> Workplace::files() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_))
    if (entry.path().filename() != ".said") names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

}  // namespace broach::test
