#include "npz/npz.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "support/errors.h"

namespace broach {
namespace {

const std::string folder = BROACH_SOURCE_DIR "/tests/npz/";

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file that goes with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content = "") : path_(testing::TempDir() + "broach_npz_" + std::to_string(getpid()) + ".npz") {
    write(content);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  void write(const std::string& content) { std::ofstream(path_, std::ios::binary | std::ios::trunc) << content; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string message_of(const std::string& path) {
  try {
    NpzFile file(path);
    for (const auto& name : file.names()) file.read(name);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class NpzOfNumpy : public testing::TestWithParam<const char*> {};

TEST_P(NpzOfNumpy, ReadsEveryTypeAndOrder) {
  NpzFile file(folder + GetParam());
  EXPECT_EQ(file.names().size(), 16u);
  for (const char* type :
       {"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "gpu_0/data_0"}) {
    ASSERT_TRUE(file.contains(type)) << type;
    EXPECT_EQ(file.type(type).shape, (Shape{2, 3, 4})) << type;
    auto data = file.read(type);
    for (int64_t i = 0; i < 24; ++i) ASSERT_EQ(load_as_double(file.type(type).dtype, data.data(), i), double(i)) << type;
  }
  EXPECT_EQ(file.type("bool").dtype, DType::boolean);
  auto flags = file.read("bool");
  for (int64_t i = 0; i < 24; ++i) EXPECT_EQ(load_as_int(DType::boolean, flags.data(), i), i % 3 == 0);
  EXPECT_EQ(file.type("scalar").shape, Shape{});
  EXPECT_EQ(load_as_double(DType::f32, file.read("scalar").data(), 0), 5);
  EXPECT_EQ(file.type("empty").shape, (Shape{3, 0, 2}));
  EXPECT_TRUE(file.read("empty").empty());
  EXPECT_EQ(file.type("vector").shape, (Shape{5}));
}
INSTANTIATE_TEST_SUITE_P(Npz, NpzOfNumpy, testing::Values("stored.npz", "packed.npz"));

TEST(Npz, ReadsAllVersionsOfTheHeader) {
  NpzFile file(folder + "versions.npz");
  for (const char* name : {"v1", "v2", "v3"}) EXPECT_EQ(file.read(name).size(), 96u) << name;
}

TEST(Npz, WritesArraysWithNumpysHeaders) {
  // The arrays inside are compared: numpy's zip has other flags and times.
  const float scores[] = {1.5, -2};
  const int64_t ids[] = {7, 8, 9};
  TemporaryFile ours;
  write_npz(ours.path(), {{"output_0", {DType::f32, {1, 2}}, scores}, {"ids", {DType::i64, {3}}, ids}});
  std::string numpy = read_text(folder + "written.npz"), written = read_text(ours.path());
  for (const auto& [type, data, bytes] : {std::tuple(TensorType{DType::f32, {1, 2}}, static_cast<const void*>(scores), sizeof scores),
                                          std::tuple(TensorType{DType::i64, {3}}, static_cast<const void*>(ids), sizeof ids)}) {
    std::string array = write_npy_header(type) + std::string(static_cast<const char*>(data), bytes);
    EXPECT_EQ(array.size() % 8, 0u);
    EXPECT_NE(numpy.find(array), std::string::npos);
    EXPECT_NE(written.find(array), std::string::npos);
  }
  NpzFile file(ours.path());
  EXPECT_EQ(file.names(), (std::vector<std::string>{"output_0", "ids"}));
  EXPECT_EQ(load_as_int(DType::i64, file.read("ids").data(), 2), 9);
}

TEST(Npz, WritesTheSameBytesEveryTime) {
  const float one = 1;
  TemporaryFile file;
  write_npz(file.path(), {{"a", {DType::f32, {}}, &one}});
  std::string first = read_text(file.path());
  write_npz(file.path(), {{"a", {DType::f32, {}}, &one}});
  EXPECT_EQ(first, read_text(file.path()));
}

TEST(Npz, LeavesNothingWhereItCannotWrite) {
  const float one = 1;
  EXPECT_THROW(write_npz("/no/such/folder/x.npz", {{"a", {DType::f32, {}}, &one}}), Error);
  EXPECT_THROW(write_npz("/dev/full/x.npz", {{"a", {DType::f32, {}}, &one}}), Error);
}

TEST(Npz, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(message_of("/no/such.npz"), "there is no file '/no/such.npz'");
  EXPECT_EQ(message_of(folder), "'" + folder + "' is not a file; expected an .npz of numpy");
  EXPECT_EQ(message_of(folder + "make_arrays.py"), "'" + folder + "make_arrays.py' is not an .npz of numpy, or is damaged");
  EXPECT_EQ(message_of(folder + "big_endian.npz"),
            "array 'a' has elements of numpy type '>f4'; expected little-endian float16, float32, float64, bool or integers");
  EXPECT_EQ(message_of(folder + "complex.npz"),
            "array 'a' has elements of numpy type '<c8'; expected little-endian float16, float32, float64, bool or integers");
  EXPECT_EQ(message_of(folder + "records.npz"), "array 'a' is a table of records; expected one element type");
}

NpyHeader parse(const std::string& dictionary) {
  std::string text = std::string("\x93NUMPY\x01\x00", 8) + char(dictionary.size() & 255) + char(dictionary.size() >> 8) + dictionary;
  return parse_npy_header(std::as_bytes(std::span(text)), "x");
}

TEST(Npy, ParsesPythonsDictionaries) {
  NpyHeader header = parse("{\"shape\":(2,),'fortran_order' : True,\n 'descr':'|u1'}  \n");
  EXPECT_EQ(header.type, (TensorType{DType::u8, {2}, {}}));
  EXPECT_TRUE(header.fortran_order);
  EXPECT_EQ(parse("{'descr': '<i8', 'fortran_order': False, 'shape': (3L, 4L), }").type.shape, (Shape{3, 4}));
}

TEST(Npy, RefusesWhatIsNotExactlyAHeader) {
  for (const char* text :
       {"", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1", "{'descr': '<f4",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}"})
    EXPECT_THROW(parse(text), Error) << text;
}

// A zip of one entry, as libzip writes it.
void write_zip(const std::string& path, const std::string& entry, const std::string& content) {
  zip_t* file = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  zip_file_add(file, entry.c_str(), zip_source_buffer(file, content.data(), content.size(), 0), ZIP_FL_ENC_UTF_8);
  ASSERT_EQ(zip_close(file), 0);
}

TEST(Npz, ClaimsAreComparedWithWhatIsThere) {
  TemporaryFile file;
  write_zip(file.path(), "a.npy", write_npy_header({DType::f32, {1 << 20, 1 << 19}}) + "data");
  EXPECT_EQ(message_of(file.path()), "array 'a' of '" + file.path() + "' says f32[1048576, 524288] but holds 4 bytes of data, not 2199023255552");
  write_zip(file.path(), "a.npy", write_npy_header({DType::f32, {1 << 20, 1 << 20}}));
  EXPECT_EQ(message_of(file.path()), "array 'a' of '" + file.path() + "': a tensor of shape [1048576, 1048576] has 2^40 elements or more");
  write_zip(file.path(), "a.npy", write_npy_header({DType::f32, {1 << 30, 1 << 30, 1 << 30}}));
  EXPECT_NE(message_of(file.path()), "");
  write_zip(file.path(), "a.npy", write_npy_header({DType::f32, {1}}) + "longer");
  EXPECT_NE(message_of(file.path()), "");
  write_zip(file.path(), "a.txt", "text");
  EXPECT_EQ(message_of(file.path()), "'" + file.path() + "' holds 'a.txt', which is not a .npy array");
}

// Every mutant is read, or refused by an Error.
TEST(Npz, MutatedFilesEndInArraysOrAnError) {
  std::mt19937 random(2);
  int read = 0, refused = 0;
  TemporaryFile file;
  for (const char* name : {"stored.npz", "packed.npz", "versions.npz"}) {
    const std::string original = read_text(folder + name);
    for (int round = 0; round < 700; ++round) {
      std::string text = original;
      for (int i = 0, n = 1 + int(random() % 3); i < n; ++i) text[random() % text.size()] = char(random());
      if (random() % 8 == 0) text.resize(random() % text.size());
      file.write(text);
      ++(message_of(file.path()).empty() ? read : refused);
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace broach
