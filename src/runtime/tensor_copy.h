// Tensors of the caller: whether they fit an input or output, and copying them where they cannot be used in place.
#pragma once
#include "broach/runtime.h"

namespace broach::runtime::internal {

// The address of the first element.
inline uint8_t* data_of(const broach_dltensor& tensor) { return static_cast<uint8_t*>(tensor.data) + tensor.byte_offset; }

bool is_compact(const broach_dltensor& tensor) noexcept;          // row-major without gaps
bool is_usable_in_place(const broach_dltensor& tensor) noexcept;  // compact and aligned to BROACH_ALIGNMENT

// Whether the tensor has the dtype and shape of `expected` and CPU memory. kind is "input" or "output", name the
// tensor's, for the message. bytes: of the whole tensor; with none, data may be null.
broach_status check_tensor(const broach_dltensor& tensor, const broach_dltensor& expected, uint64_t bytes, const char* kind,
                           const char* name) noexcept;

// Copies every element; both have the same dtype and shape, of whole bytes an element. Strides may be anything.
void copy_tensor(const broach_dltensor& to, const broach_dltensor& from) noexcept;

}  // namespace broach::runtime::internal
