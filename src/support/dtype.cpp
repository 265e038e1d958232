#include "support/dtype.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace broach {
namespace {

constexpr DTypeInfo infos[] = {
    {"f32", "float32", 32, 2}, {"f64", "float64", 64, 2}, {"f16", "float16", 16, 2}, {"bf16", "bfloat16", 16, 4}, {"i8", "int8", 8, 0},
    {"i16", "int16", 16, 0},   {"i32", "int32", 32, 0},   {"i64", "int64", 64, 0},   {"u8", "uint8", 8, 1},       {"u16", "uint16", 16, 1},
    {"u32", "uint32", 32, 1},  {"u64", "uint64", 64, 1},  {"bool", "bool", 8, 6},
};
constexpr int dtype_count = sizeof infos / sizeof infos[0];

template <class T>
T load(const void* data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * int64_t(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void store(void* data, int64_t index, T value) {
  std::memcpy(static_cast<char*>(data) + index * int64_t(sizeof(T)), &value, sizeof(T));
}

double half_to_double(uint16_t bits) {
  int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double magnitude = exponent == 0   ? std::ldexp(mantissa, -24)
                     : exponent < 31 ? std::ldexp(1024 + mantissa, exponent - 25)
                     : mantissa == 0 ? std::numeric_limits<double>::infinity()
                                     : std::numeric_limits<double>::quiet_NaN();
  return bits & 0x8000 ? -magnitude : magnitude;
}

// Round to nearest even at 11 significant bits (subnormals: multiples of 2^-24), IEEE 754 binary16.
uint16_t double_to_half(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < std::ldexp(1, -14)) return sign | uint16_t(std::nearbyint(std::ldexp(magnitude, 24)));
  int exponent;
  std::frexp(magnitude, &exponent);
  auto mantissa = uint32_t(std::nearbyint(std::ldexp(magnitude, 11 - exponent)));  // 1024..2048
  return sign | uint16_t(((exponent + 14) << 10) + (mantissa - 1024));
}

uint16_t float_to_bfloat(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float bfloat_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

}  // namespace

const DTypeInfo& info(DType dtype) { return infos[int(dtype)]; }

std::optional<DType> parse_dtype(std::string_view name) {
  for (int i = 0; i < dtype_count; ++i)
    if (name == infos[i].name || name == infos[i].numpy) return DType(i);
  return std::nullopt;
}

double load_as_double(DType dtype, const void* data, int64_t index) {
  switch (dtype) {
    case DType::f32: return load<float>(data, index);
    case DType::f64: return load<double>(data, index);
    case DType::f16: return half_to_double(load<uint16_t>(data, index));
    case DType::bf16: return bfloat_to_float(load<uint16_t>(data, index));
    case DType::u64: return double(load<uint64_t>(data, index));
    default: return double(load_as_int(dtype, data, index));
  }
}

int64_t load_as_int(DType dtype, const void* data, int64_t index) {
  switch (dtype) {
    case DType::i8: return load<int8_t>(data, index);
    case DType::i16: return load<int16_t>(data, index);
    case DType::i32: return load<int32_t>(data, index);
    case DType::i64:
    case DType::u64: return load<int64_t>(data, index);
    case DType::u8:
    case DType::boolean: return load<uint8_t>(data, index);
    case DType::u16: return load<uint16_t>(data, index);
    case DType::u32: return load<uint32_t>(data, index);
    default: return int64_t(load_as_double(dtype, data, index));
  }
}

void store_double(DType dtype, void* data, int64_t index, double value) {
  switch (dtype) {
    case DType::f32: return store(data, index, float(value));
    case DType::f64: return store(data, index, value);
    case DType::f16: return store(data, index, double_to_half(value));
    case DType::bf16: return store(data, index, float_to_bfloat(float(value)));
    case DType::boolean: return store(data, index, uint8_t(value != 0));
    default: return store_int(dtype, data, index, int64_t(value));
  }
}

void store_int(DType dtype, void* data, int64_t index, int64_t value) {
  switch (info(dtype).bits) {
    case 8: return store(data, index, dtype == DType::boolean ? uint8_t(value != 0) : uint8_t(value));
    case 16:
      if (!is_float(dtype)) return store(data, index, uint16_t(value));
      break;
    case 32:
      if (!is_float(dtype)) return store(data, index, uint32_t(value));
      break;
    default:
      if (!is_float(dtype)) return store(data, index, uint64_t(value));
      break;
  }
  store_double(dtype, data, index, double(value));
}

}  // namespace broach
