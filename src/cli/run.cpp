#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/preprocess_json.h"
#include "cli/progress.h"
#include "cli/refused_options.h"
#include "cli/run_inputs.h"
#include "cli/run_report.h"
#include "cli/verbs.h"
#include "image/classes.h"
#include "support/errors.h"

namespace broach {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// One number for all channels, or three.
std::array<double, 3> parse_triple(const std::string& text, const std::string& option) {
  std::array<double, 3> values = {};
  auto parts = CLI::detail::split(text, ',');
  bool good = parts.size() == 1 || parts.size() == 3;
  for (size_t i = 0; i < 3 && good; ++i) good = CLI::detail::lexical_cast(parts[parts.size() == 1 ? 0 : i], values[i]) && std::isfinite(values[i]);
  if (!good) throw UsageError(fmt::format("{} expects one number or three with commas between them, not '{}'", option, text));
  return values;
}

// Rows of scores, one for each of the batch.
struct Scores {
  std::vector<float> values;
  size_t rows = 1;
  std::span<const float> row(size_t r) const { return std::span(values).subspan(r * values.size() / rows, values.size() / rows); }
};

Scores scores_of(const runtime::Module& module, runtime::Session& session) {
  TensorType type = type_of(module.output(0));
  Scores scores{as_floats(type, session.output(0).data()), 1};
  if (type.shape.size() > 1 && type.shape[0] > 0) scores.rows = size_t(type.shape[0]);
  return scores;
}

class RunVerb {
 public:
  RunVerb(CLI::App& verb, const Invocation& invocation) : verb_(verb), invocation_(invocation) {
    add_data_options();
    add_report_options();
    add_picture_options();
    add_refused_options(verb);
  }

  void run() {
    check_combinations();
    if (!labels_path_.empty()) labels_ = read_labels(labels_path_);
    auto begin = Clock::now();
    runtime::Module module(path_);
    runtime::Session session(module, threads_);
    spdlog::info("opened {}, compiled for {}, in {:.1f} ms; {} threads", path_, module.target(), 1e3 * seconds_since(begin), session.thread_count());
    set_inputs(module, session);
    if (profile_) print_profile(session);
    if (print_time_) print_times(module, session);
    if (!profile_ && !print_time_) session.run();
    if (!outputs_path_.empty()) write_outputs(module, session);
    if (prints_top()) print_top(module, session);
    if (!profile_ && !print_time_ && !prints_top() && outputs_path_.empty()) print_summary(module, session);
  }

 private:
  void add_data_options() {
    verb_.add_option("FILE", path_, "The artifact: .tar or .so")->required();
    verb_.add_option("-i,--inputs", inputs_path_, "Arrays for the inputs, by name, as numpy's savez writes them")->option_text("FILE.npz");
    verb_.add_option("-o,--outputs", outputs_path_, "Write the outputs, by name, for numpy's load")->option_text("FILE.npz");
    verb_.add_option("--fill-mode", fill_mode_, "What the inputs hold that nothing else sets: zeros, ones or random (the same every time)")
        ->option_text("MODE")
        ->default_str("random")
        ->check(CLI::IsMember({"zeros", "ones", "random"}).description(""));
    verb_.add_option("--threads", threads_, "At most so many threads; results do not depend on it")
        ->option_text("N")
        ->default_str("all CPUs")
        ->check(CLI::Range(1, 1024).description(""));
  }

  void add_report_options() {
    verb_.add_flag("--print-time", print_time_, "Measure, and print a table of times");
    verb_.add_option("--repeat", repeat_, "Measurements")->option_text("N")->default_str("1")->check(CLI::Range(1, 1 << 24).description(""));
    verb_.add_option("--number", number_, "Runs in each measurement, which is their mean")
        ->option_text("N")
        ->default_str("1")
        ->check(CLI::Range(1, 1 << 24).description(""));
    verb_.add_flag("--end-to-end", end_to_end_, "Copying inputs in and outputs out is part of what is measured");
    verb_.add_option("--print-top", top_, "Print the N largest numbers of the first output with their indices; with names if there are labels")
        ->option_text("N")
        ->check(CLI::Range(1, 1 << 24).description(""));
    verb_.add_flag("--profile", profile_, "Print the time of every step, in the model's node names");
  }

  void add_picture_options() {
    constexpr auto group = "Pictures";
    auto add = [&](const char* name, auto& value, const std::string& text, const char* metavar) {
      return verb_.add_option(name, value, text)->option_text(metavar)->group(group);
    };
    add("--image", images_, "Classify this picture (PNG, JPEG, BMP, GIF, TGA, PSD, HDR, PIC, PNM); once for each of the batch", "FILE")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add("--labels", labels_path_, "Names of the classes, one a line; else those kept in the artifact", "FILE");
    add("--preprocess", preprocess_, "How the picture becomes numbers: " + preset_names() + "; else what is kept in the artifact, or unit", "NAME");
    add("--scale", scale_, "Multiplies every pixel first", "X")->default_str("1/255");
    add("--mean", mean_, "Subtracted from the scaled pixels, in the order of the model's channels", "A,B,C");
    add("--std", deviation_, "Then divides them", "A,B,C");
    add("--resize", resize_, "The short side first becomes N, then the centre is cut out; without --resize and --crop the picture is stretched", "N")
        ->check(CLI::Range(1, 1 << 15).description(""));
    add("--crop", crop_, "Cut out the central NxN, the model's size, of the picture resized to N*8/7 or as --resize says", "N")
        ->check(CLI::Range(1, 1 << 15).description(""));
    add("--channel-order", channel_order_, "Order of the model's channels: rgb or bgr", "ORDER")
        ->default_str("rgb")
        ->check(CLI::IsMember({"rgb", "bgr"}).description(""));
    add("--layout", layout_, "Layout of the model's input: NCHW or NHWC, where its shape does not say", "LAYOUT")
        ->check(CLI::IsMember({"NCHW", "NHWC"}).description(""));
    add("--image-input", image_input_, "The input that takes the picture, where several could", "NAME");
  }

  bool prints_top() const { return top_ > 0 || !images_.empty() || !labels_path_.empty(); }

  void check_combinations() const {
    if (!print_time_)
      for (const char* option : {"--repeat", "--number", "--end-to-end"}) refuse_if_given(verb_, option, "it has no effect without --print-time");
    if (images_.empty())
      for (const char* option : {"--preprocess", "--scale", "--mean", "--std", "--resize", "--crop", "--channel-order", "--layout", "--image-input"})
        refuse_if_given(verb_, option, "it has no effect without --image");
  }

  void set_inputs(const runtime::Module& module, runtime::Session& session) {
    RunInputs inputs(module, session);
    if (!inputs_path_.empty()) inputs.set_arrays(NpzFile(inputs_path_));
    if (!images_.empty()) set_pictures(module, inputs);
    if (inputs.all_set()) refuse_if_given(verb_, "--fill-mode", "it has no effect, for every input is set already");
    inputs.fill(fill_mode_ == "zeros" ? FillMode::zeros : fill_mode_ == "ones" ? FillMode::ones : FillMode::random);
  }

  void set_pictures(const runtime::Module& module, RunInputs& inputs) {
    auto layout = layout_.empty() ? std::nullopt : std::optional(layout_ == "NCHW" ? ImageLayout::nchw : ImageLayout::nhwc);
    auto meta = nlohmann::json::parse(module.meta(), nullptr, false);
    uint32_t input = inputs.find_picture_input(image_input_, layout);
    if (crop_ > 0) {
      auto shape = *find_image_shape(module.input(input).shape, layout);
      if (shape.width != crop_ || shape.height != crop_)
        throw_error("--crop {} does not fit input '{}', which takes pictures of {}x{}", crop_, module.input(input).name, shape.width, shape.height);
    }
    inputs.set_pictures(input, images_, preprocess(meta), layout);
    if (labels_.empty() && meta.is_object() && meta.contains("labels") && meta["labels"].is_array())
      for (const auto& label : meta["labels"]) labels_.push_back(label.is_string() ? label.get<std::string>() : label.dump());
  }

  // The recipe by name, else the artifact's own; then what single options say otherwise.
  Preprocess preprocess(const nlohmann::json& meta) const {
    Preprocess preprocess;
    if (!preprocess_.empty()) {
      preprocess = require_preset(preprocess_);
    } else if (meta.is_object() && meta.contains("preprocess")) {
      preprocess = preprocess_from_json(meta["preprocess"].dump());
    }
    if (is_given(verb_, "--scale")) preprocess.scale = scale_;
    if (!mean_.empty()) preprocess.mean = parse_triple(mean_, "--mean");
    if (!deviation_.empty()) preprocess.deviation = parse_triple(deviation_, "--std");
    if (std::ranges::count(preprocess.deviation, 0.0)) throw UsageError("--std expects numbers other than 0");
    if (!channel_order_.empty()) preprocess.bgr = channel_order_ == "bgr";
    if (resize_ > 0) preprocess.resize = resize_;
    if (resize_ > 0 || crop_ > 0) preprocess.centre_crop = true;
    return preprocess;
  }

  void print_profile(runtime::Session& session) const {
    constexpr int runs = 10;
    session.run();
    session.set_profile(true);
    auto begin = Clock::now();
    for (int i = 0; i < runs; ++i) session.run();
    double total = seconds_since(begin) / runs;
    std::vector<ProfileRow> rows;
    for (const auto& entry : session.profile()) rows.push_back({entry.origin, entry.seconds / runs, long(entry.tasks)});
    session.set_profile(false);
    fmt::print("{}", profile_table(rows, total, session.thread_count()));
  }

  void print_times(const runtime::Module& module, runtime::Session& session) const {
    std::vector<std::vector<std::byte>> inputs, outputs(module.output_count());
    for (uint32_t i = 0; end_to_end_ && i < module.input_count(); ++i) {
      auto* data = static_cast<const std::byte*>(session.input(i).data());
      inputs.emplace_back(data, data + module.input(i).bytes);
    }
    auto run_once = [&] {
      for (uint32_t i = 0; i < inputs.size(); ++i)
        session.copy_input(i, runtime::Tensor(inputs[i].data(), module.input(i).dtype, module.input(i).shape));
      session.run();
      for (uint32_t i = 0; end_to_end_ && i < outputs.size(); ++i) {
        auto* data = static_cast<const std::byte*>(session.output(i).data());
        outputs[i].assign(data, data + module.output(i).bytes);
      }
    };
    ProgressLine progress;
    std::vector<double> seconds;
    run_once();
    for (int r = 0; r < repeat_; ++r) {
      auto begin = Clock::now();
      for (int n = 0; n < number_; ++n) run_once();
      seconds.push_back(seconds_since(begin) / number_);
      progress.show("measuring", double(r + 1) / repeat_);
    }
    fmt::print("{}", time_table(seconds));
  }

  // By their own names; called as tvmc also as output_0, output_1, ..., which then win over an equal name of another output.
  void write_outputs(const runtime::Module& module, runtime::Session& session) const {
    std::vector<NamedArray> arrays;
    auto add = [&](const std::string& name, uint32_t index) {
      if (std::ranges::count(arrays, name, &NamedArray::name)) return;
      arrays.push_back({name, type_of(module.output(index)), session.output(index).data()});
    };
    for (uint32_t i = 0; invocation_.program == "tvmc" && i < module.output_count(); ++i) add(fmt::format("output_{}", i), i);
    for (uint32_t i = 0; i < module.output_count(); ++i) add(module.output(i).name, i);
    write_npz(outputs_path_, arrays);
  }

  void print_top(const runtime::Module& module, runtime::Session& session) const {
    if (module.output_count() == 0) throw_error("the model has no output to print the top of");
    Scores scores = scores_of(module, session);
    size_t classes = scores.row(0).size(), count = top_ > 0 ? size_t(top_) : 5;
    if (!labels_.empty() && labels_.size() != classes)
      throw_error("{} holds {} labels, but output '{}' has {} classes", labels_path_.empty() ? "the artifact" : "'" + labels_path_ + "'",
                  labels_.size(), module.output(0).name, classes);
    if (images_.empty() && labels_.empty()) return fmt::print("{}", top_array(scores.row(0), count));
    for (size_t r = 0; r < (images_.empty() ? 1 : scores.rows); ++r) {
      if (images_.size() > 1 && r < images_.size()) fmt::print("===== {} =====\n", images_[r]);
      fmt::print("{}", top_table(scores.row(r), count, labels_));
    }
  }

  void print_summary(const runtime::Module& module, runtime::Session& session) const {
    for (uint32_t i = 0; i < module.output_count(); ++i) {
      TensorType type = type_of(module.output(i));
      auto values = as_floats(type, session.output(i).data());
      fmt::print("{} {}", module.output(i).name, to_numpy_text(type));
      if (!values.empty()) {
        auto [least, most] = std::ranges::minmax(values);
        fmt::print(" min {:g} max {:g} mean {:g}", least, most, std::accumulate(values.begin(), values.end(), 0.0) / double(values.size()));
      }
      fmt::print("\n");
    }
  }

  CLI::App& verb_;
  const Invocation& invocation_;
  std::string path_, inputs_path_, outputs_path_, fill_mode_ = "random", labels_path_, preprocess_, mean_, deviation_, channel_order_, layout_,
                                                  image_input_;
  std::vector<std::string> images_, labels_;
  double scale_ = 0;
  unsigned threads_ = 0;
  int repeat_ = 1, number_ = 1, top_ = 0, resize_ = 0, crop_ = 0;
  bool print_time_ = false, end_to_end_ = false, profile_ = false;
};

}  // namespace

void add_run(CLI::App& root, const Invocation& invocation) {
  CLI::App* verb = root.add_subcommand("run", "Run an artifact");
  auto run = std::make_shared<RunVerb>(*verb, invocation);
  verb->callback([run] { run->run(); });
}

}  // namespace broach
