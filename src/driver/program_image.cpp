#include "driver/program_image.h"

#include <elf.h>

#include <cstring>

#include "runtime/artifact_note.h"
#include "runtime/error.h"
#include "runtime/expression.h"
#include "runtime/tar.h"
#include "support/errors.h"

namespace broach {
namespace {

using runtime::internal::Artifact;

void check(broach_status status) {
  if (status != BROACH_STATUS_OK) throw_error("{}", runtime::internal::last_error());
}

// A linked library as the loader would see it. Addresses are relative to its base.
class ElfImage {
 public:
  ElfImage(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)), header_(get<Elf64_Ehdr>(0)) {
    read_segments();
    read_sections();
  }

  [[noreturn]] void fail() const { throw_error("'{}' is damaged: its tables do not fit; compile the model again", name_); }

  template <class T>
  T at(uint64_t address) const {
    return get<T>(offset_of(address, sizeof(T)));
  }
  // The first bytes of an entry whose stride may be larger (a later version) than the structure that we know.
  template <class T>
  T entry(uint64_t base, uint64_t stride, uint64_t index) const {
    if (stride < sizeof(T) || index > bytes_.size() / stride) fail();
    return at<T>(base + index * stride);
  }
  // Where a pointer at `address` points: what the loader is told to put there, or what lies there.
  uint64_t pointer(uint64_t address) const {
    auto found = relocations_.find(address);
    return found != relocations_.end() ? found->second : at<uint64_t>(address);
  }
  std::string text(uint64_t address) const {
    uint64_t offset = offset_of(address, 1);
    auto* begin = reinterpret_cast<const char*>(bytes_.data()) + offset;
    size_t length = strnlen(begin, bytes_.size() - offset);
    if (length == bytes_.size() - offset) fail();
    return {begin, length};
  }
  uint64_t symbol(const std::string& name) const {
    for (const auto& [address, known] : symbols_)
      if (known == name) return address;
    fail();
  }
  std::string symbol_at(uint64_t address) const {
    auto found = symbols_.find(address);
    return found == symbols_.end() ? "" : found->second;
  }
  int64_t code_bytes() const { return code_bytes_; }

 private:
  template <class T>
  T get(uint64_t offset) const {
    T value;
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) fail();
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  uint64_t offset_of(uint64_t address, uint64_t size) const {
    for (const Elf64_Phdr& segment : segments_) {
      if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
      if (segment.p_filesz - (address - segment.p_vaddr) < size) fail();
      return segment.p_offset + (address - segment.p_vaddr);
    }
    fail();
  }

  void read_segments() {
    for (uint64_t i = 0; i < header_.e_phnum; ++i) {
      auto segment = get<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
      if (segment.p_type != PT_LOAD) continue;
      if (segment.p_offset > bytes_.size() || bytes_.size() - segment.p_offset < segment.p_filesz) fail();
      segments_.push_back(segment);
      if (segment.p_flags & PF_X) code_bytes_ += int64_t(segment.p_filesz);
    }
  }

  void read_sections() {
    std::vector<Elf64_Shdr> sections;
    for (uint64_t i = 0; i < header_.e_shnum; ++i) sections.push_back(get<Elf64_Shdr>(header_.e_shoff + i * sizeof(Elf64_Shdr)));
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_type == SHT_RELA) read_relocations(section);
      bool symbols = section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM;
      if (symbols && section.sh_link < sections.size()) read_symbols(section, sections[section.sh_link]);
    }
  }

  // Relative relocations have kind 8 on x86-64, 1027 on AArch64 and 3 on RISC-V; no library of ours has others but for functions of libm.
  void read_relocations(const Elf64_Shdr& section) {
    uint32_t relative = header_.e_machine == EM_X86_64 ? R_X86_64_RELATIVE : header_.e_machine == EM_AARCH64 ? R_AARCH64_RELATIVE : R_RISCV_RELATIVE;
    for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= section.sh_size; at += sizeof(Elf64_Rela)) {
      auto relocation = get<Elf64_Rela>(section.sh_offset + at);
      if (ELF64_R_TYPE(relocation.r_info) == relative) relocations_[relocation.r_offset] = uint64_t(relocation.r_addend);
    }
  }

  void read_symbols(const Elf64_Shdr& section, const Elf64_Shdr& names) {
    if (names.sh_offset > bytes_.size() || bytes_.size() - names.sh_offset < names.sh_size) fail();
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
      auto symbol = get<Elf64_Sym>(section.sh_offset + at);
      int type = ELF64_ST_TYPE(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_OBJECT) || symbol.st_name >= names.sh_size) continue;
      auto* name = reinterpret_cast<const char*>(bytes_.data()) + names.sh_offset + symbol.st_name;
      symbols_[symbol.st_value] = std::string(name, strnlen(name, names.sh_size - symbol.st_name));
    }
  }

  std::span<const std::byte> bytes_;
  std::string name_;
  Elf64_Ehdr header_;
  std::vector<Elf64_Phdr> segments_;
  std::map<uint64_t, uint64_t> relocations_;
  std::map<uint64_t, std::string> symbols_;
  int64_t code_bytes_ = 0;
};

// The program's sizes: expressions without symbolic dimensions have a value.
class Sizes {
 public:
  Sizes(const ElfImage& image, const broach_program& program, uint64_t exprs) : program_(program) {
    if (program.nexprs > (uint64_t{1} << 24)) image.fail();
    for (uint64_t i = 0; i < program.nexprs; ++i) words_.push_back(image.at<int64_t>(exprs + 8 * i));
    program_.exprs = words_.data();
  }
  int64_t operator()(uint32_t index) const {
    int64_t value = -1;
    bool known = runtime::internal::is_valid_expression(program_, index) && runtime::internal::evaluate(program_, index, nullptr, value);
    return known ? value : -1;
  }

 private:
  broach_program program_;
  std::vector<int64_t> words_;
};

class ProgramReader {
 public:
  ProgramReader(const ElfImage& image, uint64_t address)
      : image_(image), address_(address), program_(image.at<broach_program>(address)),
        sizes_(image, program_, field(offsetof(broach_program, exprs))) {}

  ProgramImage read(const std::string& prefix) const {
    ProgramImage result;
    result.target = image_.text(field(offsetof(broach_program, target)));
    result.meta = image_.text(field(offsetof(broach_program, meta)));
    uint64_t tensors = field(offsetof(broach_program, tensors));
    for (uint64_t i = 0; i < uint64_t(program_.ninputs) + program_.noutputs; ++i)
      (i < program_.ninputs ? result.inputs : result.outputs).push_back(read_tensor(tensors, i));
    uint64_t steps = field(offsetof(broach_program, steps));
    for (uint64_t i = 0; i < program_.nsteps; ++i) result.steps.push_back(read_step(steps, i, prefix));
    result.code_bytes = image_.code_bytes();
    result.constant_bytes = int64_t(program_.constants_bytes);
    result.arena_bytes = sizes_(program_.arena_bytes);
    result.scratch_bytes = sizes_(program_.scratch_bytes);
    return result;
  }

 private:
  uint64_t field(size_t offset) const { return image_.pointer(address_ + offset); }

  ImageTensor read_tensor(uint64_t base, uint64_t index) const {
    auto tensor = image_.entry<broach_tensor>(base, program_.tensor_stride, index);
    uint64_t address = base + index * program_.tensor_stride;
    ImageTensor result{image_.text(image_.pointer(address + offsetof(broach_tensor, name))), tensor.dtype_code, tensor.dtype_bits, {}};
    uint64_t shape = tensor.ndim ? image_.pointer(address + offsetof(broach_tensor, shape)) : 0;
    for (uint64_t d = 0; d < tensor.ndim; ++d) result.shape.push_back(sizes_(image_.at<uint32_t>(shape + 4 * d)));
    return result;
  }

  ImageStep read_step(uint64_t base, uint64_t index, const std::string& prefix) const {
    auto step = image_.entry<broach_step>(base, program_.step_stride, index);
    uint64_t function = image_.pointer(base + index * program_.step_stride + offsetof(broach_step, fn));
    uint64_t origins = field(offsetof(broach_program, origins));
    ImageStep result;
    if (step.origin < program_.norigins) result.origin = image_.text(image_.pointer(origins + 8 * uint64_t(step.origin)));
    result.kernel = step.kind == BROACH_STEP_COPY ? "copy" : image_.symbol_at(function);
    if (result.kernel.starts_with(prefix)) result.kernel.erase(0, prefix.size());
    result.tasks = sizes_(step.tasks);
    return result;
  }

  const ElfImage& image_;
  uint64_t address_;
  broach_program program_;
  Sizes sizes_;
};

std::span<const std::byte> library_in(std::span<const std::byte> bytes, const std::string& path) {
  auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
  if (!runtime::internal::looks_like_tar(begin, bytes.size())) return bytes;
  runtime::internal::ArtifactTar tar;
  check(runtime::internal::read_tar(begin, bytes.size(), path.c_str(), tar));
  return bytes.subspan(tar.library.offset, tar.library.bytes);
}

}  // namespace

ProgramImage read_program_image(const std::string& path) {
  auto file = MappedFile::open(path);
  std::span<const std::byte> library = library_in(file->bytes(), path);
  Artifact artifact;
  check(runtime::internal::read_artifact(reinterpret_cast<const uint8_t*>(library.data()), library.size(), path.c_str(), artifact));
  if (artifact.note.major != BROACH_ABI_MAJOR)
    throw_error("'{}' has format version {}.{}, this program reads version {}; compile the model again", path, artifact.note.major,
                artifact.note.minor, BROACH_ABI_MAJOR);
  ElfImage image(library, path);
  std::string symbol(artifact.note.symbol, strnlen(artifact.note.symbol, sizeof artifact.note.symbol));
  std::string name = symbol.substr(std::min(symbol.size(), std::strlen(BROACH_SYMBOL_PREFIX)));
  ProgramImage result = ProgramReader(image, image.symbol(symbol)).read(name + "_");
  result.note = artifact.note;
  result.name = name;
  return result;
}

}  // namespace broach
