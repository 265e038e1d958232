#pragma once
// Shows the stages of a compilation: --dump-code writes them beside the output, --print-ir-* prints them around passes,
// --print-pass-times prints how long they took.
#include <chrono>

#include "codegen/llvm/codegen.h"
#include "driver/compile.h"
#include "passes/pipeline.h"
#include "plan/build.h"

namespace broach {

class Dumper {
 public:
  // Throws Error for stages and passes that do not exist, with the nearest name. The options must outlive the object.
  explicit Dumper(const CompileOptions& options);

  // What follows, until the next stage, is this stage's time.
  void begin_stage(std::string_view name);
  void graph(const Graph& graph);  // with layouts, before it is lowered
  PassOptions graph_pass_options();  // all passes run
  BuildOptions build_options();
  void program(const LoweredProgram& program);
  std::map<std::string, std::string>* ll_text() { return wants("ll") ? &ll_ : nullptr; }
  std::map<std::string, std::string>* asm_text() { return wants("asm") ? &asm_ : nullptr; }
  // Writes what was collected and prints the times. The files' names.
  std::vector<std::string> finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct Stage {
    std::string name;
    double seconds = 0;
    std::vector<PassTime> passes;
  };

  bool wants(std::string_view stage) const;
  void keep(std::string_view stage, std::string text);
  bool prints(const std::vector<std::string>& passes, std::string_view pass) const;
  void end_stage();
  void observe_loops(std::string_view pass, const PrimFunc& function);
  void print_times() const;

  const CompileOptions& options_;
  std::vector<std::pair<std::string, std::string>> texts_;  // by stage
  std::vector<Stage> stages_;
  Clock::time_point stage_begin_, pass_begin_;
  std::vector<std::string> loop_passes_;  // that run, in order
  size_t loop_pass_ = 0;                  // the next one of the function that is seen
  std::vector<PassTime> graph_times_, loop_times_;
  std::vector<GroupReport> groups_;
  std::map<std::string, std::string> ll_, asm_;
};

}  // namespace broach
