#include "cli/tensors.h"

#include "support/errors.h"

namespace broach {
namespace {

constexpr DType all_dtypes[] = {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8,  DType::i16,    DType::i32,
                                DType::i64, DType::u8,  DType::u16, DType::u32,  DType::u64, DType::boolean};

// SplitMix64 (Steele, Lea and Flood 2014): the same numbers with every standard library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double symmetric() { return double(bits() >> 11) * 0x1p-52 - 1; }
  int64_t between(int64_t least, int64_t most) { return least + int64_t(bits() % uint64_t(most - least + 1)); }

 private:
  uint64_t state_;
};

void store_random(DType dtype, void* data, int64_t index, Random& random, IndexRange range) {
  if (is_float(dtype)) return store_double(dtype, data, index, random.symmetric());
  if (dtype == DType::boolean) return store_int(dtype, data, index, random.between(0, 1));
  if (dtype == DType::i8 || dtype == DType::u8) return store_int(dtype, data, index, random.between(0, 127));
  store_int(dtype, data, index, random.between(range.least, range.most));
}

}  // namespace

TensorType type_of(const runtime::TensorInfo& tensor) {
  for (DType dtype : all_dtypes)
    if (info(dtype).dlpack_code == tensor.dtype.code && info(dtype).bits == tensor.dtype.bits && tensor.dtype.lanes == 1)
      return {dtype, tensor.shape, {}};
  throw_error("tensor '{}' has an element type that this version does not know; use the version that compiled the artifact", tensor.name);
}

std::string to_numpy_text(const TensorType& type) { return info(type.dtype).numpy + to_string(type.shape); }

void fill_tensor(const TensorType& type, void* data, FillMode mode, uint64_t seed, IndexRange range) {
  Random random(seed);
  for (int64_t i = 0, count = element_count(type.shape); i < count; ++i) {
    if (mode == FillMode::random) {
      store_random(type.dtype, data, i, random, range);
    } else {
      store_double(type.dtype, data, i, mode == FillMode::ones ? 1 : 0);
    }
  }
}

std::vector<float> as_floats(const TensorType& type, const void* data) {
  std::vector<float> values(size_t(element_count(type.shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(load_as_double(type.dtype, data, int64_t(i)));
  return values;
}

}  // namespace broach
