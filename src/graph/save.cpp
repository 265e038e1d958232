#include "graph/save.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "graph/text.h"
#include "support/files.h"

namespace broach {
namespace {

constexpr const char* text_name = "graph.txt";
constexpr const char* data_name = "constants.bin";
constexpr const char* first_line = "broach graph 1\n";
constexpr int64_t alignment = 64;

int64_t aligned(int64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

using Archive = std::unique_ptr<archive, int (*)(archive*)>;
using Entry = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

[[noreturn]] void fail(const char* what, const std::string& path, archive* of) {
  const char* reason = archive_error_string(of);
  throw_error("cannot {} '{}': {}", what, path, reason ? reason : "unknown reason");
}

class TarWriter {
 public:
  explicit TarWriter(const std::string& path) : path_(path), file_(path), tar_(archive_write_new(), archive_write_free) {
    archive_write_set_format_ustar(tar_.get());
    archive_write_set_bytes_in_last_block(tar_.get(), 1);
    check(archive_write_open_fd(tar_.get(), file_.descriptor()));
  }
  void begin(const char* name, int64_t size) {
    Entry entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), name);
    archive_entry_set_size(entry.get(), size);
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), 0, 0);
    check(archive_write_header(tar_.get(), entry.get()));
  }
  void write(const void* data, int64_t size) {
    if (size != 0 && archive_write_data(tar_.get(), data, size_t(size)) != size) fail("write", path_, tar_.get());
  }
  void commit() {
    check(archive_write_close(tar_.get()));
    file_.commit();
  }

 private:
  void check(int status) {
    if (status != ARCHIVE_OK) fail("write", path_, tar_.get());
  }
  std::string path_;
  AtomicFile file_;
  Archive tar_;
};

std::vector<const Constant*> stored_constants(const Graph& graph) {
  std::vector<const Constant*> stored;
  for (auto& value : graph.values())
    if (value->is_constant() && !is_written_in_text(value->constant)) stored.push_back(&value->constant);
  return stored;
}

// Where the two entries lie in the file. Anything else, also an entry that is no plain file, is refused.
struct Contents {
  std::string text;
  std::span<const std::byte> data;
};

Contents read_contents(const std::string& path, std::span<const std::byte> bytes) {
  Archive tar(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(tar.get());
  if (archive_read_open_memory(tar.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) fail("read", path, tar.get());
  Contents contents;
  archive_entry* entry;
  int status;
  while ((status = archive_read_next_header(tar.get(), &entry)) == ARCHIVE_OK) {
    std::string name = archive_entry_pathname(entry) ? archive_entry_pathname(entry) : "";
    auto begin = uint64_t(archive_read_header_position(tar.get())) + 512;
    auto size = uint64_t(std::max<int64_t>(archive_entry_size(entry), 0));
    bool plain = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry);
    if (!plain || begin > bytes.size() || size > bytes.size() - begin || (name != text_name && name != data_name))
      throw_error("cannot read '{}': it is not a saved graph, or it is damaged", path);
    std::span<const std::byte> part = bytes.subspan(size_t(begin), size_t(size));
    if (name == text_name)
      contents.text.assign(reinterpret_cast<const char*>(part.data()), part.size());
    else
      contents.data = part;
  }
  if (status != ARCHIVE_EOF) fail("read", path, tar.get());
  return contents;
}

}  // namespace

void save_graph(const Graph& graph, const std::string& path) {
  std::string text = first_line + to_string(graph);
  std::vector<const Constant*> constants = stored_constants(graph);
  int64_t size = 0;
  for (const Constant* constant : constants) size = aligned(size) + constant->bytes();

  TarWriter tar(path);
  // A tar's data begins at a multiple of 512 bytes, so what is aligned within constants.bin is aligned in the file.
  tar.begin(text_name, int64_t(text.size()));
  tar.write(text.data(), int64_t(text.size()));
  tar.begin(data_name, size);
  static constexpr char zeros[alignment] = {};
  int64_t at = 0;
  for (const Constant* constant : constants) {
    tar.write(zeros, aligned(at) - at);
    tar.write(constant->data(), constant->bytes());
    at = aligned(at) + constant->bytes();
  }
  tar.commit();
}

Graph load_graph(const std::string& path, const std::function<const OpDef*(std::string_view)>& find_op) {
  auto file = MappedFile::open(path);
  Contents contents = read_contents(path, file->bytes());
  if (!contents.text.starts_with(first_line)) throw_error("cannot read '{}': it is not a saved graph of this version", path);
  int64_t at = 0;
  auto next = [&](const std::string& name, const TensorType& type) {
    int64_t begin = aligned(at), size = element_count(type.shape) * byte_size(type.dtype);
    if (size > int64_t(contents.data.size()) - begin) throw_error("the data ends before constant '{}'", name);
    at = begin + size;
    return Constant(type, file, contents.data.data() + begin);
  };
  try {
    return parse_graph(std::string_view(contents.text).substr(std::string_view(first_line).size()), next, find_op);
  } catch (const Error& error) {
    throw_error("cannot read '{}': {}", path, error.what());
  }
}

}  // namespace broach
