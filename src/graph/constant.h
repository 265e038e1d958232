#pragma once
// Constant tensors: immutable, shared, told apart by content.
#include <memory>
#include <span>

#include "graph/tensor_type.h"

namespace broach {

class Constant {
 public:
  Constant() = default;
  // Copies. `bytes` must hold exactly the tensor, row-major, little endian.
  Constant(TensorType type, std::span<const std::byte> bytes);
  // Shares memory that `owner` keeps alive (a mapped file).
  Constant(TensorType type, std::shared_ptr<const void> owner, const std::byte* data);
  static Constant of_ints(const std::vector<int64_t>& values, Shape shape, DType dtype = DType::i64);
  static Constant of_floats(const std::vector<double>& values, Shape shape, DType dtype = DType::f32);
  static Constant filled(TensorType type, double value);

  explicit operator bool() const { return data_ != nullptr; }
  const TensorType& type() const { return type_; }
  const std::byte* data() const { return data_; }
  int64_t bytes() const { return element_count(type_.shape) * byte_size(type_.dtype); }
  int64_t elements() const { return element_count(type_.shape); }
  double float_at(int64_t i) const { return load_as_double(type_.dtype, data_, i); }
  int64_t int_at(int64_t i) const { return load_as_int(type_.dtype, data_, i); }
  std::vector<int64_t> ints() const;
  std::vector<double> floats() const;
  uint64_t hash() const;  // of type and content (XXH3), computed once

  friend bool operator==(const Constant& a, const Constant& b);

 private:
  TensorType type_;
  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  mutable uint64_t hash_ = 0;
};

}  // namespace broach
