#include "importers/onnx/tensor_data.h"

#include <charconv>
#include <filesystem>

#include "onnx_subset.pb.h"
#include "support/errors.h"

namespace broach {
namespace {

using broach_onnx::TensorProto;

struct OnnxType {
  const char* name;
  std::optional<DType> dtype;
};
const OnnxType types[] = {
    {"UNDEFINED", {}},
    {"FLOAT", DType::f32},
    {"UINT8", DType::u8},
    {"INT8", DType::i8},
    {"UINT16", DType::u16},
    {"INT16", DType::i16},
    {"INT32", DType::i32},
    {"INT64", DType::i64},
    {"STRING", {}},
    {"BOOL", DType::boolean},
    {"FLOAT16", DType::f16},
    {"DOUBLE", DType::f64},
    {"UINT32", DType::u32},
    {"UINT64", DType::u64},
    {"COMPLEX64", {}},
    {"COMPLEX128", {}},
    {"BFLOAT16", DType::bf16},
    {"FLOAT8E4M3FN", {}},
    {"FLOAT8E4M3FNUZ", {}},
    {"FLOAT8E5M2", {}},
    {"FLOAT8E5M2FNUZ", {}},
    {"UINT4", {}},
    {"INT4", {}},
    {"FLOAT4E2M1", {}},
};

bool is_known(int data_type) { return data_type >= 0 && size_t(data_type) < std::size(types); }

// Elements that stand in a field of another type: integers below 32 bits and the bits of half floats in int32_data, ...
template <class Field>
Constant from_field(const TensorType& type, const Field& field) {
  int64_t count = element_count(type.shape);
  if (field.size() != count) throw_error("it holds {} elements, its type {} needs {}", field.size(), to_string(type), count);
  auto bytes = std::make_shared<std::string>(size_t(count * byte_size(type.dtype)), '\0');
  for (int i = 0; i < int(count); ++i) {
    if constexpr (std::is_floating_point_v<std::decay_t<decltype(field.Get(0))>>)
      store_double(type.dtype, bytes->data(), i, field.Get(i));
    else if (type.dtype == DType::f16 || type.dtype == DType::bf16)
      store_int(DType::u16, bytes->data(), i, field.Get(i));
    else
      store_int(type.dtype, bytes->data(), i, int64_t(field.Get(i)));
  }
  return Constant(type, bytes, reinterpret_cast<const std::byte*>(bytes->data()));
}

Constant from_fields(const TensorProto& tensor, const TensorType& type) {
  switch (type.dtype) {
    case DType::f32: return from_field(type, tensor.float_data());
    case DType::f64: return from_field(type, tensor.double_data());
    case DType::i64: return from_field(type, tensor.int64_data());
    case DType::u32:
    case DType::u64: return from_field(type, tensor.uint64_data());
    default: return from_field(type, tensor.int32_data());
  }
}

// A file may hold any byte where a bool is expected; ours are 0 and 1.
void normalise_bools(const TensorType& type, std::string& bytes) {
  if (type.dtype != DType::boolean) return;
  for (char& byte : bytes) byte = byte != 0;
}

Constant from_raw(TensorProto& tensor, TensorType type) {
  int64_t expected = element_count(type.shape) * byte_size(type.dtype);
  if (int64_t(tensor.raw_data().size()) != expected)
    throw_error("it holds {} bytes, its type {} needs {}", tensor.raw_data().size(), to_string(type), expected);
  auto bytes = std::make_shared<std::string>(std::move(*tensor.mutable_raw_data()));
  normalise_bools(type, *bytes);
  return Constant(std::move(type), bytes, reinterpret_cast<const std::byte*>(bytes->data()));
}

uint64_t parse_size(const std::string& key, const std::string& text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw_error("its {} '{}' is no number", key, text);
  return value;
}

}  // namespace

std::optional<DType> dtype_of_onnx(int data_type) { return is_known(data_type) ? types[data_type].dtype : std::nullopt; }

std::string onnx_dtype_name(int data_type) { return is_known(data_type) ? types[data_type].name : fmt::format("type {}", data_type); }

Constant TensorReader::read(TensorProto& tensor) {
  auto dtype = dtype_of_onnx(tensor.data_type());
  if (!dtype) throw_error("element type {} is not supported", onnx_dtype_name(tensor.data_type()));
  TensorType type{*dtype, Shape(tensor.dims().begin(), tensor.dims().end())};
  element_count(type.shape);
  if (tensor.data_location() == TensorProto::EXTERNAL) return read_external(tensor, std::move(type));
  return tensor.has_raw_data() ? from_raw(tensor, std::move(type)) : from_fields(tensor, type);
}

Constant TensorReader::read_external(const TensorProto& tensor, TensorType type) {
  std::string location;
  uint64_t offset = 0, expected = uint64_t(element_count(type.shape) * byte_size(type.dtype)), length = expected;
  for (auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = parse_size(entry.key(), entry.value());
    if (entry.key() == "length") length = parse_size(entry.key(), entry.value());
  }
  if (length != expected) throw_error("its external data has {} bytes, its type {} needs {}", length, to_string(type), expected);
  auto file = open(location);
  auto bytes = file->bytes();
  if (offset > bytes.size() || length > bytes.size() - offset)
    throw_error("its external data ends past the end of '{}' ({} bytes)", location, bytes.size());
  if (length != 0 && offset % uint64_t(byte_size(type.dtype)) == 0 && type.dtype != DType::boolean)
    return Constant(std::move(type), file, bytes.data() + offset);

  // Unaligned data is copied; a file that has the same bytes read many times does not get memory without limit.
  copied_ += length;
  if (copied_ > 2 * mapped_) throw_error("external data that overlaps is not supported");
  auto copy = std::make_shared<std::string>(reinterpret_cast<const char*>(bytes.data()) + offset, length);
  normalise_bools(type, *copy);
  return Constant(std::move(type), copy, reinterpret_cast<const std::byte*>(copy->data()));
}

std::shared_ptr<const MappedFile> TensorReader::open(const std::string& location) {
  auto known = files_.find(location);
  if (known != files_.end()) return known->second;
  namespace fs = std::filesystem;
  if (folder_.empty()) throw_error("its data is in the file '{}', but a model given as bytes has no folder", location);
  fs::path path(location);
  bool inside = !location.empty() && location.find('\0') == std::string::npos && path.is_relative();
  for (const fs::path& part : path) inside = inside && part != "..";
  std::error_code ignored;
  fs::path folder = fs::weakly_canonical(folder_, ignored), real = fs::weakly_canonical(folder / path, ignored);
  auto [end, unused] = std::mismatch(folder.begin(), folder.end(), real.begin(), real.end());
  if (!inside || end != folder.end()) throw_error("its external file '{}' is not inside the model's folder; nothing outside it is read", location);
  auto file = MappedFile::open(real.string());
  mapped_ += file->bytes().size();
  return files_[location] = file;
}

}  // namespace broach
