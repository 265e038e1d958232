#include "codegen/llvm/data_module.h"

#include <llvm/IR/Verifier.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>

#include "broach/abi.h"
#include "codegen/llvm/optimise.h"

namespace broach {
namespace {

constexpr const char* constants_section = ".broach_constants";

}  // namespace

DataModule::DataModule(const std::string& name, const Target& target)
    : module_(name, context_), builder_(context_), machine_(make_target_machine(code_target(target), 2)) {
  module_.setTargetTriple(machine_->getTargetTriple());
  module_.setDataLayout(machine_->createDataLayout());
}

llvm::GlobalVariable* DataModule::global(llvm::Constant* value, const std::string& name) {
  auto* variable = new llvm::GlobalVariable(module_, value->getType(), true, llvm::GlobalValue::InternalLinkage, value, name.empty() ? "data" : name);
  variable->setAlignment(module_.getDataLayout().getABITypeAlign(value->getType()));
  return variable;
}

llvm::Constant* DataModule::text(const std::string& value) {
  llvm::Constant*& known = texts_[value];
  if (!known) known = global(llvm::ConstantDataArray::getString(context_, value), "text");
  return known;
}

llvm::Constant* DataModule::chars(const std::string& value, size_t size) {
  std::string filled = value.substr(0, size);
  filled.resize(size, '\0');
  return llvm::ConstantDataArray::getString(context_, filled, /*AddNull=*/false);
}

llvm::Constant* DataModule::record(std::vector<llvm::Constant*> fields, bool packed) {
  return llvm::ConstantStruct::getAnon(context_, fields, packed);
}

llvm::Constant* DataModule::table(const std::vector<llvm::Constant*>& items) {
  if (items.empty()) return null();
  return global(llvm::ConstantArray::get(llvm::ArrayType::get(items[0]->getType(), items.size()), items), "table");
}

llvm::GlobalVariable* DataModule::reserve_constants(int64_t bytes) {
  auto* type = llvm::ArrayType::get(builder_.getInt8Ty(), uint64_t(bytes));
  auto* variable =
      new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::InternalLinkage, llvm::ConstantAggregateZero::get(type), "constants");
  variable->setSection(constants_section);
  variable->setAlignment(llvm::Align(BROACH_ALIGNMENT));
  return variable;
}

llvm::Function* DataModule::kernel(const std::string& symbol) {
  if (llvm::Function* known = module_.getFunction(symbol)) return known;
  llvm::Type *i64 = builder_.getInt64Ty(), *pointer = builder_.getPtrTy();
  auto* type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, i64, i64}, false);
  auto* f = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module_);
  f->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return f;
}

Bytes DataModule::emit() {
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  BROACH_CHECK(!llvm::verifyModule(module_, &stream), "invalid LLVM IR: {}", problem);
  return emit_object(module_, *machine_);
}

void fill_constants(Bytes& object, const ConstantBlob& blob) {
  BROACH_CHECK(int64_t(blob.embed->size()) == blob.bytes, "{} bytes of constants, {} expected", blob.embed->size(), blob.bytes);
  llvm::StringRef data(reinterpret_cast<const char*>(object.data()), object.size());
  auto file = llvm::object::ObjectFile::createObjectFile({data, "constants"});
  BROACH_CHECK(bool(file), "unreadable object: {}", llvm::toString(file.takeError()));
  for (const llvm::object::SectionRef& section : (*file)->sections()) {
    auto name = section.getName();
    auto contents = section.getContents();
    if (!name || *name != constants_section || !contents) continue;
    BROACH_CHECK(int64_t(contents->size()) == blob.bytes, "the section of constants has {} bytes", contents->size());
    std::ranges::copy(*blob.embed, object.begin() + (contents->data() - data.data()));
    return;
  }
  BROACH_CHECK(blob.bytes == 0, "no section of constants");
}

}  // namespace broach
