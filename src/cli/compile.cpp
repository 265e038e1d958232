#include "driver/compile.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "cli/preprocess_json.h"
#include "cli/progress.h"
#include "cli/refused_options.h"
#include "cli/verbs.h"
#include "driver/stages.h"
#include "image/classes.h"
#include "support/errors.h"
#include "support/nearest.h"

namespace broach {
namespace {

// "a,b" or, as some write it, "[a,b]".
std::vector<std::string> split_list(std::string text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::vector<std::string> parts;
  for (std::string& part : CLI::detail::split(text, ','))
    if (CLI::detail::trim(part); !part.empty()) parts.push_back(part);
  return parts;
}

// Those that can be left out; others are what makes a model a program.
std::string some_passes() { return fmt::format("{}", fmt::join(graph_pass_names(), ", ")); }

class CompileVerb {
 public:
  explicit CompileVerb(CLI::App& verb) : verb_(verb), import_(verb) {
    add_target_options();
    add_output_options();
    add_pass_options();
    add_meta_options();
    add_refused_options(verb);
  }

  void run() {
    options_.model = import_.read();
    options_.target = target();
    options_.pass_config = pass_config();
    options_.disabled_passes = split_list(disabled_passes_);
    options_.print_ir_before = split_list(print_ir_before_);
    options_.print_ir_after = split_list(print_ir_after_);
    options_.dump_code = dump_code();
    options_.meta = meta();
    if (options_.output.ends_with(".graph")) refuse_if_given(verb_, "--target", "it has no effect on a saved graph, which is for every target");
    if (options_.cross_compiler.empty()) refuse_if_given(verb_, "--cross-compiler-options", "it has no effect without --cross-compiler");
    ProgressLine progress;
    options_.progress = [&, last = std::string()](std::string_view stage, double fraction) mutable {
      if (stage != last) spdlog::info("{}", last = stage);
      progress.show(stage, fraction);
    };
    CompileResult result = compile_file(model_, options_);
    spdlog::info("target {}", result.target);
    for (const auto& file : result.files) fmt::print("wrote {}\n", file);
    spdlog::info("compiled in {:.2f} s", result.seconds);
  }

 private:
  void add_target_options() {
    verb_.add_option("FILE", model_, "The model: .onnx, or .graph as saved by Broach")->required();
    verb_
        .add_option("--target", options_.target,
                    "What to compile for: llvm [-mcpu=CPU] [-mattr=+FEATURE,-FEATURE] [-mtriple=TRIPLE], the same as "
                    "a JSON object, or a file with one; llvm alone is this machine, -mcpu=x86-64-v2 runs on most")
        ->option_text("TARGET")
        ->default_str("llvm");
    verb_.add_option("--target-llvm-mcpu", mcpu_, "The same as -mcpu in --target")->option_text("CPU");
    verb_.add_option("--target-llvm-mattr", mattr_, "The same as -mattr in --target")->option_text("FEATURES");
    verb_.add_option("--target-llvm-mtriple", mtriple_, "The same as -mtriple in --target")->option_text("TRIPLE");
    verb_.add_option("--cross-compiler", options_.cross_compiler, "Link with this compiler, e.g. aarch64-linux-gnu-gcc, instead of by ourselves")
        ->option_text("PROGRAM");
    verb_.add_option("--cross-compiler-options", options_.cross_compiler_options, "Options for it, with blanks between them")->option_text("OPTIONS");
  }

  void add_output_options() {
    verb_
        .add_option("-o,--output", options_.output,
                    "What to write, by its suffix: .tar (mod.so, mod.json, mod.params), .so (all in one file), "
                    ".a (with .h, to link into a program), .graph (the model as imported)")
        ->option_text("FILE")
        ->default_str("module.tar");
    verb_.add_option("--module-name", options_.module_name, "Name of the exported symbol, for several models in one program")
        ->option_text("NAME")
        ->default_str("default");
    verb_
        .add_option("--dump-code", dump_code_,
                    "Also write what the stages make, a list of graph, te, schedule, loop, plan, ll, asm, each as "
                    "OUTPUT.STAGE")
        ->option_text("STAGES");
  }

  void add_pass_options() {
    verb_
        .add_option("-O,--opt-level", options_.opt_level,
                    "How much to optimise. 2: no folding of batch norms, no sharing of equal results; 1: also row-major layouts; 0: also one node "
                    "a kernel and plain machine code")
        ->option_text("LEVEL")
        ->default_str("3")
        ->check(CLI::Range(0, 3).description(""));
    verb_
        .add_option("--desired-layout", options_.desired_layout,
                    "Layout of the convolutions instead of blocks as wide as the target's vectors: NCHW (row-major: slow), NCHW4c, NCHW8c or NCHW16c")
        ->option_text("LAYOUT");
    verb_.add_option("--pass-config", pass_config_, "A setting of a pass; may be repeated. There is fuse.max_nodes=N: at most N nodes in one kernel")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb_.add_option("--disabled-pass", disabled_passes_, "Passes to leave out, with commas between them: " + some_passes())->option_text("PASSES");
    verb_.add_option("--print-ir-before", print_ir_before_, "Print the program before these passes; all: before every one")->option_text("PASSES");
    verb_.add_option("--print-ir-after", print_ir_after_, "Print the program after these passes; all: after every one")->option_text("PASSES");
    verb_.add_flag("--print-pass-times", options_.print_pass_times, "Print how long each pass took");
  }

  void add_meta_options() {
    verb_.add_option("--labels", labels_, "Names of the classes, one a line: kept in the artifact for run --image")->option_text("FILE");
    verb_.add_option("--preprocess", preprocess_, "How pictures become inputs, kept in the artifact for run --image: " + preset_names())
        ->option_text("NAME");
  }

  std::string target() const {
    std::string extra;
    for (const auto& [name, value] : {std::pair("mcpu", mcpu_), {"mattr", mattr_}, {"mtriple", mtriple_}})
      if (!value.empty()) extra += fmt::format(" -{}={}", name, value);
    if (!extra.empty() && !options_.target.starts_with("llvm") && !options_.target.starts_with("cpu"))
      throw UsageError("--target-llvm-... goes with --target llvm only; a JSON target holds its options itself");
    return options_.target + extra;
  }

  std::map<std::string, std::string> pass_config() const {
    std::map<std::string, std::string> settings;
    for (const std::string& text : pass_config_) {
      size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0) throw UsageError(fmt::format("--pass-config expects NAME=VALUE, not '{}'", text));
      settings[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return settings;
  }

  std::vector<std::string> dump_code() const {
    std::vector<std::string> stages = split_list(dump_code_), known(std::begin(dump_stages), std::end(dump_stages));
    for (const std::string& stage : stages) {
      if (std::ranges::count(known, stage)) continue;
      std::string hint = stage == "relay" ? " (it is called 'graph' here)"
                         : stage == "tir" ? " (it is called 'loop' here)"
                                          : did_you_mean(stage, known);
      throw UsageError(fmt::format("--dump-code knows no stage '{}'{}; the stages are {}", stage, hint, fmt::join(known, ", ")));
    }
    return stages;
  }

  std::map<std::string, std::string> meta() const {
    std::map<std::string, std::string> meta;
    if (!labels_.empty()) meta["labels"] = nlohmann::json(read_labels(labels_)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (!preprocess_.empty()) meta["preprocess"] = preprocess_to_json(require_preset(preprocess_));
    return meta;
  }

  CLI::App& verb_;
  ImportArguments import_;
  CompileOptions options_;
  std::string model_, mcpu_, mattr_, mtriple_, labels_, preprocess_;
  std::string dump_code_, disabled_passes_, print_ir_before_, print_ir_after_;
  std::vector<std::string> pass_config_;
};

}  // namespace

void add_compile(CLI::App& root, const Invocation&) {
  CLI::App* verb = root.add_subcommand("compile", "Compile a model to an artifact");
  auto compile = std::make_shared<CompileVerb>(*verb);
  verb->callback([compile] { compile->run(); });
}

}  // namespace broach
