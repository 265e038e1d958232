// Classifies a photograph with a compiled model: the whole of what a program does that has only the runtime.
//   run_model resnet18 artifacts cat.png labels.txt input0 --normalize
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <numeric>
#include <set>
#include <vector>

#include "broach/runtime.hpp"
#include "image/classes.h"
#include "image/preprocess.h"

namespace {

namespace fs = std::filesystem;
using broach::Image;
using broach::ImageShape;
using broach::Preprocess;
using broach::runtime::Module;
using broach::runtime::Session;
using broach::runtime::Tensor;
using broach::runtime::TensorInfo;

constexpr const char* usage =
    R"(usage: run_model MODEL FOLDER IMAGE LABELS INPUT [options]

  MODEL    name of the model: FOLDER holds MODEL_tvm.so (with its .params), MODEL.so or MODEL.tar
  FOLDER   folder of the compiled models
  IMAGE    photograph: PNG, JPEG, BMP, GIF, TGA, PSD, HDR, PIC or PNM
  LABELS   text file, one class name a line
  INPUT    name of the model's input

  --normalize      subtract ImageNet's mean and divide by its standard deviation
  --mean A,B,C     subtract these instead, in the order of the model's channels, after scaling
  --std A,B,C      divide by these instead
  --raw            pixels from 0 to 255 (default: 0 to 1)
  --bgr            the model's first channel is blue
  --resize N       the short side becomes N before the centre is cut (default: 8/7 of the model's size)
  --stretch        resize to the model's size, cut nothing
  --top N          so many classes (default: 5)
  --threads N      at most so many threads (default: all CPUs)
  -h, --help
)";

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class UsageFailure : public Failure {
 public:
  using Failure::Failure;
};

struct Options {
  std::string model, folder, image, labels, input;
  bool normalize = false, bgr = false, stretch = false, raw = false;
  std::array<double, 3> mean = {0, 0, 0}, deviation = {1, 1, 1};
  int resize = 0, top = 5, threads = 0;
};

template <class T>
T parse_number(const std::string& text, const std::string& option) {
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw UsageFailure(option + " expects a number, not '" + text + "'");
  return value;
}

int parse_count(const std::string& text, const std::string& option) {
  int value = parse_number<int>(text, option);
  if (value < 1) throw UsageFailure(option + " expects a number from 1, not '" + text + "'");
  return value;
}

std::array<double, 3> parse_triple(const std::string& text, const std::string& option) {
  std::array<double, 3> values = {};
  size_t begin = 0;
  for (size_t i = 0; i < 3; ++i) {
    size_t end = std::min(text.find(',', begin), text.size());
    if ((i < 2) != (end < text.size())) throw UsageFailure(option + " expects three numbers A,B,C, not '" + text + "'");
    values[i] = parse_number<double>(text.substr(begin, end - begin), option);
    begin = end + 1;
  }
  return values;
}

bool parse_flag(const std::string& argument, Options& options) {
  if (argument == "--normalize") return options.normalize = true;
  if (argument == "--bgr") return options.bgr = true;
  if (argument == "--stretch") return options.stretch = true;
  if (argument == "--raw") return options.raw = true;
  return false;
}

void parse_value(const std::string& option, const std::string& value, Options& options) {
  if (option == "--mean") {
    options.mean = parse_triple(value, option);
  } else if (option == "--std") {
    options.deviation = parse_triple(value, option);
    if (std::ranges::count(options.deviation, 0.0)) throw UsageFailure("--std expects numbers other than 0");
  } else if (option == "--resize") {
    options.resize = parse_count(value, option);
  } else if (option == "--top") {
    options.top = parse_count(value, option);
  } else {
    options.threads = parse_count(value, option);
  }
}

Options parse_arguments(const std::vector<std::string>& arguments) {
  static const std::set<std::string> with_value = {"--mean", "--std", "--resize", "--top", "--threads"};
  Options options;
  std::vector<std::string> positional;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--")) {
      positional.push_back(arguments[i]);
    } else if (with_value.contains(arguments[i])) {
      if (i + 1 == arguments.size()) throw UsageFailure(arguments[i] + " expects a value");
      parse_value(arguments[i], arguments[i + 1], options);
      ++i;
    } else if (!parse_flag(arguments[i], options)) {
      throw UsageFailure("unknown option " + arguments[i] + "; run_model --help lists them");
    }
  }
  std::string* names[] = {&options.model, &options.folder, &options.image, &options.labels, &options.input};
  if (positional.size() != std::size(names)) throw UsageFailure("expected MODEL FOLDER IMAGE LABELS INPUT; run_model --help says more");
  for (size_t i = 0; i < std::size(names); ++i) *names[i] = positional[i];
  if (options.stretch && options.resize) throw UsageFailure("--resize has no effect with --stretch");
  return options;
}

// Names of the models in a folder, for the message about one that is not there.
std::string models_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().stem().string(), suffix = entry.path().extension().string();
    if (suffix != ".so" && suffix != ".tar") continue;
    names.insert(suffix == ".so" && name.ends_with("_tvm") ? name.substr(0, name.size() - 4) : name);
  }
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "it holds no compiled model" : "it holds " + text;
}

std::string find_artifact(const fs::path& folder, const std::string& name) {
  if (!fs::is_directory(folder)) throw Failure("there is no folder '" + folder.string() + "'");
  for (const char* ending : {"_tvm.so", ".so", ".tar"})
    if (fs::path path = folder / (name + ending); fs::is_regular_file(path)) return path.string();
  throw Failure("there is no model '" + name + "' in '" + folder.string() + "': expected " + name + "_tvm.so, " + name + ".so or " + name + ".tar; " +
                models_in(folder));
}

Preprocess preprocess_of(const Options& options) {
  Preprocess preprocess;
  preprocess.bgr = options.bgr;
  if (options.raw) preprocess.scale = 1;
  preprocess.mean = options.mean;
  preprocess.deviation = options.deviation;
  if (options.normalize) {
    const Preprocess& imagenet = *broach::find_preprocess_preset("imagenet");
    preprocess.mean = imagenet.mean;
    preprocess.deviation = imagenet.deviation;
    if (options.bgr) std::ranges::reverse(preprocess.mean), std::ranges::reverse(preprocess.deviation);
  }
  return preprocess;
}

// "1200x1200x3": width, height, channels.
void print_size(const char* what, const Image& image) { std::printf("%s: %dx%dx%d\n", what, image.width, image.height, image.channels); }

Image prepare_image(const ImageShape& shape, const Options& options) {
  Image image = broach::read_image(options.image, shape.channels);
  print_size("Original image", image);
  if (options.stretch) {
    image = broach::resize_image(image, shape.width, shape.height);
    print_size("Resized to", image);
  } else {
    int short_side = options.resize ? options.resize : broach::short_side_for_crop(std::max(shape.width, shape.height));
    image = broach::resize_short_side(image, short_side);
    print_size("Resized to", image);
    image = broach::crop_centre(image, shape.width, shape.height);
  }
  print_size("Final image size", image);
  return image;
}

void print_preprocess(const Preprocess& preprocess) {
  std::printf("Color order: %s\n", preprocess.bgr ? "BGR" : "RGB");
  std::printf("Pixel scaling: %s\n", preprocess.scale == 1 ? "0 to 255" : "0.0 to 1.0 (PyTorch-style)");
  const auto& [m, d] = std::pair(preprocess.mean, preprocess.deviation);
  if (m == Preprocess().mean && d == Preprocess().deviation) return;
  const char* order = preprocess.bgr ? "B,G,R" : "R,G,B";
  std::printf("Mean (%s): [%g, %g, %g]\n", order, m[0], m[1], m[2]);
  std::printf("Std (%s):  [%g, %g, %g]\n", order, d[0], d[1], d[2]);
}

template <class T>
void print_range(const char* what, std::span<const T> values) {
  auto [least, most] = std::ranges::minmax(values);
  double sum = std::accumulate(values.begin(), values.end(), 0.0);
  std::printf("%s range: [%g, %g], mean: %g\n", what, double(least), double(most), sum / double(values.size()));
}

// Fills the session's own memory of the input.
void set_image(const Tensor& input, const Image& image, const ImageShape& shape, const Options& options) {
  Preprocess preprocess = preprocess_of(options);
  if (input.holds<float>()) {
    auto values = input.values<float>();
    broach::normalise_image(image, preprocess, shape.layout, values.data());
    print_preprocess(preprocess);
    print_range<float>("Input tensor", values);
  } else if (input.holds<uint8_t>()) {
    Preprocess pixels = {.scale = 1, .bgr = options.bgr};
    if (options.normalize || preprocess.mean != pixels.mean || preprocess.deviation != pixels.deviation)
      throw Failure("the model takes pixels as they are: --normalize, --mean and --std have no effect");
    auto values = input.values<uint8_t>();
    broach::copy_image(image, options.bgr, shape.layout, values.data());
    print_preprocess(pixels);
    print_range<uint8_t>("Input tensor", values);
  } else {
    throw Failure("the model's input holds neither float32 nor uint8 numbers");
  }
}

std::string to_text(const std::vector<int64_t>& shape, const char* separator) {
  std::string text;
  for (int64_t dim : shape) text += std::to_string(dim) + separator;
  return text;
}

// The one picture that the model takes.
ImageShape find_picture(const Module& module, uint32_t input) {
  for (uint32_t i = 0; i < module.input_count(); ++i)
    if (i != input) throw Failure("the model has another input, '" + module.input(i).name + "'; run_model sets one picture only");
  auto info = module.input(input);
  auto shape = broach::find_image_shape(info.shape);
  if (!shape || shape->batch != 1)
    throw Failure("input '" + info.name + "' has the shape " + to_text(info.shape, " ") + "which is not that of one picture");
  return *shape;
}

std::vector<std::string> read_fitting_labels(const std::string& path, const TensorInfo& output) {
  auto labels = broach::read_labels(path);
  auto classes = std::accumulate(output.shape.begin(), output.shape.end(), int64_t{1}, std::multiplies());
  if (output.dtype.code != BROACH_DL_FLOAT || output.dtype.bits != 32) throw Failure("output '" + output.name + "' does not hold float32 numbers");
  if (int64_t(labels.size()) != classes)
    throw Failure("'" + path + "' holds " + std::to_string(labels.size()) + " labels, but output '" + output.name + "' has " +
                  std::to_string(classes) + " classes");
  return labels;
}

void print_classes(const Tensor& output, const std::vector<std::string>& labels, const Options& options) {
  auto scores = output.values<float>();
  std::printf("Output shape: %s\n", to_text(output.shape(), " ").c_str());
  print_range<float>("Logits", scores);
  std::printf("\n===== Running %s =====\n", options.model.c_str());
  auto best = broach::best_classes(scores, size_t(options.top));
  std::printf("Top-%zu Predictions:\n", best.size());
  for (size_t i = 0; i < best.size(); ++i) std::printf("%s\n", broach::class_line(i + 1, best[i], labels).c_str());
  std::printf("Predicted class: %zu (%s)\n", best[0].id, labels[best[0].id].c_str());
}

void run(const Options& options) {
  Module module(find_artifact(options.folder, options.model));
  uint32_t input = module.find_input(options.input);
  ImageShape shape = find_picture(module, input);
  auto labels = read_fitting_labels(options.labels, module.output(0));
  Image image = prepare_image(shape, options);
  Session session(module, uint32_t(options.threads));
  set_image(session.input(input), image, shape, options);
  session.run();
  print_classes(session.output(0), labels, options);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || std::ranges::count(arguments, "-h") || std::ranges::count(arguments, "--help")) {
    std::fputs(usage, arguments.empty() ? stderr : stdout);
    return arguments.empty() ? 2 : 0;
  }
  try {
    run(parse_arguments(arguments));
    return 0;
  } catch (const UsageFailure& failure) {
    std::fprintf(stderr, "run_model: error: %s\n", failure.what());
    return 2;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "Error: %s\n", failure.what());
    return 1;
  }
}
