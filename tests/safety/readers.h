#pragma once
// Everything that reads bytes which others wrote, one function each: what the mutation tests and the fuzz targets call.
#include <cstddef>
#include <cstdint>
#include <span>

namespace broach::test {

using ByteSpan = std::span<const std::byte>;

// Each returns true where the bytes were read, false where they were refused by a clear error: one line, not empty.
// Any other exception passes through: it is a fault of ours.
bool read_npz(ByteSpan bytes);      // a .npz with all its arrays
bool read_picture(ByteSpan bytes);  // decoded, resized and cropped
bool read_label_file(ByteSpan bytes);
bool read_saved_graph(ByteSpan bytes);  // a .graph file
bool read_graph_text(ByteSpan bytes);   // the text inside one, printed and parsed again where it parses
bool read_library(ByteSpan bytes);      // headers, note and checks of a compiled .so; nothing is loaded
bool read_archive(ByteSpan bytes);      // the members of an artifact's .tar
bool open_artifact(ByteSpan bytes);     // through the C API; loads what passes the checks

enum class Import { refused, verified };
// Imports an ONNX model, verifies the graph and runs the passes that need no target. The graph verifies after each.
Import import_model(ByteSpan bytes);

}  // namespace broach::test
