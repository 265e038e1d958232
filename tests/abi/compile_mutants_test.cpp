// Models that were damaged field by field go through the whole compiler: an artifact that loads and runs, or a clear error.
#include <gtest/gtest.h>

#include "abi/compiled_models.h"
#include "safety/mutators.h"
#include "small_onnx.h"
#include "support/errors.h"

namespace broach::test {
namespace {

// Runs are bounded: some mutants ask for gigabytes of work that is legal.
constexpr uint64_t most_input_bytes = 1 << 24;

void run_artifact(const fs::path& artifact) {
  const runtime::Module module(artifact.string());
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < module.input_count(); ++i) bytes += module.input(i).bytes;
  if (bytes > most_input_bytes) return;
  runtime::Session session(module, 2);
  set_inputs(session, random_inputs(module, 1));
  session.run();
}

TEST(Mutants, CompileOrAreRefused) {
  const SmallOnnx original = small_classifier();
  Mutator mutator(11);
  int compiled = 0, refused = 0;
  const fs::path path = folder() / "mutant.onnx", artifact = folder() / "mutant.so";
  for (int i = 0; i < 100; ++i) {
    broach_onnx::ModelProto model = SmallOnnx(original).model();
    mutator.change(model);
    write_file(path, model.SerializeAsString());
    fs::remove(artifact);
    try {
      compile({"mutant", path, {}}, "mutant.so");
      ++compiled;
      run_artifact(artifact);
    } catch (const Error& error) {
      ++refused;
      EXPECT_FALSE(fs::exists(artifact)) << error.what();
    } catch (const std::exception& error) {
      const fs::path kept = fs::temp_directory_path() / ("mutant_" + std::to_string(i) + ".onnx");
      fs::copy_file(path, kept, fs::copy_options::overwrite_existing);
      ADD_FAILURE() << "mutant " << i << ", kept as " << kept << ": " << error.what();
    }
  }
  std::printf("%d mutants compiled, %d refused\n", compiled, refused);
  EXPECT_GT(compiled, 20);
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace broach::test
