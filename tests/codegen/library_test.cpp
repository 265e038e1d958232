// Objects, tables, linking, archives.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "codegen/compiled_kernel.h"
#include "codegen/conv_tile.h"

namespace broach::test {
namespace {

PrimFunc unary(const std::string& name, Op op, DType dtype = DType::f64) {
  auto a = make_buffer("a", dtype, 8), out = make_buffer("out", dtype, 8, Storage::param, true);
  Var i = make_var("i");
  return {name, {a, out}, make_for(i, 0, 8, make_store(out, Expr(i), make_unary(op, load(a, Expr(i)))))};
}

std::vector<PrimFunc> some_functions() {
  std::vector<PrimFunc> functions;
  for (Op op : {Op::exp, Op::abs, Op::neg, Op::sqrt, Op::tanh}) functions.push_back(unary(fmt::format("f_{}", traits(op).name), op));
  functions.push_back(conv_tile({}));
  return functions;
}

// Reads the dynamic section of a library for the machine at hand or another one of 64 bits.
struct Dynamic {
  std::set<std::string> needed, exported, undefined;
  bool executable_stack = true, writable_code = false, relro = false;
  std::vector<std::string> notes;

  explicit Dynamic(const Bytes& bytes) {
    auto* base = reinterpret_cast<const char*>(bytes.data());
    auto* header = reinterpret_cast<const Elf64_Ehdr*>(base);
    auto* segments = reinterpret_cast<const Elf64_Phdr*>(base + header->e_phoff);
    for (int i = 0; i < header->e_phnum; ++i) {
      if (segments[i].p_type == PT_GNU_STACK) executable_stack = segments[i].p_flags & PF_X;
      if (segments[i].p_type == PT_LOAD) writable_code |= (segments[i].p_flags & PF_X) && (segments[i].p_flags & PF_W);
      if (segments[i].p_type == PT_GNU_RELRO) relro = true;
      if (segments[i].p_type == PT_NOTE) notes.emplace_back(base + segments[i].p_offset, segments[i].p_filesz);
    }
    auto* sections = reinterpret_cast<const Elf64_Shdr*>(base + header->e_shoff);
    for (int i = 0; i < header->e_shnum; ++i) {
      const Elf64_Shdr& s = sections[i];
      const char* strings = s.sh_link < header->e_shnum ? base + sections[s.sh_link].sh_offset : nullptr;
      if (s.sh_type == SHT_DYNAMIC)
        for (auto* d = reinterpret_cast<const Elf64_Dyn*>(base + s.sh_offset); d->d_tag != DT_NULL; ++d)
          if (d->d_tag == DT_NEEDED) needed.insert(strings + d->d_un.d_val);
      if (s.sh_type == SHT_DYNSYM)
        for (size_t k = 1; k < s.sh_size / sizeof(Elf64_Sym); ++k) {
          auto& symbol = reinterpret_cast<const Elf64_Sym*>(base + s.sh_offset)[k];
          (symbol.st_shndx == SHN_UNDEF ? undefined : exported).insert(strings + symbol.st_name);
        }
    }
  }
};

TEST(Library, ExportsTheProgramAndNeedsLittle) {
  Dynamic with_math(build_library(program_of(some_functions()), host_target()));
  EXPECT_EQ(with_math.exported, std::set<std::string>{"broach_program_test"});
  EXPECT_EQ(with_math.needed, std::set<std::string>{"libm.so.6"});
  EXPECT_EQ(with_math.undefined, (std::set<std::string>{"exp", "tanh"}));
  EXPECT_FALSE(with_math.executable_stack);
  EXPECT_FALSE(with_math.writable_code);
  EXPECT_TRUE(with_math.relro);
  Dynamic plain(build_library(program_of({conv_tile({})}), host_target()));
  EXPECT_TRUE(plain.needed.empty());
  EXPECT_TRUE(plain.undefined.empty());
}

TEST(Library, HasANoteOfItsOwn) {
  Dynamic library(build_library(program_of(some_functions()), host_target()));
  ASSERT_EQ(library.notes.size(), 1u);
  const std::string& note = library.notes[0];
  Elf64_Nhdr header;
  std::memcpy(&header, note.data(), sizeof header);
  EXPECT_EQ(header.n_type, BROACH_NOTE_TYPE);
  EXPECT_STREQ(note.data() + sizeof header, BROACH_NOTE_OWNER);
  ASSERT_EQ(header.n_descsz, sizeof(broach_note));
  broach_note value;
  std::memcpy(&value, note.data() + sizeof header + 8, sizeof value);
  EXPECT_EQ(value.size, sizeof value);
  EXPECT_EQ(value.major, BROACH_ABI_MAJOR);
  EXPECT_EQ(value.features[0], host_target().feature_bits);
  EXPECT_STREQ(value.symbol, "broach_program_test");
  EXPECT_STREQ(value.cpu, host_target().cpu.c_str());
}

TEST(Library, TablesSayWhatTheProgramIs) {
  LoweredProgram program = program_of(some_functions());
  program.arena_bytes = 4096;
  program.steps[1].barrier = false;
  program.steps[2].serial = true;
  program.steps[3].origin = {"conv1", "relu1"};
  Library library(build_library(program, host_target()));
  const broach_program& p = library.program();
  EXPECT_EQ(p.size, sizeof p);
  EXPECT_EQ(p.nsteps, 6u);
  EXPECT_EQ(p.ninputs, 7u);
  EXPECT_EQ(p.noutputs, 6u);
  EXPECT_EQ(p.nbuffers, 13u);
  EXPECT_EQ(library.size(p.arena_bytes), 4096);
  EXPECT_EQ(library.size(p.scratch_bytes), 0);
  EXPECT_EQ(p.constants, nullptr);
  EXPECT_EQ(p.target, host_target().to_string());
  auto* steps = static_cast<const broach_step*>(p.steps);
  EXPECT_EQ(steps[0].barrier, 1u);
  EXPECT_EQ(steps[1].barrier, 0u);
  EXPECT_EQ(steps[2].serial, 1u);
  EXPECT_STREQ(p.origins[steps[3].origin], "conv1 + relu1");
  EXPECT_EQ(steps[5].nargs, 3u);
  EXPECT_EQ(library.tasks(5), 4);
  auto* tensors = static_cast<const broach_tensor*>(p.tensors);
  EXPECT_STREQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].dtype_code, 2);
  EXPECT_EQ(tensors[0].dtype_bits, 64);
  EXPECT_EQ(library.size(tensors[0].shape[0]), 8);
  EXPECT_EQ(library.size(tensors[0].bytes), 64);
  auto* buffers = static_cast<const broach_buffer*>(p.buffers);
  EXPECT_EQ(buffers[p.args[steps[1].arg0 + 1]].kind, uint32_t(BROACH_BUFFER_OUTPUT));
}

TEST(Library, ConstantsAreEmbeddedAligned) {
  LoweredProgram program = program_of({unary("f", Op::neg)});
  Bytes constants(size_t(3) << 20);
  for (size_t i = 0; i < constants.size(); ++i) constants[i] = std::byte(i * 7 >> 3);
  ConstantBlob blob{{}, int64_t(constants.size()), &constants};
  std::vector<Bytes> objects = compile_functions(program.functions, host_target(), {});
  objects.push_back(compile_program_tables(program, blob, {}, host_target(), {}));
  Library library(link_shared(objects, "broach_program_test", host_target()));
  const broach_program& p = library.program();
  EXPECT_EQ(p.constants_bytes, constants.size());
  ASSERT_NE(p.constants, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(p.constants) % BROACH_ALIGNMENT, 0u);
  EXPECT_EQ(std::memcmp(p.constants, constants.data(), constants.size()), 0);
}

TEST(Library, IsTheSameForAnyNumberOfThreads) {
  LoweredProgram program = program_of(some_functions());
  Bytes once = build_library(program, host_target(), 1);
  for (int threads : {1, 2, 3, 8}) EXPECT_EQ(build_library(program, host_target(), threads), once) << threads << " threads";
}

TEST(Library, IsMadeForOtherMachines) {
  LoweredProgram program = program_of(some_functions());
  struct Other {
    const char* target;
    int machine;
  };
  for (Other other : {Other{"llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72", EM_AARCH64}, Other{"llvm -mtriple=riscv64-linux-gnu", EM_RISCV},
                      Other{"llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64", EM_X86_64}}) {
    Bytes bytes = build_library(program, target_of(other.target));
    EXPECT_EQ(reinterpret_cast<const Elf64_Ehdr*>(bytes.data())->e_machine, other.machine);
    EXPECT_EQ(Dynamic(bytes).needed, std::set<std::string>{"libm.so.6"});
    EXPECT_EQ(Dynamic(bytes).exported, std::set<std::string>{"broach_program_test"});
  }
}

// f16 and bf16 need no helper library on any target.
TEST(Library, HalvesNeedNoHelpers) {
  std::vector<PrimFunc> functions;
  for (DType dtype : {DType::f16, DType::bf16}) functions.push_back(unary(fmt::format("f_{}", info(dtype).name), Op::sqrt, dtype));
  for (const char* target : {"llvm -mcpu=x86-64 -mtriple=x86_64-linux-gnu", "llvm -mtriple=aarch64-linux-gnu", "llvm -mtriple=riscv64-linux-gnu"})
    EXPECT_TRUE(Dynamic(build_library(program_of(functions), target_of(target))).undefined.empty()) << target;
}

// --- archives ---

class Archive : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("cc --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "needs a C compiler";
    std::string pattern = (std::filesystem::temp_directory_path() / "archive_test_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  // out = in + constant, then out = |out|, in two steps through the arena. Every symbol but <name>_... is prefixed.
  void write_archive_of(const std::string& name, float constant) {
    auto a = make_buffer("a", DType::f32, 8), c = make_buffer("c", DType::f32, 1), out = make_buffer("out", DType::f32, 8, Storage::param, true),
         strip = make_buffer("strip", DType::f32, 8, Storage::worker_scratch);
    Var i = make_var("i"), j = make_var("j");
    Stmt through = make_block({make_store(strip, Expr(i), load(a, Expr(i)) + load(c, Expr(0))), make_store(out, Expr(i), load(strip, Expr(i)))});
    PrimFunc add{"add", {a, c, out}, make_for(i, 0, 8, make_allocate(strip, through), ForKind::parallel)};
    PrimFunc absolute = unary("absolute", Op::abs, DType::f32);
    LoweredProgram program;
    program.name = name;
    program.functions = {add, absolute};
    program.inputs = {{"x", DType::f32, {8}}};
    program.outputs = {{"y", DType::f32, {8}}};
    program.buffers = {
        {BufferKind::input, 0, 0, 32}, {BufferKind::constant, 0, 0, 4}, {BufferKind::arena, 0, 64, 32}, {BufferKind::output, 0, 0, 32}};
    program.steps = {{0, {0, 1, 2}, {"add"}}, {1, {2, 3}, {"abs"}}};
    program.arena_bytes = 128;
    Bytes constants(128);
    std::memcpy(constants.data() + 64, &constant, sizeof constant);
    ConstantBlob blob{{64}, 128, &constants};
    CodegenOptions options;
    options.symbol_prefix = name + "_";
    std::vector<Bytes> objects = compile_functions(program.functions, host_target(), options);
    objects.push_back(compile_static_entry(program, blob, host_target(), options));
    Bytes archive = write_archive(objects, name);
    EXPECT_EQ(archive, write_archive(objects, name));
    std::ofstream(file("lib" + name + ".a"), std::ios::binary).write(reinterpret_cast<const char*>(archive.data()), std::streamsize(archive.size()));
  }

  std::filesystem::path folder_;
};

constexpr const char* c_program = R"(
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
typedef void body_fn(void *, int64_t, int64_t, int32_t);
typedef void for_fn(void *, int64_t, body_fn *, void *);
#define MODEL(name) \
  extern const uint64_t name##_arena_bytes, name##_scratch_bytes; \
  int32_t name##_run(const void *const *, void *const *, void *, void *, for_fn *, void *)
MODEL(first);
MODEL(second);
static void two_workers(void *context, int64_t tasks, body_fn *body, void *arg) {
  ++*(int *)context;
  body(arg, 0, tasks / 2, 1);
  body(arg, tasks / 2, tasks, 0);
}
int main(void) {
  float x[8] = {-8, -7, -6, -5, 1, 2, 3, 4}, y[8], z[8];
  const void *in[1] = {x};
  void *out1[1] = {y}, *out2[1] = {z};
  int calls = 0;
  void *arena = aligned_alloc(64, first_arena_bytes), *scratch = aligned_alloc(64, 2 * first_scratch_bytes);
  if (first_run(in, out1, arena, scratch, 0, 0)) return 1;
  if (second_run(in, out2, arena, scratch, two_workers, &calls)) return 2;
  for (int i = 0; i < 8; ++i) printf("%g %g\n", y[i], z[i]);
  printf("%d parallel steps, scratch %d\n", calls, (int)first_scratch_bytes);
  return 0;
}
)";

TEST_F(Archive, TwoModelsLinkIntoOneProgram) {
  write_archive_of("first", 1);
  write_archive_of("second", -10);
  std::ofstream(file("main.c")) << c_program;
  std::string command = fmt::format("cc -Wall -Werror {0}/main.c -L{0} -lfirst -lsecond -lm -o {0}/main && {0}/main > {0}/out", folder_.string());
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream out(file("out"));
  std::string text{std::istreambuf_iterator<char>(out), {}};
  EXPECT_EQ(text, "7 18\n6 17\n5 16\n4 15\n2 9\n3 8\n4 7\n5 6\n1 parallel steps, scratch 64\n");
}

}  // namespace
}  // namespace broach::test
