#include "graph/constant.h"

#include <algorithm>
#include <cstring>
#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "support/errors.h"

namespace broach {
namespace {

constexpr std::align_val_t alignment{64};  // of a cache line and of the widest vector

std::shared_ptr<std::byte> allocate(int64_t bytes) {
  size_t size = size_t(std::max<int64_t>(bytes, 1));  // an empty tensor has an address too
  auto* memory = static_cast<std::byte*>(::operator new(size, alignment, std::nothrow));
  if (!memory) throw_error("not enough memory for a constant of {} bytes", bytes);
  return {memory, [](std::byte* p) { ::operator delete(p, alignment); }};
}

// A constant whose element i is written by store(memory, i).
template <class Store>
Constant build(TensorType type, Store store) {
  int64_t count = element_count(type.shape);
  auto memory = allocate(count * byte_size(type.dtype));
  for (int64_t i = 0; i < count; ++i) store(memory.get(), i);
  return Constant(std::move(type), memory, memory.get());
}

}  // namespace

Constant::Constant(TensorType type, std::span<const std::byte> bytes) : type_(std::move(type)) {
  BROACH_CHECK(int64_t(bytes.size()) == this->bytes(), "{} bytes for a constant of type {}", bytes.size(), to_string(type_));
  auto memory = allocate(int64_t(bytes.size()));
  if (!bytes.empty()) std::memcpy(memory.get(), bytes.data(), bytes.size());
  data_ = memory.get();
  owner_ = std::move(memory);
}

Constant::Constant(TensorType type, std::shared_ptr<const void> owner, const std::byte* data)
    : type_(std::move(type)), owner_(std::move(owner)), data_(data) {
  BROACH_CHECK(data_, "a constant of type {} without data", to_string(type_));
}

Constant Constant::of_ints(const std::vector<int64_t>& values, Shape shape, DType dtype) {
  BROACH_CHECK(int64_t(values.size()) == element_count(shape), "{} values for shape {}", values.size(), to_string(shape));
  return build({dtype, std::move(shape)}, [&](void* data, int64_t i) { store_int(dtype, data, i, values[size_t(i)]); });
}

Constant Constant::of_floats(const std::vector<double>& values, Shape shape, DType dtype) {
  BROACH_CHECK(int64_t(values.size()) == element_count(shape), "{} values for shape {}", values.size(), to_string(shape));
  return build({dtype, std::move(shape)}, [&](void* data, int64_t i) { store_double(dtype, data, i, values[size_t(i)]); });
}

Constant Constant::filled(TensorType type, double value) {
  DType dtype = type.dtype;
  return build(std::move(type), [&](void* data, int64_t i) { store_double(dtype, data, i, value); });
}

std::vector<int64_t> Constant::ints() const {
  std::vector<int64_t> values(static_cast<size_t>(elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = int_at(int64_t(i));
  return values;
}

std::vector<double> Constant::floats() const {
  std::vector<double> values(static_cast<size_t>(elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float_at(int64_t(i));
  return values;
}

uint64_t Constant::hash() const {
  if (hash_ == 0) {
    std::string type = to_string(type_);
    uint64_t seed = XXH3_64bits(type.data(), type.size());
    hash_ = XXH3_64bits_withSeed(data_, size_t(bytes()), seed);
  }
  return hash_;
}

bool operator==(const Constant& a, const Constant& b) {
  if (!a || !b) return bool(a) == bool(b);
  return a.type_ == b.type_ && (a.data_ == b.data_ || std::memcmp(a.data_, b.data_, size_t(a.bytes())) == 0);
}

}  // namespace broach
