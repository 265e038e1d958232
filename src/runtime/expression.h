// Sizes that depend on symbolic dimensions: the expressions of abi.h, in reverse Polish notation.
#pragma once
#include <cstdint>

#include "broach/abi.h"

namespace broach::runtime::internal {

// Whether the expression at `index` lies in the program's words, has operands for every operator and leaves one value.
bool is_valid_expression(const broach_program& program, uint32_t index) noexcept;

// The value of a valid expression. False where it overflows 64 bits, divides by zero, or reads a dimension while dims
// is null.
bool evaluate(const broach_program& program, uint32_t index, const int64_t* dims, int64_t& value) noexcept;

}  // namespace broach::runtime::internal
