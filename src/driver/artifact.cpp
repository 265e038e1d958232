#include "driver/artifact.h"

#include <archive.h>
#include <archive_entry.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "broach/abi.h"
#include "runtime/artifact_note.h"
#include "support/files.h"
#include "support/hash.h"

namespace broach {
namespace {

constexpr uint64_t params_magic = 0xF7E58D4F05049CB7, tensor_magic = 0xDD5E40F096B4A13F;
constexpr int64_t tensor_header_bytes = 48;  // of a one-dimensional tensor

class Writer {
 public:
  explicit Writer(Bytes& bytes) : bytes_(bytes) {}
  template <class T>
  void put(T value) {
    put_bytes(&value, sizeof value);
  }
  void put_bytes(const void* data, size_t size) {
    auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  void put_text(const std::string& text) {
    put<uint64_t>(text.size());
    put_bytes(text.data(), text.size());
  }
  void put_tensor(DType dtype, int64_t elements, const void* data, size_t bytes) {
    put<uint64_t>(tensor_magic);
    put<uint64_t>(0);
    put<int32_t>(1);  // CPU
    put<int32_t>(0);
    put<int32_t>(1);  // dimensions
    put<uint8_t>(info(dtype).dlpack_code == 6 ? 1 : info(dtype).dlpack_code);
    put<uint8_t>(info(dtype).bits);
    put<uint16_t>(1);
    put<int64_t>(elements);
    put<int64_t>(int64_t(bytes));
    if (bytes) put_bytes(data, bytes);
  }

 private:
  Bytes& bytes_;
};

}  // namespace

std::array<uint8_t, 32> build_id(const LoweredProgram& program, const Target& target, const std::string& meta_json, int opt_level, bool embed) {
  ContentHash hash;
  hash.add(to_string(program));
  for (const ProgramConstant& constant : program.constants)
    hash.add(std::string_view(reinterpret_cast<const char*>(constant.value.data()), size_t(constant.value.bytes())));
  hash.add(target.to_string());
  hash.add(meta_json);
  hash.add(fmt::format("{} {}", opt_level, embed));
  return hash.digest();
}

ParamsBlob make_params(const std::vector<ProgramConstant>& constants) {
  ParamsBlob blob;
  size_t total = 1024;
  for (const ProgramConstant& constant : constants) total += size_t(constant.bytes()) + 2 * 64 + 2 * constant.name.size() + 256;
  blob.bytes.reserve(total);
  Writer writer(blob.bytes);
  writer.put(params_magic);
  writer.put<uint64_t>(0);
  writer.put<uint64_t>(2 * constants.size());
  for (size_t i = 0; i < constants.size(); ++i) {
    writer.put_text(fmt::format("pad.{}", i));
    writer.put_text(fmt::format("{}.{}", constants[i].name, i));
  }
  writer.put<uint64_t>(2 * constants.size());
  constexpr std::byte zeros[BROACH_ALIGNMENT] = {};
  for (const ProgramConstant& constant : constants) {
    int64_t after_pad = int64_t(blob.bytes.size()) + 2 * tensor_header_bytes;
    int64_t pad = (BROACH_ALIGNMENT - after_pad % BROACH_ALIGNMENT) % BROACH_ALIGNMENT;
    writer.put_tensor(DType::u8, pad, zeros, size_t(pad));
    BROACH_CHECK(bool(constant.value) || constant.elements == 0, "constant {} has no value", constant.name);
    writer.put_tensor(constant.dtype, constant.elements, constant.value.data(), size_t(constant.bytes()));
    blob.offsets.push_back(int64_t(blob.bytes.size()) - constant.bytes());
  }
  return blob;
}

std::string plan_json(const LoweredProgram& program) {
  using nlohmann::ordered_json;
  ordered_json nodes = ordered_json::array(), arguments = ordered_json::array(), heads = ordered_json::array(), rows = {0};
  ordered_json types = ordered_json::array(), shapes = ordered_json::array();
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    nodes.push_back({{"op", "null"}, {"name", program.inputs[i].name}, {"inputs", ordered_json::array()}});
    arguments.push_back(i);
    types.push_back(info(program.inputs[i].dtype).numpy);
    shapes.push_back(program.inputs[i].shape);
    rows.push_back(nodes.size());
  }
  std::map<int, size_t> writers;  // node that last wrote a buffer
  for (const ProgramStep& step : program.steps) {
    const PrimFunc& function = program.functions[size_t(step.function)];
    ordered_json inputs = ordered_json::array();
    for (size_t i = 0; i < step.arguments.size(); ++i) {
      const ProgramBuffer& buffer = program.buffers[size_t(step.arguments[i])];
      if (function.params[i]->written)
        writers[step.arguments[i]] = nodes.size();
      else if (buffer.kind == BufferKind::input)
        inputs.push_back({buffer.index, 0, 0});
      else if (writers.count(step.arguments[i]))
        inputs.push_back({writers[step.arguments[i]], 0, 0});
    }
    ordered_json attributes = {
        {"func_name", function.name}, {"num_inputs", std::to_string(inputs.size())}, {"num_outputs", "1"}, {"flatten_data", "0"}};
    nodes.push_back({{"op", "tvm_op"}, {"name", fmt::format("{}", fmt::join(step.origin, "+"))}, {"attrs", attributes}, {"inputs", inputs}});
    rows.push_back(nodes.size());
  }
  for (const auto& [buffer, node] : writers)
    if (program.buffers[size_t(buffer)].kind == BufferKind::output) heads.push_back({node, 0, 0});
  ordered_json all = {{"nodes", nodes}, {"arg_nodes", arguments}, {"heads", heads}, {"node_row_ptr", rows}};
  all["attrs"] = {{"dltype", {"list_str", types}}, {"shape", {"list_shape", shapes}}};
  return all.dump(1) + "\n";
}

void write_tar(const std::string& path, const std::vector<TarEntry>& entries) {
  AtomicFile file(path);
  auto close = [](archive* a) { archive_write_free(a); };
  std::unique_ptr<archive, decltype(close)> tar(archive_write_new(), close);
  auto check = [&](int result) {
    if (result != ARCHIVE_OK) throw_error("cannot write '{}': {}", path, std::strerror(archive_errno(tar.get())));
  };
  check(archive_write_set_format_ustar(tar.get()));
  check(archive_write_open_fd(tar.get(), file.descriptor()));
  for (const TarEntry& entry : entries) {
    auto free_entry = [](archive_entry* e) { archive_entry_free(e); };
    std::unique_ptr<archive_entry, decltype(free_entry)> header(archive_entry_new(), free_entry);
    archive_entry_set_pathname(header.get(), entry.name.c_str());
    archive_entry_set_size(header.get(), int64_t(entry.bytes.size()));
    archive_entry_set_filetype(header.get(), AE_IFREG);
    archive_entry_set_perm(header.get(), 0644);
    archive_entry_set_mtime(header.get(), 0, 0);
    check(archive_write_header(tar.get(), header.get()));
    for (size_t done = 0; done < entry.bytes.size();) {
      la_ssize_t written = archive_write_data(tar.get(), entry.bytes.data() + done, entry.bytes.size() - done);
      if (written <= 0) throw_error("cannot write '{}': {}", path, std::strerror(archive_errno(tar.get())));
      done += size_t(written);
    }
  }
  check(archive_write_close(tar.get()));
  file.commit();
}

Library build_library(const LoweredProgram& program, const Target& target, const BuildLibraryOptions& options) {
  Library library;
  library.params = make_params(program.constants);
  std::vector<Bytes> objects = compile_functions(program.functions, target, options.codegen);
  ConstantBlob blob{library.params.offsets, int64_t(library.params.bytes.size()), options.embed_constants ? &library.params.bytes : nullptr};
  ProgramMetadata metadata{options.meta_json, build_id(program, target, options.meta_json, options.codegen.opt_level, options.embed_constants)};
  objects.push_back(compile_program_tables(program, blob, metadata, target, options.codegen));
  std::string exported = BROACH_SYMBOL_PREFIX + program.name;
  library.bytes = options.link ? options.link(objects, exported) : link_shared(objects, exported, target);

  auto* bytes = reinterpret_cast<uint8_t*>(library.bytes.data());
  uint64_t offset = 0, section_bytes = 0;
  if (options.embed_constants && blob.bytes > 0) {
    bool found = runtime::find_section(bytes, library.bytes.size(), ".broach_constants", &offset, &section_bytes);
    BROACH_CHECK(found, "the linked library has no constants section");
  }
  char error[512];
  bool sealed =
      runtime::seal_artifact(bytes, library.bytes.size(), offset, library.params.bytes.data(), library.params.bytes.size(), error, sizeof error);
  BROACH_CHECK(sealed, "{}", error);
  return library;
}

}  // namespace broach
