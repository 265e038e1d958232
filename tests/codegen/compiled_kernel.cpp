#include "codegen/compiled_kernel.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace broach::test {

Target target_of(const std::string& text) { return resolve_target(parse_target(text)); }

Target host_target() {
  static const Target target = target_of("llvm");
  return target;
}

LoweredProgram program_of(const std::vector<PrimFunc>& functions, const std::string& name) {
  LoweredProgram program;
  program.name = name;
  program.functions = functions;
  for (size_t i = 0; i < functions.size(); ++i) {
    ProgramStep step{int(i), {}, {functions[i].name}};
    for (const Buffer& param : functions[i].params) {
      auto& tensors = param->written ? program.outputs : program.inputs;
      step.arguments.push_back(int(program.buffers.size()));
      program.buffers.push_back(
          {param->written ? BufferKind::output : BufferKind::input, int(tensors.size()), 0, param->elements * byte_size(param->dtype)});
      tensors.push_back({param->name, param->dtype, {param->elements}});
    }
    program.steps.push_back(step);
  }
  return program;
}

Bytes build_library(const LoweredProgram& program, const Target& target, int threads, int opt_level) {
  CodegenOptions options;
  options.threads = threads;
  options.opt_level = opt_level;
  std::vector<Bytes> objects = compile_functions(program.functions, target, options);
  objects.push_back(compile_program_tables(program, {}, {}, target, options));
  return link_shared(objects, BROACH_SYMBOL_PREFIX + program.name, target);
}

Library::Library(const Bytes& bytes, const std::string& symbol) {
  int file = memfd_create("library", 0);
  EXPECT_EQ(write(file, bytes.data(), bytes.size()), ssize_t(bytes.size()));
  handle_ = dlopen(fmt::format("/proc/self/fd/{}", file).c_str(), RTLD_NOW | RTLD_LOCAL);
  close(file);
  if (!handle_) throw std::runtime_error(dlerror());
  program_ = static_cast<const broach_program*>(dlsym(handle_, symbol.c_str()));
  if (!program_) throw std::runtime_error(dlerror());
}

Library::~Library() { dlclose(handle_); }

broach_kernel Library::kernel(size_t step) const { return static_cast<const broach_step*>(program_->steps)[step].fn; }
int64_t Library::tasks(size_t step) const { return size(static_cast<const broach_step*>(program_->steps)[step].tasks); }

Memory::Memory(DType type, int64_t count) : dtype(type), elements(count), bytes_(size_t((count + 1) * byte_size(type)) + 2 * margin, 0xa5) {}

bool Memory::intact() const {
  auto untouched = [](unsigned char byte) { return byte == 0xa5; };
  return std::all_of(bytes_.begin(), bytes_.begin() + ptrdiff_t(begin()), untouched) && std::all_of(bytes_.end() - margin, bytes_.end(), untouched);
}

void Memory::fill(std::mt19937& random) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const double special[] = {0, -0.0, 1, -1, inf, -inf, std::nan(""), 0.5, -0.5, 2.5, 3.5, 1e-40, 65504, 65519, 65520, 1e30, -1e30, 255, 256, 127.5};
  const int64_t special_ints[] = {0,
                                  1,
                                  -1,
                                  2,
                                  -2,
                                  7,
                                  -7,
                                  127,
                                  128,
                                  -128,
                                  255,
                                  32767,
                                  -32768,
                                  2147483647,
                                  -2147483648LL,
                                  std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()};
  for (int64_t i = 0; i < elements; ++i) {
    bool rare = random() % 4 == 0;
    if (is_float(dtype)) {
      double ordinary = (double(random()) / 4294967296.0 - 0.5) * (random() % 2 ? 4 : 200);
      store_double(dtype, data(), i, rare ? special[random() % std::size(special)] : ordinary);
    } else {
      store_int(dtype, data(), i,
                dtype == DType::boolean ? int64_t(random() % 2)
                : rare                  ? special_ints[random() % std::size(special_ints)]
                                        : int64_t(random() % 200) - 100);
    }
  }
}

namespace {

double ulp(DType dtype, double value) {
  int digits = dtype == DType::f64 ? 53 : dtype == DType::f32 ? 24 : dtype == DType::f16 ? 11 : 8;
  int least = dtype == DType::f64 ? -1022 : dtype == DType::f16 ? -14 : -126;
  return std::ldexp(1.0, std::max(value == 0 ? least : std::ilogb(value), least) - digits + 1);
}

bool same(DType dtype, const Memory& a, const Memory& b, int64_t i, double ulps) {
  if (!is_float(dtype)) return load_as_int(dtype, a.data(), i) == load_as_int(dtype, b.data(), i);
  double x = load_as_double(dtype, a.data(), i), y = load_as_double(dtype, b.data(), i);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  if (x == y) return true;
  return std::isfinite(x) && std::isfinite(y) && std::fabs(x - y) <= ulps * ulp(dtype, y);
}

std::vector<void*> pointers(std::vector<Memory>& memory) {
  std::vector<void*> result;
  for (Memory& m : memory) result.push_back(m.data());
  return result;
}

}  // namespace

void expect_like_interpreter(const PrimFunc& f, const std::function<void(size_t, Memory&)>& fill, double ulps, int opt_level) {
  expect_like_interpreter(Library(build_library(program_of({f}), host_target(), 1, opt_level)), 0, f, fill, ulps);
}

void expect_like_interpreter(const Library& library, size_t step, const PrimFunc& f, const std::function<void(size_t, Memory&)>& fill, double ulps) {
  std::vector<Memory> compiled;
  for (size_t i = 0; i < f.params.size(); ++i) fill(i, compiled.emplace_back(f.params[i]->dtype, f.params[i]->elements));
  std::vector<Memory> interpreted = compiled;
  interpret(f, pointers(interpreted));

  std::vector<void*> buffers = pointers(compiled);
  std::vector<char> scratch(size_t(scratch_bytes(f)) + 64);
  char* aligned = scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
  broach_call call{sizeof call, buffers.data(), nullptr, aligned, nullptr};
  ASSERT_EQ(library.kernel(step)(&call, 0, library.tasks(step)), 0);

  for (size_t p = 0; p < f.params.size(); ++p) {
    EXPECT_TRUE(compiled[p].intact()) << f.name << " wrote outside " << f.params[p]->name;
    DType dtype = f.params[p]->dtype;
    for (int64_t i = 0; i < compiled[p].elements; ++i) {
      if (same(dtype, compiled[p], interpreted[p], i, ulps)) continue;
      std::string inputs;
      for (size_t q = 0; q < f.params.size(); ++q)
        if (!f.params[q]->written && compiled[q].elements == compiled[p].elements)
          inputs += fmt::format(" {}={}", f.params[q]->name, load_as_double(f.params[q]->dtype, compiled[q].data(), i));
      ADD_FAILURE() << f.name << ": " << f.params[p]->name << "[" << i << "] is " << load_as_double(dtype, compiled[p].data(), i) << ", interpreted "
                    << load_as_double(dtype, interpreted[p].data(), i) << " from" << inputs;
      break;
    }
  }
}

void expect_like_interpreter(const PrimFunc& f, double ulps, int opt_level, unsigned seed) {
  std::mt19937 random(seed);
  expect_like_interpreter(f, [&](size_t, Memory& m) { m.fill(random); }, ulps, opt_level);
}

}  // namespace broach::test
