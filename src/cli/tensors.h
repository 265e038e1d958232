#pragma once
// The runtime's tensors in the compiler's words, and what fills them.
#include <cstdint>

#include "broach/runtime.hpp"
#include "driver/meta.h"
#include "graph/tensor_type.h"

namespace broach {

// Throws Error for an element type that the compiler does not know: the artifact was made by a later version.
TensorType type_of(const runtime::TensorInfo& info);
std::string to_numpy_text(const TensorType& type);  // "float32[1, 3, 224, 224]"

enum class FillMode { zeros, ones, random };

// random, always the same for the same seed: floats in [-1, 1), 8-bit integers 0..127, other integers in `range`, whose default
// is legal for every table of two rows or more.
void fill_tensor(const TensorType& type, void* data, FillMode mode, uint64_t seed, IndexRange range = {});

// All elements, converted.
std::vector<float> as_floats(const TensorType& type, const void* data);

}  // namespace broach
