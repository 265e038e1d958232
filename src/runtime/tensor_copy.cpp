#include "runtime/tensor_copy.h"

#include <cstring>

#include "broach/abi.h"
#include "runtime/error.h"

namespace broach::runtime::internal {
namespace {

int64_t compact_stride(const broach_dltensor& tensor, int32_t axis) {
  int64_t stride = 1;
  for (int32_t i = axis + 1; i < tensor.ndim; ++i) stride *= tensor.shape[i];
  return stride;
}

int64_t stride_of(const broach_dltensor& tensor, int32_t axis) { return tensor.strides ? tensor.strides[axis] : compact_stride(tensor, axis); }

struct Copy {
  const broach_dltensor &to, &from;
  int64_t element_bytes;

  void run(uint8_t* to_data, const uint8_t* from_data, int32_t axis) const {
    if (axis == to.ndim) {
      std::memcpy(to_data, from_data, static_cast<size_t>(element_bytes));
      return;
    }
    const int64_t count = to.shape[axis];
    const int64_t to_step = stride_of(to, axis) * element_bytes, from_step = stride_of(from, axis) * element_bytes;
    if (axis + 1 == to.ndim && to_step == element_bytes && from_step == element_bytes) {
      std::memcpy(to_data, from_data, static_cast<size_t>(count * element_bytes));
      return;
    }
    for (int64_t i = 0; i < count; ++i) run(to_data + i * to_step, from_data + i * from_step, axis + 1);
  }
};

void describe(Text& text, const broach_dltensor& tensor) {
  add_dtype(text, tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes);
  add_shape(text, tensor.shape, tensor.ndim);
}

bool is_alike(const broach_dltensor& a, const broach_dltensor& b) {
  if (a.ndim != b.ndim || std::memcmp(&a.dtype, &b.dtype, sizeof a.dtype) != 0) return false;
  for (int32_t i = 0; i < a.ndim; ++i)
    if (a.shape[i] != b.shape[i]) return false;
  return true;
}

}  // namespace

bool is_compact(const broach_dltensor& tensor) noexcept {
  if (!tensor.strides) return true;
  int64_t expected = 1;
  for (int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] == 0) return true;
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

bool is_usable_in_place(const broach_dltensor& tensor) noexcept {
  return is_compact(tensor) && reinterpret_cast<uintptr_t>(data_of(tensor)) % BROACH_ALIGNMENT == 0;
}

broach_status check_tensor(const broach_dltensor& tensor, const broach_dltensor& expected, uint64_t bytes, const char* kind,
                           const char* name) noexcept {
  if (tensor.ndim < 0 || (tensor.ndim > 0 && !tensor.shape) || (!tensor.data && bytes))
    return fail(BROACH_STATUS_ARGUMENT, "the tensor for %s %s has no data or no shape", kind, name);
  if (tensor.device.device_type != BROACH_DL_CPU)
    return fail(BROACH_STATUS_ARGUMENT, "the tensor for %s %s is on DLPack device %d; copy it to the CPU (1) first", kind, name,
                static_cast<int>(tensor.device.device_type));
  if (!is_alike(tensor, expected)) {
    Text given, wanted;
    describe(given, tensor);
    describe(wanted, expected);
    return fail(BROACH_STATUS_ARGUMENT, "%s %s is %s, the tensor given is %s", kind, name, wanted.c_str(), given.c_str());
  }
  if (!is_compact(tensor) && tensor.dtype.bits * tensor.dtype.lanes % 8 != 0)
    return fail(BROACH_STATUS_ARGUMENT, "the tensor for %s %s has elements smaller than a byte and strides; make it compact first", kind, name);
  return BROACH_STATUS_OK;
}

void copy_tensor(const broach_dltensor& to, const broach_dltensor& from) noexcept {
  const int64_t bits = to.dtype.bits * to.dtype.lanes;
  for (int32_t i = 0; i < to.ndim; ++i)
    if (to.shape[i] == 0) return;
  if (is_compact(to) && is_compact(from)) {
    const int64_t elements = to.ndim ? to.shape[0] * compact_stride(to, 0) : 1;
    std::memmove(data_of(to), data_of(from), static_cast<size_t>((elements * bits + 7) / 8));
  } else {
    Copy{to, from, bits / 8}.run(data_of(to), data_of(from), 0);
  }
}

}  // namespace broach::runtime::internal
