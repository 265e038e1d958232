// The static data of abi.h.
#include <algorithm>

#include "broach/abi.h"
#include "codegen/llvm/data_module.h"
#include "codegen/llvm/function_emitter.h"

namespace broach {
namespace {

class Tables {
 public:
  Tables(const LoweredProgram& program, const ConstantBlob& blob, const ProgramMetadata& metadata, const Target& target,
         const CodegenOptions& options)
      : program_(program), blob_(blob), metadata_(metadata), target_(target), options_(options), data_("program", target) {}

  Bytes emit() {
    add_program();
    add_note();
    Bytes object = data_.emit();
    if (blob_.embed) fill_constants(object, blob_);
    return object;
  }

 private:
  // Index of the expression for a constant.
  llvm::Constant* size_expression(int64_t value) {
    auto [it, added] = expressions_.emplace(value, words_.size());
    if (added)
      for (int64_t word : {int64_t(2), int64_t(BROACH_EXPR_CONST), value}) words_.push_back(data_.u64(uint64_t(word)));
    return data_.u32(it->second);
  }

  llvm::Constant* origin_index(const Origin& origin) {
    std::string text;
    for (const std::string& name : origin) text += (text.empty() ? "" : " + ") + name;
    auto [it, added] = origins_.emplace(text, origin_texts_.size());
    if (added) origin_texts_.push_back(data_.text(text));
    return data_.u32(it->second);
  }

  llvm::Constant* steps() {
    std::vector<llvm::Constant*> items;
    for (const ProgramStep& step : program_.steps) {
      const PrimFunc& f = program_.functions[size_t(step.function)];
      size_t first = arguments_.size();
      for (int argument : step.arguments) arguments_.push_back(data_.u32(uint64_t(argument)));
      items.push_back(data_.record({data_.u32(BROACH_STEP_CALL), data_.kernel(options_.symbol_prefix + f.name), data_.u32(first),
                                    data_.u32(step.arguments.size()), origin_index(step.origin), data_.u32(step.barrier), data_.u32(0), data_.u32(0),
                                    size_expression(task_nest(f).count()), data_.u32(step.serial)}));
    }
    return data_.table(items);
  }

  llvm::Constant* buffers() {
    std::vector<llvm::Constant*> items;
    for (const ProgramBuffer& buffer : program_.buffers) {
      uint32_t kind = 0, index = uint32_t(buffer.index);
      int64_t offset = buffer.offset;
      switch (buffer.kind) {
        case BufferKind::input: kind = BROACH_BUFFER_INPUT; break;
        case BufferKind::output: kind = BROACH_BUFFER_OUTPUT; break;
        case BufferKind::constant: kind = BROACH_BUFFER_CONSTANT, index = 0, offset += blob_.offsets[size_t(buffer.index)]; break;
        case BufferKind::arena: kind = BROACH_BUFFER_ARENA, index = 0; break;
      }
      items.push_back(data_.record({data_.u32(kind), data_.u32(index), size_expression(offset), size_expression(buffer.bytes)}));
    }
    return data_.table(items);
  }

  llvm::Constant* tensor(const ProgramTensor& t) {
    std::vector<llvm::Constant*> shape;
    for (int64_t dim : t.shape) shape.push_back(size_expression(dim));
    const DTypeInfo& dtype = info(t.dtype);
    return data_.record({data_.text(t.name), data_.u8(dtype.dlpack_code), data_.u8(dtype.bits), data_.u16(1), data_.u32(shape.size()),
                         data_.table(shape), size_expression(element_count(t.shape) * byte_size(t.dtype))});
  }

  llvm::Constant* tensors() {
    std::vector<llvm::Constant*> items;
    for (const ProgramTensor& t : program_.inputs) items.push_back(tensor(t));
    for (const ProgramTensor& t : program_.outputs) items.push_back(tensor(t));
    return data_.table(items);
  }

  llvm::Constant* features() {
    std::vector<llvm::Constant*> items(8, data_.u64(0));
    items[0] = data_.u64(target_.feature_bits);
    return llvm::ConstantArray::get(llvm::ArrayType::get(items[0]->getType(), items.size()), items);
  }

  llvm::Constant* build_id() { return data_.chars(std::string(metadata_.build_id.begin(), metadata_.build_id.end()), metadata_.build_id.size()); }

  std::string symbol() const { return BROACH_SYMBOL_PREFIX + program_.name; }

  int64_t scratch() const {
    int64_t bytes = 0;
    for (const PrimFunc& f : program_.functions) bytes = std::max(bytes, scratch_bytes(f));
    return bytes;
  }

  // In the order of broach_program.
  void add_program() {
    llvm::Constant *step_table = steps(), *buffer_table = buffers(), *tensor_table = tensors();
    llvm::Constant* constants = blob_.embed && blob_.bytes ? data_.reserve_constants(blob_.bytes) : data_.null();
    llvm::Constant *arena_bytes = size_expression(program_.arena_bytes), *worker_bytes = size_expression(scratch());
    llvm::Constant* value = data_.record({data_.u32(sizeof(broach_program)),
                                          data_.u16(BROACH_ABI_MAJOR),
                                          data_.u16(BROACH_ABI_MINOR),
                                          build_id(),
                                          data_.text(target_.to_string()),
                                          data_.text(metadata_.meta_json),
                                          features(),
                                          data_.u32(sizeof(broach_step)),
                                          data_.u32(program_.steps.size()),
                                          data_.u32(sizeof(broach_buffer)),
                                          data_.u32(program_.buffers.size()),
                                          data_.u32(sizeof(broach_tensor)),
                                          data_.u32(program_.inputs.size()),
                                          data_.u32(program_.outputs.size()),
                                          step_table,
                                          buffer_table,
                                          tensor_table,
                                          constants,
                                          data_.table(words_),
                                          data_.u32(words_.size()),
                                          data_.u32(arguments_.size()),
                                          data_.table(arguments_),
                                          data_.u32(origin_texts_.size()),
                                          data_.table(origin_texts_),
                                          arena_bytes,
                                          worker_bytes,
                                          data_.u32(0),
                                          data_.u64(uint64_t(blob_.bytes))});
    uint64_t size = data_.module().getDataLayout().getTypeAllocSize(value->getType());
    BROACH_CHECK(size == sizeof(broach_program), "broach_program has {} bytes, {} expected", size, sizeof(broach_program));
    data_.global(value, symbol())->setLinkage(llvm::GlobalValue::ExternalLinkage);
  }

  // An ELF note: sizes of name and descriptor, type, name padded to 4 bytes, descriptor. Checksums, offsets and the file's size
  // are set when the library is sealed.
  void add_note() {
    BROACH_CHECK(symbol().size() < sizeof(broach_note::symbol), "the program's name {} is too long", program_.name);
    auto zeros = [this](size_t words) { return llvm::ConstantAggregateZero::get(llvm::ArrayType::get(data_.builder().getInt64Ty(), words)); };
    llvm::Constant* note = data_.record({data_.u32(sizeof(broach_note)), data_.u16(BROACH_ABI_MAJOR), data_.u16(BROACH_ABI_MINOR), zeros(2), zeros(2),
                                         data_.u64(0), data_.u64(uint64_t(blob_.bytes)), data_.u64(0), features(), build_id(),
                                         data_.chars(target_.cpu.substr(0, sizeof(broach_note::cpu) - 1), sizeof(broach_note::cpu)),
                                         data_.chars(symbol(), sizeof(broach_note::symbol))});
    uint64_t size = data_.module().getDataLayout().getTypeAllocSize(note->getType());
    BROACH_CHECK(size == sizeof(broach_note), "broach_note has {} bytes, {} expected", size, sizeof(broach_note));
    llvm::Constant* whole = data_.record({data_.u32(sizeof BROACH_NOTE_OWNER), data_.u32(sizeof(broach_note)), data_.u32(BROACH_NOTE_TYPE),
                                          data_.chars(BROACH_NOTE_OWNER, (sizeof BROACH_NOTE_OWNER + 3) / 4 * 4), note},
                                         /*packed=*/true);
    llvm::GlobalVariable* variable = data_.global(whole, "note");
    variable->setSection(BROACH_NOTE_SECTION);
    variable->setAlignment(llvm::Align(4));
  }

  const LoweredProgram& program_;
  const ConstantBlob& blob_;
  const ProgramMetadata& metadata_;
  const Target& target_;
  const CodegenOptions& options_;
  DataModule data_;
  std::vector<llvm::Constant*> words_, arguments_, origin_texts_;
  std::map<int64_t, size_t> expressions_;
  std::map<std::string, size_t> origins_;
};

}  // namespace

Bytes compile_program_tables(const LoweredProgram& program, const ConstantBlob& blob, const ProgramMetadata& metadata, const Target& target,
                             const CodegenOptions& options) {
  return Tables(program, blob, metadata, target, options).emit();
}

}  // namespace broach
