// A guess at what a file is that is no artifact, for messages.
#pragma once
#include <cstdint>

namespace broach::runtime::internal {

// A clause: "it looks like an ONNX model: compile it first".
const char* guess_kind(const uint8_t* bytes, uint64_t size) noexcept;

}  // namespace broach::runtime::internal
