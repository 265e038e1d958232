#include <lld/Common/Driver.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Object/ObjectFile.h>

#include <mutex>
#include <set>

#include "codegen/llvm/code_target.h"
#include "codegen/llvm/codegen.h"
#include "codegen/llvm/optimise.h"
#include "codegen/llvm/temporary_folder.h"

LLD_HAS_DRIVER(elf)

namespace broach {
namespace {

llvm::MemoryBufferRef buffer_of(const Bytes& bytes, llvm::StringRef name) {
  return {llvm::StringRef(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name};
}

// lld keeps its state in globals: one link at a time.
void run_linker(const std::vector<std::string>& arguments) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::vector<const char*> argv = {"ld.lld"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::string output, errors;
  llvm::raw_string_ostream out(output), err(errors);
  lld::Result result = lld::lldMain(argv, out, err, {{lld::Gnu, &lld::elf::link}});
  BROACH_CHECK(result.retCode == 0, "linking failed: {}", errors);
}

const char* emulation(Arch arch) { return arch == Arch::x86_64 ? "elf_x86_64" : arch == Arch::aarch64 ? "aarch64linux" : "elf64lriscv"; }

// The same bytes whatever the machine and the number of threads.
std::vector<std::string> common_arguments(const Target& target, const std::string& output) {
  return {"-m",
          emulation(target.arch),
          "-shared",
          "--build-id=none",
          "--hash-style=gnu",
          "--threads=1",
          "-z",
          "noexecstack",
          "-z",
          "relro",
          "-z",
          "now",
          "-z",
          "defs",
          "-o",
          output};
}

// Symbols that some object needs and none defines.
std::set<std::string> undefined_symbols(std::span<const Bytes> objects) {
  std::set<std::string> defined, needed;
  for (const Bytes& object : objects) {
    auto file = llvm::object::ObjectFile::createObjectFile(buffer_of(object, "object"));
    BROACH_CHECK(bool(file), "unreadable object: {}", llvm::toString(file.takeError()));
    for (const llvm::object::SymbolRef& symbol : (*file)->symbols()) {
      auto name = symbol.getName();
      auto flags = symbol.getFlags();
      if (!name || !flags || name->empty() || !(*flags & llvm::object::SymbolRef::SF_Global)) continue;
      (*flags & llvm::object::SymbolRef::SF_Undefined ? needed : defined).insert(name->str());
    }
  }
  std::erase_if(needed, [&](const std::string& name) { return defined.contains(name); });
  return needed;
}

bool is_libc(const std::string& name) { return name == "memcpy" || name == "memmove" || name == "memset" || name == "memcmp" || name == "bcmp"; }

// An object that defines the given functions; never run.
Bytes make_import_object(const std::set<std::string>& names, const CodeTarget& code) {
  llvm::LLVMContext context;
  llvm::Module module("import_library", context);
  auto machine = make_target_machine(code, 0);
  module.setTargetTriple(code.triple);
  module.setDataLayout(machine->createDataLayout());
  llvm::IRBuilder<> builder(context);
  for (const std::string& name : names) {
    auto* type = llvm::FunctionType::get(builder.getVoidTy(), false);
    auto* f = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
    builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", f));
    builder.CreateRetVoid();
  }
  return emit_object(module, *machine);
}

// A library with the right name and symbols is all that the linker needs to know of a system library, which may not be
// there at all when code is made for another machine.
std::string make_import_library(const std::string& soname, const std::set<std::string>& names, const Target& target, const TemporaryFolder& folder) {
  std::string object = folder.write(soname + ".o", make_import_object(names, code_target(target)));
  std::vector<std::string> arguments = common_arguments(target, folder.file(soname));
  arguments.insert(arguments.end(), {"-soname", soname, object});
  run_linker(arguments);
  return folder.file(soname);
}

}  // namespace

Bytes link_shared(std::span<const Bytes> objects, const std::string& exported, const Target& target) {
  initialise_llvm();
  TemporaryFolder folder;
  std::vector<std::string> arguments = common_arguments(target, folder.file("library.so"));
  arguments.insert(arguments.end(), {"--gc-sections", "--undefined=" + exported, "-soname", exported + ".so"});
  for (size_t i = 0; i < objects.size(); ++i) arguments.push_back(folder.write(fmt::format("{}.o", i), objects[i]));
  std::set<std::string> libm, libc;
  for (const std::string& name : undefined_symbols(objects)) (is_libc(name) ? libc : libm).insert(name);
  if (!libm.empty()) arguments.push_back(make_import_library("libm.so.6", libm, target, folder));
  if (!libc.empty()) arguments.push_back(make_import_library("libc.so.6", libc, target, folder));
  run_linker(arguments);
  return folder.read("library.so");
}

Bytes write_archive(std::span<const Bytes> objects, const std::string& stem) {
  std::vector<llvm::NewArchiveMember> members;
  std::vector<std::string> names;
  names.reserve(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) {
    names.push_back(fmt::format("{}_{}.o", stem, i));
    members.emplace_back(buffer_of(objects[i], names.back()));
  }
  auto archive = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                                            /*Deterministic=*/true, /*Thin=*/false);
  BROACH_CHECK(bool(archive), "no archive: {}", llvm::toString(archive.takeError()));
  auto* begin = reinterpret_cast<const std::byte*>((*archive)->getBufferStart());
  return Bytes(begin, begin + (*archive)->getBufferSize());
}

}  // namespace broach
