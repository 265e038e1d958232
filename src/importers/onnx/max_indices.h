#pragma once
#include "importers/onnx/conversion.h"
#include "ops/pool.h"

namespace broach {

// The second result of MaxPool: for each element, where in the flattened input it comes from, the first of equals. `output`: the
// spatial extents of the result. Axes of an image count in the reversed order if `column_major` (storage_order 1).
Value* max_indices(Conversion& node, const PoolAttributes& pool, const Shape& output, bool column_major);

}  // namespace broach
