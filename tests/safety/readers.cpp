#include "safety/readers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "broach/runtime.h"
#include "graph/save.h"
#include "image/classes.h"
#include "image/image.h"
#include "importers/onnx/import.h"
#include "npz/npz.h"
#include "ops/op_def.h"
#include "passes/pipeline.h"
#include "reference_evaluator.h"
#include "runtime/artifact_note.h"
#include "runtime/tar.h"

namespace broach::test {
namespace {

namespace rt = broach::runtime::internal;

void check_sentence(std::string_view message) {
  BROACH_CHECK(!message.empty() && message.find('\n') == message.npos, "an error is not one sentence: '{}'", message);
}

template <class Read>
bool is_read(Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    check_sentence(error.what());
  } catch (const ImageError& error) {
    check_sentence(error.what());
  }
  return false;
}

bool is_ok(broach_status status) {
  if (status != BROACH_STATUS_OK) check_sentence(broach_error_message());
  return status == BROACH_STATUS_OK;
}

// The bytes as a file with a path.
class MemoryFile {
 public:
  explicit MemoryFile(ByteSpan bytes) : descriptor_(memfd_create("broach_test", 0)) {
    BROACH_CHECK(descriptor_ >= 0 && write(descriptor_, bytes.data(), bytes.size()) == ssize_t(bytes.size()), "no memory file");
  }
  MemoryFile(const MemoryFile&) = delete;
  ~MemoryFile() { close(descriptor_); }
  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

std::string_view text_of(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
const uint8_t* data_of(ByteSpan bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

}  // namespace

bool read_npz(ByteSpan bytes) {
  const MemoryFile file(bytes);
  return is_read([&] {
    const NpzFile npz(file.path());
    for (const std::string& name : npz.names()) npz.read(name);
  });
}

bool read_picture(ByteSpan bytes) {
  return is_read([&] {
    const Image image = decode_image(bytes, 3, "picture");
    BROACH_CHECK(image.channels == 3 && image.pixels.size() == size_t(image.width) * size_t(image.height) * 3, "a picture of another size");
    if (image.pixels.size() < 1 << 20) crop_centre(resize_short_side(image, 32), 32, 32);
  });
}

bool read_label_file(ByteSpan bytes) {
  return is_read([&] { parse_labels(std::string(text_of(bytes)), "labels"); });
}

bool read_saved_graph(ByteSpan bytes) {
  const MemoryFile file(bytes);
  return is_read([&] { verify(load_graph(file.path(), find_op)); });
}

bool read_graph_text(ByteSpan bytes) {
  // Constants are zeros here; the text may claim no more of them than a test should take.
  const auto zeros = [](const std::string& name, const TensorType& type) {
    const int64_t size = element_count(type.shape) * byte_size(type.dtype);
    if (size > 1 << 20) throw_error("constant {} of {} bytes is too large for this test", name, size);
    return Constant(type, std::vector<std::byte>(size_t(size)));
  };
  return is_read([&] {
    const Graph graph = parse_graph(text_of(bytes), zeros, find_op);
    verify(graph);
    const std::string text = to_string(graph);
    BROACH_CHECK(to_string(parse_graph(text, zeros, find_op)) == text, "what was printed parses to something else");
  });
}

bool read_library(ByteSpan bytes) {
  std::vector<uint8_t> copy(data_of(bytes), data_of(bytes) + bytes.size());
  uint64_t offset = 0, size = 0, address = 0;
  char error[256] = "";
  if (runtime::find_section(copy.data(), copy.size(), ".broach_constants", &offset, &size))
    BROACH_CHECK(offset <= copy.size() && size <= copy.size() - offset, "a section outside of the file");
  rt::Artifact artifact;
  if (!is_ok(rt::read_artifact(copy.data(), copy.size(), "library", artifact))) return false;
  rt::mapped_bytes(artifact, artifact.note_address, true);
  rt::address_of_offset(artifact, artifact.note_offset, &address);
  const bool whole = is_ok(rt::check_artifact(artifact));
  if (!runtime::seal_artifact(copy.data(), copy.size(), offset, nullptr, size, error, sizeof error)) check_sentence(error);
  return whole;
}

bool read_archive(ByteSpan bytes) {
  rt::looks_like_tar(data_of(bytes), bytes.size());
  rt::ArtifactTar tar;
  if (!is_ok(rt::read_tar(data_of(bytes), bytes.size(), "archive", tar))) return false;
  for (const rt::TarMember& member : {tar.library, tar.params})
    BROACH_CHECK(member.offset <= bytes.size() && member.bytes <= bytes.size() - member.offset, "a member outside of the archive");
  return true;
}

bool open_artifact(ByteSpan bytes) {
  broach_module* module = nullptr;
  if (!is_ok(broach_module_open_memory(bytes.data(), bytes.size(), nullptr, 0, &module))) return false;
  broach_module_close(module);
  return true;
}

Import import_model(ByteSpan bytes) {
  Graph graph;
  if (!is_read([&] { graph = import_onnx_bytes(bytes, "", {{}, evaluate_by_reference}); })) return Import::refused;
  verify(graph);
  is_read([&] { run_passes(graph, simplification_passes(evaluate_by_reference), {}); });
  return Import::verified;
}

}  // namespace broach::test
