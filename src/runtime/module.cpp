#include "runtime/module.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "runtime/expression.h"
#include "runtime/program_check.h"
#include "runtime/tar.h"

namespace broach::runtime::internal {
namespace {

constexpr uint64_t params_magic = 0xF7E58D4F05049CB7;  // TVM's parameter files

// Where the parts of an artifact are before it is loaded.
struct Parts {
  const char* path = nullptr;  // of the library; null: it is not a file of its own
  const uint8_t* library = nullptr;
  uint64_t library_bytes = 0;
  const uint8_t* params = nullptr;
  uint64_t params_bytes = 0;
  FileMap* file = nullptr;  // params lie in it and may stay there
};

bool copy_string(Array<char>& to, const char* from, const char* suffix = "") {
  if (!to.allocate(std::strlen(from) + std::strlen(suffix) + 1)) return false;
  std::strcpy(to.data(), from);
  std::strcat(to.data(), suffix);
  return true;
}

// "mod.so" -> "mod.params"
bool sibling_path(Array<char>& path, const char* library) {
  if (!copy_string(path, library, ".params")) return false;
  const size_t length = std::strlen(library);
  if (length > 3 && std::strcmp(library + length - 3, ".so") == 0) std::strcpy(path.data() + length - 3, ".params");
  return true;
}

// The image of a loaded library: where it is, and where `address` (relative to its base) lies in it.
struct Image {
  uintptr_t base;
  uint64_t address, bytes;
  const uint8_t* found;
};

int find_image(dl_phdr_info* info, size_t, void* argument) {
  Image& image = *static_cast<Image*>(argument);
  if (info->dlpi_addr != image.base) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD && image.address >= segment.p_vaddr && image.address + image.bytes <= segment.p_vaddr + segment.p_memsz)
      image.found = reinterpret_cast<const uint8_t*>(image.base + image.address);
  }
  return 1;
}

uintptr_t base_of(void* library) {
  link_map* map = nullptr;
  return dlinfo(library, RTLD_DI_LINKMAP, &map) ? 0 : map->l_addr;
}

// Whether the loader gave us the file that was checked: it may know another one, since replaced, by the same path.
bool is_same_library(void* library, const Artifact& artifact) {
  Image image = {base_of(library), artifact.note_address, sizeof artifact.note, nullptr};
  dl_iterate_phdr(find_image, &image);
  return image.found && std::memcmp(image.found, &artifact.note, sizeof artifact.note) == 0;
}

broach_status fail_to_load(const char* name) {
  const char* reason = dlerror();
  return fail(BROACH_STATUS_SYSTEM, "%s cannot be loaded: %s", name, reason ? reason : "unknown reason");
}

// Loads a copy that has no path. The loader knows libraries by name, so the descriptor stays open as long as the
// library is loaded: a number in use names no second one.
broach_status load_copy(broach_module& module, const Parts& parts) {
  const int descriptor = create_memory_file("broach:mod.so", parts.library, parts.library_bytes);
  if (descriptor < 0) return fail(BROACH_STATUS_SYSTEM, "%s cannot be loaded from memory: %s", module.label(), strerror(errno));
  module.library_descriptor = descriptor;
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  module.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  return module.library ? BROACH_STATUS_OK : fail_to_load(module.label());
}

// By path where there is one, which debuggers and profilers like; not where the loader still holds a file since
// replaced under that path, or would expand a '$' in it.
broach_status load_library(broach_module& module, const Parts& parts, const Artifact& artifact) {
  if (!parts.path || std::strchr(parts.path, '$')) return load_copy(module, parts);
  // A bare name would be looked for in the system's library folders.
  Array<char> path;
  if (!copy_string(path, std::strchr(parts.path, '/') ? "" : "./", parts.path)) return fail_memory(module.label());
  module.library = dlopen(path.data(), RTLD_NOW | RTLD_LOCAL);
  if (!module.library) return fail_to_load(module.label());
  if (is_same_library(module.library, artifact)) return BROACH_STATUS_OK;
  dlclose(module.library);
  module.library = nullptr;
  return load_copy(module, parts);
}

broach_status find_program(broach_module& module, const Artifact& artifact) {
  const char* name = module.label();
  if (!is_same_library(module.library, artifact)) return fail(BROACH_STATUS_FILE, "%s changed while it was opened: try again", name);
  const auto* program = static_cast<const broach_program*>(dlsym(module.library, artifact.note.symbol));
  if (!program) return fail(BROACH_STATUS_FORMAT, "%s lacks the symbol %s: compile the model again", name, artifact.note.symbol);
  BROACH_TRY(check_program(program, artifact, base_of(module.library)));
  module.program = program;
  return BROACH_STATUS_OK;
}

broach_status check_params(const broach_module& module, const uint8_t* params, uint64_t bytes) {
  const char* name = module.label();
  if (bytes != module.note.constants_bytes)
    return fail(BROACH_STATUS_FORMAT, "the weights of %s (mod.params) have %llu bytes, %llu were written: they are cut or of another model", name,
                static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(module.note.constants_bytes));
  if (bytes < sizeof params_magic || std::memcmp(params, &params_magic, sizeof params_magic) != 0)
    return fail(BROACH_STATUS_FORMAT, "the weights of %s are not a .params file: compile the model again", name);
  return BROACH_STATUS_OK;
}

// Weights of their own are used where they lie when that is in a file and aligned, else copied.
broach_status take_params(broach_module& module, const Parts& parts) {
  BROACH_TRY(check_params(module, parts.params, parts.params_bytes));
  if (parts.file && reinterpret_cast<uintptr_t>(parts.params) % BROACH_ALIGNMENT == 0) {
    module.constants_file = std::move(*parts.file);
    module.constants = parts.params;
    return BROACH_STATUS_OK;
  }
  if (!module.constants_copy.allocate(parts.params_bytes, false)) return fail_memory("the weights");
  std::memcpy(module.constants_copy.data(), parts.params, parts.params_bytes);
  module.constants = module.constants_copy.data();
  return BROACH_STATUS_OK;
}

broach_status take_sibling(broach_module& module, const char* library) {
  Array<char> path;
  if (!sibling_path(path, library)) return fail_memory(library);
  FileMap file;
  const broach_status status = file.open(path.data());
  if (status == BROACH_STATUS_FILE && access(path.data(), F_OK) != 0)
    return fail(BROACH_STATUS_FILE, "%s keeps its weights in %s, which does not exist: copy it there too", library, path.data());
  BROACH_TRY(status);
  Parts parts;
  parts.params = file.data();
  parts.params_bytes = file.bytes();
  parts.file = &file;
  return take_params(module, parts);
}

broach_status find_constants(broach_module& module, const Parts& parts) {
  const bool apart = module.note.constants_offset == 0 && module.note.constants_bytes != 0;
  if (!apart) return BROACH_STATUS_OK;
  if (parts.params) return take_params(module, parts);
  if (parts.path) return take_sibling(module, parts.path);
  return fail(BROACH_STATUS_FORMAT, "%s keeps its weights in mod.params, which is missing: give both", module.label());
}

void describe_tensor(const broach_module& module, const broach_tensor& tensor, int64_t* shape, broach_tensor_info& info) {
  const broach_program& program = *module.program;
  info = {tensor.name, {tensor.dtype_code, tensor.dtype_bits, tensor.dtype_lanes}, static_cast<int32_t>(tensor.ndim), shape, 0};
  for (uint32_t i = 0; i < tensor.ndim; ++i)
    if (!evaluate(program, tensor.shape[i], nullptr, shape[i])) shape[i] = -1;
  int64_t bytes;
  if (evaluate(program, tensor.bytes, nullptr, bytes) && bytes > 0) info.bytes = static_cast<uint64_t>(bytes);
}

broach_status describe_tensors(broach_module& module) {
  const broach_program& program = *module.program;
  uint64_t ndims = 0;
  for (uint64_t i = 0; i < module.ntensors(); ++i) ndims += tensor_of(program, i).ndim;
  if (!module.tensors.allocate(module.ntensors()) || !module.shapes.allocate(ndims)) return fail_memory(module.label());
  int64_t* shape = module.shapes.data();
  for (uint64_t i = 0; i < module.ntensors(); ++i) {
    const broach_tensor& tensor = tensor_of(program, i);
    describe_tensor(module, tensor, shape, module.tensors[i]);
    shape += tensor.ndim;
  }
  return BROACH_STATUS_OK;
}

broach_status load(broach_module& module, const Parts& parts) {
  Artifact artifact;
  BROACH_TRY(read_artifact(parts.library, parts.library_bytes, module.label(), artifact));
  BROACH_TRY(check_artifact(artifact));
  module.note = artifact.note;
  BROACH_TRY(find_constants(module, parts));
  BROACH_TRY(load_library(module, parts, artifact));
  BROACH_TRY(find_program(module, artifact));
  if (!module.constants) module.constants = static_cast<const uint8_t*>(module.program->constants);
  return describe_tensors(module);
}

// The two parts of a .tar; its library has no path of its own.
broach_status find_in_tar(const uint8_t* bytes, uint64_t size, const char* name, Parts& parts) {
  ArtifactTar tar;
  BROACH_TRY(read_tar(bytes, size, name, tar));
  parts.library = bytes + tar.library.offset;
  parts.library_bytes = tar.library.bytes;
  if (tar.params.found) {
    parts.params = bytes + tar.params.offset;
    parts.params_bytes = tar.params.bytes;
  }
  return BROACH_STATUS_OK;
}

broach_module* create_module(const char* name) {
  void* memory = std::calloc(1, sizeof(broach_module));
  if (!memory) return nullptr;
  broach_module* module = new (memory) broach_module;
  if (copy_string(module->name, name)) return module;
  release_module(module);
  return nullptr;
}

broach_status finish(broach_status status, broach_module* module, broach_module** result) {
  if (status)
    release_module(module);
  else
    *result = module;
  return status;
}

}  // namespace

broach_status open_module(const char* path, broach_module** result) noexcept {
  FileMap file;
  BROACH_TRY(file.open(path));
  Parts parts;
  if (looks_like_tar(file.data(), file.bytes())) {
    BROACH_TRY(find_in_tar(file.data(), file.bytes(), path, parts));
    parts.file = &file;
  } else {
    parts.library = file.data();
    parts.library_bytes = file.bytes();
    parts.path = path;
  }
  broach_module* module = create_module(path);
  if (!module) return fail_memory(path);
  return finish(load(*module, parts), module, result);
}

broach_status open_module(const uint8_t* artifact, uint64_t bytes, const uint8_t* params, uint64_t params_bytes, broach_module** result) noexcept {
  static constexpr const char* name = "the artifact in memory";
  if (bytes == 0) return fail(BROACH_STATUS_FORMAT, "%s is empty", name);
  Parts parts;
  if (looks_like_tar(artifact, bytes)) {
    BROACH_TRY(find_in_tar(artifact, bytes, name, parts));
  } else {
    parts.library = artifact;
    parts.library_bytes = bytes;
    parts.params = params;
    parts.params_bytes = params_bytes;
  }
  broach_module* module = create_module(name);
  if (!module) return fail_memory(name);
  return finish(load(*module, parts), module, result);
}

void retain_module(broach_module* module) noexcept { module->references.fetch_add(1, std::memory_order_relaxed); }

void release_module(broach_module* module) noexcept {
  if (module->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  module->~broach_module();
  std::free(module);
}

broach_status verify_module(const broach_module& module) noexcept {
  uint64_t checksum[2];
  checksum_bytes(module.constants, module.note.constants_bytes, checksum);
  if (std::memcmp(checksum, module.note.constants_checksum, sizeof checksum) == 0) return BROACH_STATUS_OK;
  return fail(BROACH_STATUS_FORMAT,
              "the weights of %s are damaged or of another model: their checksum does not match; compile the model "
              "again or copy the files anew",
              module.label());
}

broach_status find_tensor(const broach_module& module, uint64_t first, uint32_t count, const char* kind, const char* name, uint32_t* index) noexcept {
  Text names;
  for (uint32_t i = 0; i < count; ++i) {
    const char* candidate = module.tensors[first + i].name;
    if (std::strcmp(candidate, name) == 0) {
      *index = i;
      return BROACH_STATUS_OK;
    }
    names.add("%s%s", i ? ", " : "", candidate);
  }
  return fail(BROACH_STATUS_ARGUMENT, "%s has no %s named %s; it has: %s", module.label(), kind, name, names.c_str());
}

}  // namespace broach::runtime::internal

broach_module::~broach_module() {
  if (library) dlclose(library);
  if (library_descriptor >= 0) close(library_descriptor);
}
