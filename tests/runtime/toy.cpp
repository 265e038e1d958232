#include "runtime/toy.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "runtime/artifact_note.h"

namespace fs = std::filesystem;

namespace toy {
namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "broach_runtime_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

void put(uint8_t* header, size_t at, const std::string& text) { std::memcpy(header + at, text.data(), text.size()); }

std::string octal(uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

std::string folder() {
  static const Folder instance;
  return instance.path.string();
}

std::string write_file(const std::string& name, const Bytes& bytes) {
  const fs::path path = fs::path(folder()) / name;
  fs::create_directories(path.parent_path());
  // A new file each time: the loader may still map the old one.
  fs::remove(path);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path.string();
}

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

const Bytes& linked(const std::string& flags) {
  static std::map<std::string, Bytes> built;
  const auto found = built.find(flags);
  if (found != built.end()) return found->second;
  const fs::path source = fs::path(__FILE__).parent_path() / "toy_model.c";
  const fs::path include = source.parent_path().parent_path().parent_path() / "include";
  const std::string output = folder() + "/linked.so";
  const std::string command =
      "cc -std=gnu11 -O1 -shared -fPIC -nostdlib -ffreestanding -fno-tree-loop-distribute-patterns -ffp-contract=off "
      "-fvisibility=hidden -Wl,--build-id=none " +
      flags + " -I" + include.string() + " -o " + output + " " + source.string();
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return built.emplace(flags, read_file(output)).first->second;
}

uint64_t constants_offset(const Bytes& library) {
  uint64_t offset = 0, bytes = 0;
  EXPECT_TRUE(broach::runtime::find_section(library.data(), library.size(), "broach_constants", &offset, &bytes));
  return offset;
}

Bytes params() {
  const Bytes& library = linked();
  uint64_t offset = 0, bytes = 0;
  EXPECT_TRUE(broach::runtime::find_section(library.data(), library.size(), "broach_constants", &offset, &bytes));
  return Bytes(library.begin() + static_cast<ptrdiff_t>(offset), library.begin() + static_cast<ptrdiff_t>(offset + bytes));
}

Bytes seal_again(Bytes library, bool apart) {
  char error[512] = "";
  const Bytes constants = params();
  const uint64_t offset = apart ? 0 : constants_offset(library);
  EXPECT_TRUE(broach::runtime::seal_artifact(library.data(), library.size(), offset, constants.data(), constants.size(), error, sizeof error))
      << error;
  return library;
}

Bytes sealed(const std::string& flags) { return seal_again(linked(flags), flags.find("-DPARAMS") != std::string::npos); }

Bytes tar(const std::vector<Member>& members) {
  Bytes archive;
  for (const Member& member : members) {
    uint8_t header[512] = {};
    put(header, 0, member.path);
    put(header, 100, "0000644");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, octal(member.bytes.size(), 11));
    put(header, 136, octal(0, 11));
    put(header, 148, "        ");
    header[156] = static_cast<uint8_t>(member.type);
    put(header, 257,
        std::string("ustar\0"
                    "00",
                    8));
    unsigned sum = 0;
    for (uint8_t byte : header) sum += byte;
    put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
    archive.insert(archive.end(), header, header + 512);
    archive.insert(archive.end(), member.bytes.begin(), member.bytes.end());
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  archive.resize(archive.size() + 1024);
  return archive;
}

std::vector<float> input(int64_t count, int seed) {
  std::vector<float> values(static_cast<size_t>(count));
  uint32_t state = 12345u + static_cast<uint32_t>(seed);
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

namespace {
std::vector<float> mixed(const std::vector<float>& x, const std::vector<float>& y) {
  const size_t n = x.size();
  std::vector<float> v(n);
  for (size_t i = 0; i < n; ++i) {
    const size_t j = n - 1 - i;
    const float product = x[j] * static_cast<float>(static_cast<int>(j % 17) - 8);
    const float square = y[i] * y[i];
    v[i] = product + square;
  }
  return v;
}
}  // namespace

std::vector<float> expected_out(const std::vector<float>& x, const std::vector<float>& y) {
  std::vector<float> out = mixed(x, y);
  for (float& value : out) value *= 0.5f;
  return out;
}

float expected_total(const std::vector<float>& x, const std::vector<float>& y) {
  float total = 0;
  for (float value : mixed(x, y)) total += value;
  return total;
}

std::string open_error(const std::string& path, broach_status status) {
  broach_module* module = nullptr;
  EXPECT_EQ(broach_module_open(path.c_str(), &module), status) << broach_error_message();
  broach_module_close(module);
  return status ? broach_error_message() : "";
}

std::string open_error(const Bytes& artifact, broach_status status, const Bytes& params) {
  broach_module* module = nullptr;
  const void* weights = params.empty() ? nullptr : params.data();
  EXPECT_EQ(broach_module_open_memory(artifact.data(), artifact.size(), weights, params.size(), &module), status) << broach_error_message();
  broach_module_close(module);
  return status ? broach_error_message() : "";
}

AlignedFloats::AlignedFloats(const std::vector<float>& values, size_t offset) : memory_(values.size() * 4 + 64 + offset) {
  const size_t past = reinterpret_cast<uintptr_t>(memory_.data()) % 64;
  data_ = reinterpret_cast<float*>(memory_.data() + (64 - past) % 64 + offset);
  std::memcpy(data_, values.data(), values.size() * 4);
}

}  // namespace toy
