#include "runtime/file_kind.h"

#include <cstring>

namespace broach::runtime::internal {
namespace {

struct Kind {
  uint64_t offset, length;
  const char *bytes, *clause;
};

constexpr Kind kinds[] = {
    {4, 4, "TFL3", "it looks like a TFLite model: compile it first"},
    {0, 4, "\x89HDF", "it looks like a Keras model (HDF5): compile it first"},
    {0, 2, "\x1f\x8b", "it looks like a gzip file: unpack it first"},
    {0, 6,
     "\xfd"
     "7zXZ",
     "it looks like an xz file: unpack it first"},
    {0, 4, "PK\x03\x04", "it looks like a zip file (npz, TorchScript?); pass what compile wrote"},
    {0, 8, "\xb7\x9c\x04\x05\x4f\x8d\xe5\xf7", "it is a .params file; pass the .so beside it"},
    {0, 8, "!<arch>\n", "it is a static archive, which is linked into a program; pass a .tar or .so"},
    {0, 1, "{", "it looks like JSON; pass the .tar or .so"},
};

// An ONNX file begins with ir_version (field 1, a small number), then the producer's name, opsets or the graph.
bool looks_like_onnx(const uint8_t* bytes, uint64_t size) {
  return size > 4 && bytes[0] == 0x08 && bytes[1] >= 1 && bytes[1] < 32 && (bytes[2] & 7) == 2 && bytes[2] < 0x80;
}

}  // namespace

const char* guess_kind(const uint8_t* bytes, uint64_t size) noexcept {
  for (const Kind& kind : kinds)
    if (size >= kind.offset + kind.length && std::memcmp(bytes + kind.offset, kind.bytes, kind.length) == 0) return kind.clause;
  if (looks_like_onnx(bytes, size)) return "it looks like an ONNX model: compile it first";
  return "it begins like neither; pass the file that compile wrote";
}

}  // namespace broach::runtime::internal
