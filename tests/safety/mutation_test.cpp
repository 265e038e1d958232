// Mutants of real files end in success or in a clear error, within time and memory. Run with sanitizers, too.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "runtime/artifact_note.h"
#include "runtime/tar.h"
#include "safety/mutators.h"
#include "safety/readers.h"
#include "small_onnx.h"

namespace broach::test {
namespace {

namespace fs = std::filesystem;
const fs::path source = BROACH_SOURCE_DIR;

constexpr double most_seconds = 10;         // for one mutant: far more than any needs, far less than a hang
constexpr long most_resident_kib = 3 << 20;  // of this program, sanitizers' shadow included

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  EXPECT_FALSE(bytes.empty()) << path;
  return bytes;
}

ByteSpan span_of(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

// Runs f on a mutant; whatever it throws fails the test, and the mutant is kept in a file.
template <class F>
auto on_mutant(const std::string& what, const std::string& bytes, F f) -> std::optional<decltype(f(ByteSpan()))> {
  const auto start = std::chrono::steady_clock::now();
  try {
    auto result = f(span_of(bytes));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LT(seconds, most_seconds) << what;
    return result;
  } catch (const std::exception& error) {
    const fs::path kept = fs::temp_directory_path() / ("mutant_" + std::to_string(std::hash<std::string>()(bytes)));
    std::ofstream(kept, std::ios::binary) << bytes;
    ADD_FAILURE() << what << ", kept as " << kept << ": " << error.what();
    return std::nullopt;
  }
}

void expect_little_memory() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, most_resident_kib);
}

// A skeleton's weights are left out: as inputs of their types they make it a whole model.
std::string with_weights_as_inputs(const std::string& bytes) {
  broach_onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  auto& graph = *model.mutable_graph();
  broach_onnx::GraphProto kept;
  for (auto& tensor : *graph.mutable_initializer()) {
    int64_t count = 1;
    for (int64_t d : tensor.dims()) count *= d;
    if (count == 0 || !tensor.raw_data().empty() || tensor.int64_data_size() || tensor.float_data_size()) {
      kept.add_initializer()->Swap(&tensor);
      continue;
    }
    auto* input = graph.add_input();
    input->set_name(tensor.name());
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(tensor.data_type());
    for (int64_t d : tensor.dims()) type->mutable_shape()->add_dim()->set_dim_value(d);
  }
  graph.mutable_initializer()->Swap(kept.mutable_initializer());
  return model.SerializeAsString();
}

std::vector<std::pair<std::string, std::string>> onnx_models() {
  std::vector<std::pair<std::string, std::string>> models = {{"small", small_classifier().bytes()}};
  for (const auto& entry : fs::directory_iterator(source / "tests/skeletons"))
    if (entry.path().extension() == ".onnx") models.emplace_back(entry.path().stem(), with_weights_as_inputs(read_file(entry.path())));
  std::sort(models.begin(), models.end());
  return models;
}

TEST(Mutations, OfOnnxModels) {
  int mutants = 0, verified = 0;
  for (const auto& [name, bytes] : onnx_models()) {
    ASSERT_EQ(import_model(span_of(bytes)), Import::verified) << name;
    broach_onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(bytes));
    Mutator mutator(mutants + 1);
    for (int i = 0; i < 200; ++i, ++mutants) {
      std::string mutant;
      if (i % 5 == 4) {
        mutant = mutator.damaged(bytes);
      } else {
        broach_onnx::ModelProto changed = model;
        for (int edits = i % 3 == 0 ? 2 : 1; edits > 0; --edits) mutator.change(changed);
        mutant = changed.SerializeAsString();
      }
      verified += on_mutant(name + " " + std::to_string(i), mutant, import_model) == Import::verified;
    }
  }
  std::printf("%d ONNX mutants, %d of them (%d %%) reached the graph verifier\n", mutants, verified, verified * 100 / mutants);
  EXPECT_GE(mutants, 1400);
  EXPECT_GE(verified * 100, mutants * 30);
  EXPECT_LT(verified, mutants);
  expect_little_memory();
}

// `count` mutants of each file; returns how many were read in spite of the damage.
int read_mutants(const std::vector<fs::path>& files, int count, bool (*read)(ByteSpan)) {
  int passed = 0, seed = 1;
  for (const fs::path& file : files) {
    const std::string bytes = read_file(file);
    EXPECT_TRUE(read(span_of(bytes))) << file << " itself is not read";
    Mutator mutator(static_cast<uint64_t>(seed++));
    for (int i = 0; i < count; ++i) passed += on_mutant(file.filename().string() + " " + std::to_string(i), mutator.damaged(bytes), read) == true;
  }
  std::printf("%zu mutants, %d of them still read\n", files.size() * static_cast<size_t>(count), passed);
  expect_little_memory();
  return passed;
}

TEST(Mutations, OfArrays) {
  std::vector<fs::path> files;
  for (const char* name : {"packed.npz", "stored.npz", "versions.npz"}) files.push_back(source / "tests/npz" / name);
  EXPECT_GT(read_mutants(files, 100, read_npz), 0);
}

TEST(Mutations, OfPictures) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(source / "tests/images")) {
    const std::string suffix = entry.path().extension().string();
    if (suffix != ".npz" && suffix != ".md" && suffix != ".py") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  EXPECT_GE(files.size(), 20u);
  EXPECT_GT(read_mutants(files, 30, read_picture), 0);
}

TEST(Mutations, OfLabels) { EXPECT_GT(read_mutants({source / "tests/abi/versions/README.md"}, 100, read_label_file), 0); }

TEST(Mutations, OfSavedGraphs) { read_mutants({source / "tests/safety/small.graph"}, 200, read_saved_graph); }

TEST(Mutations, OfArchives) {
  const fs::path file = source / "tests/abi/versions/1.0-x86_64.tar";
  EXPECT_GT(read_mutants({file}, 200, read_archive), 0);
}

TEST(Mutations, OfLibraries) { read_mutants({source / "tests/abi/versions/1.0-x86_64.so"}, 300, read_library); }

// The library inside an artifact, without its weights, byte for byte.
std::string code_of(const std::string& artifact) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(artifact.data());
  runtime::internal::ArtifactTar tar;
  if (artifact.compare(0, 4,
                       "\x7f"
                       "ELF") != 0 &&
      runtime::internal::read_tar(bytes, artifact.size(), "tar", tar) == BROACH_STATUS_OK)
    return artifact.substr(tar.library.offset, tar.library.bytes);
  runtime::internal::Artifact library;
  EXPECT_EQ(runtime::internal::read_artifact(bytes, artifact.size(), "library", library), BROACH_STATUS_OK);
  std::string code = artifact;
  return code.erase(library.note.constants_offset, library.note.constants_bytes);
}

// Weights are read by broach_module_verify alone, and the rest of an archive by no one: what opens has the library it had.
TEST(Mutations, OfArtifactsAreRefusedBeforeTheyAreLoaded) {
  int refused = 0;
  for (const char* name : {"1.0-x86_64.so", "1.0-x86_64.tar"}) {
    const std::string bytes = read_file(source / "tests/abi/versions" / name);
    Mutator mutator(7);
    for (int i = 0; i < 100; ++i) {
      const std::string mutant = mutator.damaged(bytes);
      const bool opened = on_mutant(name, mutant, open_artifact) == true;
      EXPECT_TRUE(!opened || code_of(mutant) == code_of(bytes)) << name << " " << i;
      refused += !opened;
    }
  }
  EXPECT_GT(refused, 100);
}

// A message is one line, whatever the file says.
TEST(Arrays, WithControlCharactersInWhatIsQuotedAreRefused) {
  const std::string bytes = read_file(source / "tests/npz/stored.npz");
  for (const std::string word : {"<f4", ".npy"}) {
    std::string changed = bytes;
    for (size_t at = changed.find(word); at != std::string::npos; at = changed.find(word, at)) changed.replace(at, 2, 2, '\n');
    ASSERT_NE(changed, bytes) << word;
    EXPECT_FALSE(read_npz(span_of(changed))) << word;
  }
}

// stb 2.27 writes past its table of 256 codes.
TEST(Pictures, WithTooManyHuffmanCodesAreRefused) {
  const std::string bytes = read_file(source / "tests/images/gray.jpg");
  int tables = 0;
  for (size_t at = bytes.find("\xff\xc4"); at != std::string::npos; at = bytes.find("\xff\xc4", at + 1), ++tables) {
    std::string many = bytes;
    many.replace(at + 5, 16, 16, '\xff');
    EXPECT_FALSE(read_picture(span_of(many)));
  }
  EXPECT_GE(tables, 1);
}

// What a few bytes may claim to hold: refused at once.
TEST(Bombs, OfElements) {
  SmallOnnx huge = small_classifier();
  huge.graph().mutable_initializer(0)->set_dims(0, int64_t{1} << 40);
  EXPECT_EQ(import_model(span_of(huge.bytes())), Import::refused);
  SmallOnnx input = small_classifier();
  input.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(3)->set_dim_value(int64_t{1} << 40);
  EXPECT_EQ(import_model(span_of(input.bytes())), Import::refused);
  SmallOnnx zeros("zeros");
  zeros.input("x", {1});
  auto* shape = zeros.graph().add_initializer();
  shape->set_name("shape");
  shape->set_data_type(broach_onnx::TensorProto::INT64);
  shape->add_dims(2);
  shape->add_int64_data(int64_t{1} << 20);
  shape->add_int64_data(int64_t{1} << 19);
  zeros.node("ConstantOfShape", "filled", {"shape"});
  zeros.node("Add", "sum", {"filled", "x"});
  zeros.output("sum", {int64_t{1} << 20, int64_t{1} << 19});
  on_mutant("2^39 zeros", zeros.bytes(), import_model);
  expect_little_memory();
}

// Each node doubles its input by a concatenation: 2^40 elements after forty nodes.
TEST(Bombs, OfGrowth) {
  SmallOnnx m("growth");
  m.weights("c0", {1});
  for (int i = 0; i < 40; ++i) {
    auto& node = m.node("Concat", "c" + std::to_string(i + 1), {"c" + std::to_string(i), "c" + std::to_string(i)});
    auto* axis = node.add_attribute();
    axis->set_name("axis");
    axis->set_type(broach_onnx::AttributeProto::INT);
    axis->set_i(0);
  }
  m.input("x", {1});
  m.node("Add", "out", {"c40", "x"});
  m.output("out", {int64_t{1} << 40});
  on_mutant("growth", m.bytes(), import_model);
  expect_little_memory();
}

// An attribute within an attribute within an attribute.
TEST(Bombs, OfDepth) {
  broach_onnx::ModelProto model = small_classifier().model();
  broach_onnx::GraphProto* graph = model.mutable_graph();
  for (int i = 0; i < 5000; ++i) {
    auto* node = graph->add_node();
    node->set_op_type("If");
    graph = node->add_attribute()->mutable_g();
  }
  EXPECT_EQ(on_mutant("depth", model.SerializeAsString(), import_model), Import::refused);
  const std::string name(1 << 20, '[');
  EXPECT_EQ(on_mutant("text", name, read_graph_text), false);
}

}  // namespace
}  // namespace broach::test
