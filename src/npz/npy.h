#pragma once
// The header of numpy's .npy format, versions 1 to 3 (numpy/lib/format.py).
#include <cstddef>
#include <span>
#include <string>

#include "graph/tensor_type.h"

namespace broach {

struct NpyHeader {
  TensorType type;
  bool fortran_order = false;  // the first axis varies fastest
  size_t data_offset = 0;      // bytes before the data
};

// A .npy file whose header is longer than this is refused; numpy's own are under 200 bytes.
inline constexpr size_t max_npy_header = 1 << 14;

// `start`: the beginning of the file, up to max_npy_header bytes of it. `name` is for messages. Throws Error for what is not a
// little-endian array of one of our element types.
NpyHeader parse_npy_header(std::span<const std::byte> start, const std::string& name);

// Version 1, padded with spaces to a multiple of 64 bytes, row-major: the bytes that numpy.save writes.
std::string write_npy_header(const TensorType& type);

}  // namespace broach
