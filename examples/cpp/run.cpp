// Runs a compiled model from C++: run ARTIFACT [INPUT_FILE ...]
//
// Each input file holds the raw bytes of one input, in the model's order; inputs without a file are zeros.
// Prints the shapes of the outputs, their first values, and the slowest steps.
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "broach/runtime.hpp"

namespace runtime = broach::runtime;

static void fill_from_file(const runtime::TensorInfo& info, void* memory, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.read(static_cast<char*>(memory), static_cast<std::streamsize>(info.bytes));
  if (!file || file.peek() != std::ifstream::traits_type::eof())
    throw std::runtime_error("input " + info.name + " takes " + std::to_string(info.bytes) + " bytes, which " + path + " does not have");
}

static void print_output(const runtime::TensorInfo& info, const runtime::Tensor& tensor) {
  std::printf("%s: shape [", info.name.c_str());
  for (size_t i = 0; i < tensor.shape().size(); ++i) std::printf("%s%lld", i ? "," : "", static_cast<long long>(tensor.shape()[i]));
  std::printf("]");
  if (tensor.holds<float>()) {
    std::printf(", values");
    const auto values = tensor.values<float>();
    for (float value : values.first(std::min<size_t>(values.size(), 5))) std::printf(" %g", static_cast<double>(value));
  }
  std::printf("\n");
}

static void run(const std::string& artifact, std::vector<std::string> files) {
  runtime::Module module(artifact);
  runtime::Session session(module);
  for (uint32_t i = 0; i < module.input_count(); ++i) {
    const runtime::Tensor input = session.input(i);  // the session's own memory, zeros at first
    if (i < files.size()) fill_from_file(module.input(i), input.data(), files[i]);
  }
  session.set_profile(true);
  session.run();
  for (uint32_t i = 0; i < module.output_count(); ++i) print_output(module.output(i), session.output(i));

  auto steps = session.profile();
  std::sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  for (const auto& step : std::span(steps).first(std::min<size_t>(steps.size(), 3))) std::printf("%8.3f ms  %s\n", step.seconds * 1e3, step.origin);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s ARTIFACT [INPUT_FILE ...]\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1], {argv + 2, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 4;
  }
}
