#include "schedule/tensor_buffer.h"

#include <algorithm>

namespace broach {
namespace {

constexpr size_t channel_axis = 1, first_spatial_axis = 2;

int64_t at(const std::vector<int64_t>& values, size_t axis) {
  return axis < first_spatial_axis || axis - first_spatial_axis >= values.size() ? 0 : values[axis - first_spatial_axis];
}

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

bool Halo::empty() const {
  auto zero = [](int64_t v) { return v == 0; };
  return std::all_of(low.begin(), low.end(), zero) && std::all_of(high.begin(), high.end(), zero);
}

int64_t TensorBuffer::halo_low(size_t axis) const { return at(halo.low, axis); }
int64_t TensorBuffer::halo_high(size_t axis) const { return at(halo.high, axis); }

int64_t TensorBuffer::padded_extent(size_t axis) const {
  return layout.blocked() && axis == channel_axis ? round_up(shape[axis], layout.block) : shape[axis];
}

int64_t TensorBuffer::elements() const {
  int64_t inner = 1;
  for (size_t axis = 1; axis < shape.size(); ++axis) inner *= padded_extent(axis) + halo_low(axis) + halo_high(axis);
  if (shape.empty()) return 1;
  if (shape[0] == 0) return 0;
  return (shape[0] - 1) * (batch_pitch ? batch_pitch : inner) + inner;
}

Expr TensorBuffer::offset(const std::vector<Expr>& indices) const {
  BROACH_CHECK(indices.size() == shape.size(), "{} indices for a tensor of rank {}", indices.size(), shape.size());
  Expr result = int64_t(0);
  int64_t pitch = layout.blocked() ? layout.block : 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    if (axis == 0 && batch_pitch) pitch = batch_pitch;
    if (layout.blocked() && axis == channel_axis) {
      result = indices[axis] / Expr(layout.block) * Expr(pitch) + indices[axis] % Expr(layout.block) + result;
      pitch *= padded_extent(axis) / layout.block;
    } else {
      result = (indices[axis] + Expr(halo_low(axis))) * Expr(pitch) + result;
      pitch *= shape[axis] + halo_low(axis) + halo_high(axis);
    }
  }
  return result;
}

std::string to_string(const TensorBuffer& buffer) {
  std::string text = to_string(TensorType{buffer.dtype, buffer.shape, buffer.layout});
  if (!buffer.halo.empty()) text += fmt::format(" halo {} {} fill {}", to_string(buffer.halo.low), to_string(buffer.halo.high), buffer.halo.fill);
  if (buffer.batch_pitch) text += fmt::format(" batch_pitch {}", buffer.batch_pitch);
  return text;
}

}  // namespace broach
