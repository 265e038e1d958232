#include "npz/npz.h"

#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <ranges>

#include "support/errors.h"
#include "support/files.h"

namespace broach {
namespace {

constexpr std::string_view suffix = ".npy";
constexpr int64_t max_entries = 1 << 16;

std::unique_ptr<zip, void (*)(zip*)> open_zip(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code code;
  auto status = fs::status(path, code);
  if (!fs::exists(status)) throw_error("there is no file '{}'", path);
  if (!fs::is_regular_file(status)) throw_error("'{}' is not a file; expected an .npz of numpy", path);
  int error = 0;
  zip* opened = zip_open(path.c_str(), ZIP_RDONLY, &error);
  if (!opened) throw_error("'{}' is not an .npz of numpy, or is damaged", path);
  return {opened, zip_discard};
}

// What a file of so many packed bytes can unpack to. Deflate makes at most 1,032 bytes of one.
bool is_possible(const zip_stat_t& stat, uint64_t file_bytes) {
  if (stat.comp_size > file_bytes) return false;
  if (stat.comp_method == ZIP_CM_STORE) return stat.size == stat.comp_size;
  return stat.comp_method == ZIP_CM_DEFLATE && stat.size / 1040 <= stat.comp_size;
}

// Row-major from first-axis-fastest.
std::vector<std::byte> from_fortran(const std::vector<std::byte>& in, const TensorType& type) {
  struct Axis {
    size_t dim, pitch, at;
  };
  std::vector<Axis> axes;
  size_t pitch = size_t(byte_size(type.dtype)), size = pitch, from = 0;
  for (int64_t dim : type.shape) {
    axes.push_back({size_t(dim), pitch, 0});
    pitch *= size_t(dim);
  }
  std::vector<std::byte> out;
  out.reserve(in.size());
  while (out.size() < in.size()) {
    out.insert(out.end(), in.begin() + std::ptrdiff_t(from), in.begin() + std::ptrdiff_t(from + size));
    for (Axis& axis : axes | std::views::reverse) {
      from += axis.pitch;
      if (++axis.at < axis.dim) break;
      from -= axis.pitch * axis.dim;
      axis.at = 0;
    }
  }
  return out;
}

using Archive = std::unique_ptr<zip, void (*)(zip*)>;
using Source = std::unique_ptr<zip_source_t, void (*)(zip_source_t*)>;

void add_entry(zip* file, const std::string& name, const std::string& contents, const std::string& path) {
  zip_source_t* source = zip_source_buffer(file, contents.data(), contents.size(), 0);
  zip_int64_t index = zip_file_add(file, (name + std::string(suffix)).c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    throw_error("array '{}' cannot be put into '{}': {}", name, path, zip_strerror(file));
  }
  zip_set_file_compression(file, zip_uint64_t(index), ZIP_CM_STORE, 0);
  constexpr zip_uint16_t midnight = 0, first_of_1980 = 1 << 5 | 1;  // zip's earliest date, as numpy writes it
  zip_file_set_dostime(file, zip_uint64_t(index), midnight, first_of_1980, 0);
}

void copy_source(zip_source_t* source, AtomicFile& output) {
  std::vector<char> piece(1 << 20);
  zip_source_open(source);
  zip_int64_t got = 0;
  while ((got = zip_source_read(source, piece.data(), piece.size())) > 0) output.write({piece.data(), size_t(got)});
  zip_source_close(source);
  BROACH_CHECK(got == 0, "an archive in memory cannot be read back");
}

}  // namespace

NpzFile::NpzFile(const std::string& path) : path_(path), zip_(open_zip(path)) {
  zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
  if (count > max_entries) throw_error("'{}' holds {} arrays; at most {} are read", path, count, max_entries);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* entry = zip_get_name(zip_.get(), zip_uint64_t(i), ZIP_FL_ENC_RAW);
    std::string name = entry ? entry : "";
    if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }))
      throw_error("'{}' holds an array whose name has control characters", path);
    if (!name.ends_with(suffix)) throw_error("'{}' holds '{}', which is not a .npy array", path, name);
    name.resize(name.size() - suffix.size());
    if (!arrays_.emplace(name, read_header(zip_uint64_t(i), name)).second) throw_error("'{}' holds two arrays '{}'", path, name);
  }
}

NpzFile::Array NpzFile::read_header(uint64_t index, const std::string& name) const {
  zip_stat_t stat;
  zip_stat_init(&stat);
  std::error_code code;
  if (zip_stat_index(zip_.get(), index, 0, &stat) != 0 || !is_possible(stat, std::filesystem::file_size(path_, code)))
    throw_error("array '{}' of '{}' is damaged, or packed in a way that numpy does not use", name, path_);
  auto start = read_entry(index, std::min<uint64_t>(stat.size, max_npy_header), name);
  Array array{index, parse_npy_header(start, name)};
  const TensorType& type = array.header.type;
  uint64_t bytes = 0;
  try {
    bytes = uint64_t(element_count(type.shape)) * uint64_t(byte_size(type.dtype));
  } catch (const Error& error) {
    throw_error("array '{}' of '{}': {}", name, path_, error.what());
  }
  if (stat.size - array.header.data_offset != bytes)
    throw_error("array '{}' of '{}' says {} but holds {} bytes of data, not {}", name, path_, to_string(type), stat.size - array.header.data_offset,
                bytes);
  return array;
}

std::vector<std::byte> NpzFile::read_entry(uint64_t index, size_t bytes, const std::string& name) const {
  std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(zip_.get(), index, 0), zip_fclose);
  if (!file) throw_error("array '{}' of '{}' cannot be unpacked", name, path_);
  std::vector<std::byte> data(bytes);
  size_t done = 0;
  while (done < bytes) {
    zip_int64_t got = zip_fread(file.get(), data.data() + done, bytes - done);
    if (got <= 0) throw_error("array '{}' of '{}' cannot be unpacked: it is damaged or cut off", name, path_);
    done += size_t(got);
  }
  return data;
}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays_) names.push_back(name);
  std::ranges::sort(names, {}, [&](const std::string& name) { return arrays_.at(name).index; });
  return names;
}

std::vector<std::byte> NpzFile::read(const std::string& name) const {
  const auto& [index, header] = arrays_.at(name);
  auto bytes = size_t(element_count(header.type.shape) * byte_size(header.type.dtype));
  auto data = read_entry(index, header.data_offset + bytes, name);
  data.erase(data.begin(), data.begin() + std::ptrdiff_t(header.data_offset));
  return header.fortran_order ? from_fortran(data, header.type) : data;
}

void write_npz(const std::string& path, const std::vector<NamedArray>& arrays) {
  AtomicFile output(path);  // where it cannot be written, that is known before the work
  Source memory(zip_source_buffer_create(nullptr, 0, 0, nullptr), zip_source_free);
  if (!memory) throw std::bad_alloc();
  zip_source_keep(memory.get());  // the archive frees one hold
  Archive file(zip_open_from_source(memory.get(), ZIP_TRUNCATE, nullptr), zip_discard);
  if (!file) throw_error("'{}' cannot be written", path);
  std::vector<std::string> contents;  // zip_close reads them
  for (const auto& array : arrays) {
    auto bytes = size_t(element_count(array.type.shape) * byte_size(array.type.dtype));
    contents.push_back(write_npy_header(array.type));
    contents.back().append(static_cast<const char*>(array.data), bytes);
  }
  for (size_t i = 0; i < arrays.size(); ++i) add_entry(file.get(), arrays[i].name, contents[i], path);
  if (zip_close(file.get()) != 0) throw_error("'{}' cannot be written: {}", path, zip_strerror(file.get()));
  static_cast<void>(file.release());  // closed
  copy_source(memory.get(), output);
  output.commit();
}

}  // namespace broach
