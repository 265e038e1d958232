#include "driver/write.h"

#include <unistd.h>

#include <cctype>
#include <filesystem>

#include "driver/external_linker.h"
#include "support/files.h"

namespace broach {
namespace {

std::string_view text(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string without_suffix(const std::string& path) { return path.substr(0, path.rfind('.')); }

CodegenOptions codegen_options(const CompileOptions& options, Dumper& dumper) {
  CodegenOptions codegen;
  codegen.opt_level = options.opt_level;
  codegen.symbol_prefix = options.module_name + "_";
  codegen.ll_text = dumper.ll_text();
  codegen.asm_text = dumper.asm_text();
  return codegen;
}

// What a C program needs to call the archive.
std::string static_header(const LoweredProgram& program) {
  const std::string& n = program.name;
  std::string header =
      fmt::format("/* Interface of the compiled model '{}'. Memory must be 64-byte aligned; returns 0, or the status of a failed step.\n", n);
  auto list = [&](const char* what, const std::vector<ProgramTensor>& tensors) {
    for (size_t i = 0; i < tensors.size(); ++i)
      header += fmt::format(" *   {}[{}]: {}, {} {}\n", what, i, tensors[i].name, info(tensors[i].dtype).numpy, to_string(tensors[i].shape));
  };
  list("inputs", program.inputs);
  list("outputs", program.outputs);
  header += fmt::format(
      " * arena: {0}_arena_bytes bytes. scratch: {0}_scratch_bytes bytes for each worker that parallel_for uses.\n"
      " * parallel_for runs body over ranges that cover [0, tasks), worker counted from 0; NULL: one thread. */\n"
      "#ifndef BROACH_MODEL_{0}_H\n#define BROACH_MODEL_{0}_H\n#include <stdint.h>\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n"
      "extern const uint64_t {0}_arena_bytes, {0}_scratch_bytes;\n"
      "typedef void (*{0}_body)(void *arg, int64_t begin, int64_t end, int32_t worker);\n"
      "int32_t {0}_run(const void *const *inputs, void *const *outputs, void *arena, void *scratch,\n"
      "    void (*parallel_for)(void *ctx, int64_t tasks, {0}_body body, void *arg), void *ctx);\n"
      "#ifdef __cplusplus\n}}\n#endif\n#endif\n",
      n);
  return header;
}

// What would have no effect on a model that is saved as it was imported.
void refuse_for_graph(const CompileOptions& options) {
  CompileOptions defaults;
  std::pair<bool, const char*> given[] = {{options.opt_level != defaults.opt_level, "an optimisation level"},
                                          {!options.disabled_passes.empty(), "disabled passes"},
                                          {!options.pass_config.empty(), "settings of passes"},
                                          {!options.desired_layout.empty(), "a desired layout"},
                                          {!options.dump_code.empty(), "dumps of later stages"},
                                          {!options.print_ir_before.empty() || !options.print_ir_after.empty(), "printing around passes"},
                                          {!options.meta.empty(), "labels or preprocessing"},
                                          {options.module_name != defaults.module_name, "a module name"},
                                          {options.target != defaults.target, "a target"}};
  for (const auto& [is_given, what] : given)
    if (is_given) throw_error("{} can have no effect on '{}', which is the model as it was imported", what, options.output);
}

std::vector<std::string> write_static(const BuiltProgram& built, const CompileOptions& options, Dumper& dumper) {
  CodegenOptions codegen = codegen_options(options, dumper);
  ParamsBlob params = make_params(built.program.constants);
  std::vector<Bytes> objects = compile_functions(built.program.functions, built.target, codegen);
  objects.push_back(compile_static_entry(built.program, {params.offsets, int64_t(params.bytes.size()), &params.bytes}, built.target, codegen));
  std::string header = without_suffix(options.output) + ".h";
  write_file_atomically(header, static_header(built.program));
  try {
    write_file_atomically(options.output, text(write_archive(objects, built.program.name)));
  } catch (...) {
    std::filesystem::remove(header);  // one without the other is of no use
    throw;
  }
  return {options.output, header};
}

}  // namespace

OutputKind output_kind(const std::string& path) {
  std::string suffix = std::filesystem::path(path).extension();
  if (suffix == ".tar") return OutputKind::tar;
  if (suffix == ".so") return OutputKind::shared;
  if (suffix == ".a") return OutputKind::archive;
  if (suffix == ".graph") return OutputKind::graph;
  throw_error("the output '{}' ends in none of .tar, .so, .a and .graph, which say what to write", path);
}

void check_module_name(const std::string& name) {
  bool valid = !name.empty() && name.size() < 100 && !std::isdigit(static_cast<unsigned char>(name[0]));
  for (char c : name) valid = valid && (std::isalnum(static_cast<unsigned char>(c)) || c == '_');
  if (!valid) throw_error("the module name '{}' is not made of letters, digits and _, beginning with no digit", name);
}

void check_output(const CompileOptions& options) {
  OutputKind kind = output_kind(options.output);
  check_module_name(options.module_name);
  bool linked = kind == OutputKind::tar || kind == OutputKind::shared;
  if (!linked && !options.cross_compiler.empty()) throw_error("a cross compiler has no effect on '{}', for which nothing is linked", options.output);
  if (kind == OutputKind::graph) refuse_for_graph(options);
  std::filesystem::path folder = std::filesystem::path(options.output).parent_path();
  if (folder.empty()) folder = ".";
  if (std::filesystem::is_directory(options.output)) throw_error("cannot write '{}': it is a directory", options.output);
  if (!std::filesystem::is_directory(folder)) throw_error("cannot write '{}': there is no folder '{}'", options.output, folder.string());
  if (access(folder.c_str(), W_OK) != 0) throw_error("cannot write '{}': the folder '{}' is not writable", options.output, folder.string());
}

Library shared_library(const BuiltProgram& built, const CompileOptions& options, Dumper& dumper) {
  BuildLibraryOptions library{output_kind(options.output) == OutputKind::shared, built.meta, codegen_options(options, dumper), {}};
  if (!options.cross_compiler.empty()) library.link = external_linker(options.cross_compiler, options.cross_compiler_options);
  return build_library(built.program, built.target, library);
}

std::vector<std::string> write_artifact(const BuiltProgram& built, const CompileOptions& options, Dumper& dumper) {
  OutputKind kind = output_kind(options.output);
  if (kind == OutputKind::archive) return write_static(built, options, dumper);
  Library library = shared_library(built, options, dumper);
  if (kind == OutputKind::shared) {
    AtomicFile file(options.output);
    file.executable = true;
    file.write(text(library.bytes));
    file.commit();
    return {options.output};
  }
  std::string json = plan_json(built.program);
  write_tar(options.output, {{"mod.so", text(library.bytes)}, {"mod.json", json}, {"mod.params", text(library.params.bytes)}});
  return {options.output};
}

}  // namespace broach
