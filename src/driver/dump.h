#pragma once
// Shows the stages of a compilation: --dump-code writes them beside the output, --print-ir-* prints them around passes.
#include "codegen/llvm/codegen.h"
#include "driver/compile.h"
#include "passes/pipeline.h"
#include "plan/build.h"

namespace broach {

class Dumper {
 public:
  // Throws Error for stages and passes that do not exist, with the nearest name.
  explicit Dumper(const CompileOptions& options);

  void graph(std::string_view when, const Graph& graph);
  PassOptions graph_pass_options();
  BuildOptions build_options();
  void program(const LoweredProgram& program);
  std::map<std::string, std::string>* ll_text() { return wants("ll") ? &ll_ : nullptr; }
  std::map<std::string, std::string>* asm_text() { return wants("asm") ? &asm_ : nullptr; }
  // Writes what was collected and prints the pass times.
  void finish();

 private:
  bool wants(std::string_view stage) const;
  void write(std::string_view stage, const std::string& text) const;
  bool prints(const std::vector<std::string>& passes, const std::string& pass) const;

  const CompileOptions& options_;
  std::vector<PassTime> times_;
  std::vector<GroupReport> groups_;
  std::map<std::string, std::string> ll_, asm_;
};

}  // namespace broach
