// The innermost loops of whole networks, compiled for two instruction sets and not run: no stack traffic where sums are formed, and no
// more instructions per fused multiply-add than ceilings.json allows. After a change for the better (or one that is meant), write it anew:
//
//     BROACH_WRITE_CEILINGS=1 build/bin/test_codegen --gtest_filter='Networks/*'
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "codegen/llvm/kernel_report.h"
#include "driver/compile.h"
#include "importers/model_files.h"

namespace broach::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path ceilings_file = fs::path(BROACH_SOURCE_DIR) / "tests/codegen/ceilings.json";
constexpr const char* networks[] = {"resnet18", "resnet50", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v2", "encoder4"};

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<KernelReport> kernels_of(const std::string& model, const std::string& cpu) {
  fs::path output = fs::temp_directory_path() / fmt::format("network_loops_{}_{}.so", ::getpid(), cpu);
  CompileOptions options;
  options.target = "llvm -mtriple=x86_64-linux-gnu -mcpu=" + cpu;
  options.output = output.string();
  options.module_name = "network";
  options.dump_code = {"asm"};
  compile_file(model, options);
  std::vector<KernelReport> kernels = report_kernels(read_text(output.string() + ".asm"));
  fs::remove(output);
  fs::remove(output.string() + ".asm");
  return kernels;
}

// Instructions per fused multiply-add of every innermost loop that has some, worst first, rounded up to hundredths.
Json ratios_of(const KernelReport& kernel) {
  std::vector<double> ratios;
  for (const LoopReport& loop : kernel.innermost)
    if (loop.fma > 0) ratios.push_back(std::ceil(100.0 * loop.instructions / loop.fma) / 100);
  std::ranges::sort(ratios, std::greater());
  return ratios;
}

class NetworkLoops : public testing::TestWithParam<const char*> {
 protected:
  // Calls f(network's name, its kernels) for every network that is there.
  void for_each_network(const std::function<void(const std::string&, const std::vector<KernelReport>&)>& f) {
    size_t missing = 0;
    for (const ModelFile& file : model_files()) {
      if (std::ranges::find(networks, file.name) == std::end(networks)) continue;
      if (!exists(file)) {
        ++missing;
        continue;
      }
      SCOPED_TRACE(file.name);
      f(file.name, kernels_of(file.path, GetParam()));
    }
    skip_missing(missing);
  }
};

// An exponential's constants are more than AVX2 has registers: where one of them is read from does not matter.
void expect_no_stack_traffic(const KernelReport& kernel) {
  if (kernel.function.find("softmax") != std::string::npos) return;
  for (const LoopReport& loop : kernel.innermost)
    if (loop.fma > 0) {
      EXPECT_EQ(loop.stack, 0) << kernel.function << " " << to_string(loop);
    }
}

void expect_below(const KernelReport& kernel, const Json& ratios, const Json& ceilings) {
  const char* remedy = "; if this is meant, write ceilings.json anew";
  if (!ceilings.contains(kernel.function) || ceilings[kernel.function].size() != ratios.size()) {
    ADD_FAILURE() << kernel.function << " has loops that ceilings.json does not know" << remedy;
    return;
  }
  for (size_t i = 0; i < ratios.size(); ++i)
    EXPECT_LE(ratios[i].get<double>(), ceilings[kernel.function][i].get<double>()) << kernel.function << ", loop " << i << remedy;
}

TEST_P(NetworkLoops, AreTight) {
  bool write = std::getenv("BROACH_WRITE_CEILINGS") != nullptr;
  Json ceilings = fs::exists(ceilings_file) ? Json::parse(read_text(ceilings_file)) : Json::object();
  for_each_network([&](const std::string& network, const std::vector<KernelReport>& kernels) {
    Json& stored = ceilings[GetParam()][network];
    if (write) stored = Json::object();
    size_t hot = 0;
    for (const KernelReport& kernel : kernels) {
      Json ratios = ratios_of(kernel);
      if (ratios.empty()) continue;
      ++hot;
      expect_no_stack_traffic(kernel);
      if (write)
        stored[kernel.function] = ratios;
      else
        expect_below(kernel, ratios, stored);
    }
    EXPECT_GT(hot, 3u) << "hardly a kernel with multiply-adds: the report does not see them";
  });
  if (write) std::ofstream(ceilings_file) << ceilings.dump(1) << "\n";
}

INSTANTIATE_TEST_SUITE_P(Networks, NetworkLoops, testing::Values("skylake-avx512", "haswell"), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace broach::test
