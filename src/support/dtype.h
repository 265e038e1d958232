#pragma once
// Element types, shared by graphs and loops.
#include <cstdint>
#include <optional>
#include <string_view>

namespace broach {

enum class DType : uint8_t { f32, f64, f16, bf16, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

struct DTypeInfo {
  const char* name;     // as printed: "f32"
  const char* numpy;    // as users know it: "float32"
  uint8_t bits;         // in memory; boolean is one byte
  uint8_t dlpack_code;  // 0 int, 1 uint, 2 float, 4 bfloat, 6 bool
};

const DTypeInfo& info(DType dtype);
std::optional<DType> parse_dtype(std::string_view name);  // accepts both names

inline int64_t byte_size(DType dtype) { return info(dtype).bits / 8; }
inline bool is_float(DType dtype) { return dtype <= DType::bf16; }
inline bool is_signed_int(DType dtype) { return dtype >= DType::i8 && dtype <= DType::i64; }
inline bool is_unsigned_int(DType dtype) { return dtype >= DType::u8 && dtype <= DType::u64; }
inline bool is_int(DType dtype) { return dtype >= DType::i8 && dtype <= DType::u64; }

// Value of element `index` of packed data, converted; f16 and bf16 by exact rules. Bounds are the caller's.
double load_as_double(DType dtype, const void* data, int64_t index);
int64_t load_as_int(DType dtype, const void* data, int64_t index);
void store_double(DType dtype, void* data, int64_t index, double value);  // floats round to nearest even, ints truncate
void store_int(DType dtype, void* data, int64_t index, int64_t value);    // ints wrap

}  // namespace broach
