#pragma once
// A temporary folder in which commands are run, with the built programs in the PATH.
#include <filesystem>
#include <string>
#include <vector>

namespace broach::test {

struct Result {
  int code = 0;  // 128 + the signal where one ended the command
  std::string out, err;
};

class Workplace {
 public:
  Workplace();  // holds small.onnx (small_onnx.h)
  ~Workplace();
  Workplace(const Workplace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  // By bash.
  Result run(const std::string& command) const;
  // Expects exit code 0; returns what was printed.
  std::string succeed(const std::string& command) const;
  void write(const std::string& name, const std::string& bytes) const;
  std::string read(const std::string& name) const;
  bool has(const std::string& name) const { return std::filesystem::exists(folder_ / name); }
  std::vector<std::string> files() const;  // names, sorted

 private:
  std::filesystem::path folder_;
};

}  // namespace broach::test
