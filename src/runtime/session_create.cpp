#include <cstring>
#include <new>

#include "runtime/cpu.h"
#include "runtime/expression.h"
#include "runtime/program_check.h"
#include "runtime/session.h"

namespace broach::runtime::internal {
namespace {

// The most bytes of one size: products of sizes below cannot overflow 64 bits where they are formed.
constexpr int64_t most_bytes = int64_t{1} << 46;

// Builds a session's parts in order; each function needs those before it.
class Builder {
 public:
  explicit Builder(broach_session& session) : session_(session), module_(*session.module), program_(*session.module->program) {}

  broach_status build() {
    BROACH_TRY(make_tensors());
    BROACH_TRY(make_memory());
    BROACH_TRY(count_pointers());
    BROACH_TRY(make_steps());
    return share_steps(session_) ? BROACH_STATUS_OK : fail_memory("a session");
  }

 private:
  broach_status fail_size(const char* what, uint64_t index) const {
    return fail(BROACH_STATUS_FORMAT, "%s has no valid size or place for %s %llu%s", module_.label(), what, static_cast<unsigned long long>(index),
                program_.ndims ? " with these dimensions" : ", a fault of the compiler that wrote it: please report it");
  }

  bool size_of(uint32_t expression, uint64_t& bytes) const {
    int64_t value;
    if (!evaluate(program_, expression, session_.dims.data(), value) || value < 0 || value > most_bytes) return false;
    bytes = static_cast<uint64_t>(value);
    return true;
  }

  // Shape and bytes of a tensor, which must agree.
  bool size_tensor(const broach_tensor& tensor, int64_t* shape, Binding& binding) const {
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor.ndim; ++i) {
      uint64_t dim;
      if (!size_of(tensor.shape[i], dim) || __builtin_mul_overflow(elements, dim, &elements)) return false;
      shape[i] = static_cast<int64_t>(dim);
    }
    if (elements > static_cast<uint64_t>(most_bytes)) return false;
    const uint64_t bits = uint64_t{tensor.dtype_bits} * tensor.dtype_lanes;
    return size_of(tensor.bytes, binding.bytes) && __builtin_mul_overflow(elements, bits, &elements) == false && binding.bytes == (elements + 7) / 8;
  }

  broach_status make_tensors() {
    const uint64_t count = module_.ntensors();
    uint64_t ndims = 0;
    for (uint64_t i = 0; i < count; ++i) ndims += tensor_of(program_, i).ndim;
    // A view's shape and, for an output that is copied to the caller, the caller's strides.
    if (!session_.tensors.allocate(count) || !session_.own.allocate(count) || !session_.shapes.allocate(2 * ndims)) return fail_memory("a session");
    int64_t* shape = session_.shapes.data();
    for (uint64_t i = 0; i < count; ++i) {
      const broach_tensor& tensor = tensor_of(program_, i);
      Binding& binding = session_.tensors[i];
      if (!size_tensor(tensor, shape, binding)) return fail_size("tensor", i);
      BROACH_TRY(make_tensor(tensor, shape, i));
      shape += 2 * tensor.ndim;
    }
    return BROACH_STATUS_OK;
  }

  broach_status make_tensor(const broach_tensor& tensor, int64_t* shape, uint64_t index) {
    Binding& binding = session_.tensors[index];
    void* memory = std::malloc(sizeof(Pages));
    if (!memory) return fail_memory("a session");
    session_.own[index] = new (memory) Pages;
    if (!session_.own[index]->allocate(binding.bytes, session_.debug)) return fail_memory("an input or output");
    binding.own = session_.own[index]->data();
    binding.view.data = binding.own;
    binding.view.device.device_type = static_cast<decltype(binding.view.device.device_type)>(BROACH_DL_CPU);
    binding.view.ndim = static_cast<int32_t>(tensor.ndim);
    binding.view.dtype = {tensor.dtype_code, tensor.dtype_bits, tensor.dtype_lanes};
    binding.view.shape = shape;
    binding.copy.strides = shape + tensor.ndim;
    return BROACH_STATUS_OK;
  }

  broach_status make_memory() {
    uint64_t arena, scratch;
    if (!size_of(program_.arena_bytes, arena)) return fail_size("arena", 0);
    if (!size_of(program_.scratch_bytes, scratch)) return fail_size("scratch", 0);
    if (!session_.arena.allocate(arena, session_.debug)) return fail_memory("the arena of a session");
    // Two lines more than needed: neighbours share none, nor do they fall on the same sets of the cache.
    session_.scratch_stride = (scratch + BROACH_ALIGNMENT - 1) / BROACH_ALIGNMENT * BROACH_ALIGNMENT;
    if (scratch) session_.scratch_stride += 2 * BROACH_ALIGNMENT;
    const uint64_t stride = session_.scratch_stride;
    const uint64_t bytes = stride ? (session_.threads - 1) * stride + scratch : 0;
    if (!session_.scratch.allocate(bytes, session_.debug)) return fail_memory("the scratch memory of a session");
    if (!session_.workers.allocate(session_.threads)) return fail_memory("a session");
    return BROACH_STATUS_OK;
  }

  // Pointers and patches are allocated at once: steps point into them.
  broach_status count_pointers() {
    uint64_t pointers = 0, patches = 0;
    for (uint32_t i = 0; i < program_.nsteps; ++i) {
      const broach_step& step = step_of(program_, i);
      pointers += step.nargs;
      for (uint32_t a = 0; a < step.nargs; ++a) patches += buffer_of(program_, program_.args[step.arg0 + a]).kind <= BROACH_BUFFER_OUTPUT;
    }
    if (!session_.pointers.allocate(pointers) || !session_.patches.allocate(patches) || !session_.steps.allocate(program_.nsteps) ||
        !session_.profile_ns.allocate(program_.nsteps))
      return fail_memory("a session");
    return BROACH_STATUS_OK;
  }

  uint64_t tensor_index(const broach_buffer& buffer) const {
    return buffer.kind == BROACH_BUFFER_INPUT ? buffer.index : uint64_t{program_.ninputs} + buffer.index;
  }

  // The memory that a buffer lies in.
  uint8_t* container(const broach_buffer& buffer, uint64_t& bytes) const {
    switch (buffer.kind) {
      case BROACH_BUFFER_CONSTANT: bytes = program_.constants_bytes; return const_cast<uint8_t*>(module_.constants);
      case BROACH_BUFFER_ARENA: bytes = session_.arena.bytes(); return session_.arena.data();
      default: {
        const Binding& binding = session_.tensors[tensor_index(buffer)];
        bytes = binding.bytes;
        return static_cast<uint8_t*>(binding.own);
      }
    }
  }

  bool resolve(const broach_buffer& buffer, uint8_t*& address, uint64_t& offset, uint64_t& bytes) const {
    uint64_t whole;
    uint8_t* start = container(buffer, whole);
    if (!size_of(buffer.offset, offset) || !size_of(buffer.bytes, bytes)) return false;
    if (offset > whole || bytes > whole - offset) return false;
    if (buffer.kind == BROACH_BUFFER_CONSTANT && offset % BROACH_ALIGNMENT != 0) return false;
    address = start + offset;
    return true;
  }

  broach_status make_steps() {
    void** next = session_.pointers.data();
    uint64_t npatches = 0;
    for (uint32_t i = 0; i < program_.nsteps; ++i) {
      const broach_step& source = step_of(program_, i);
      Step& step = session_.steps[i];
      uint64_t tasks, bytes[2] = {};
      if (!size_of(source.tasks, tasks)) return fail_size("step", i);
      step = {source.kind == BROACH_STEP_CALL ? source.fn : nullptr,
              next,
              static_cast<int64_t>(tasks),
              0,
              source.origin,
              session_.threads > 1 && source.serial == 0 && tasks > 1,
              source.barrier != 0};
      for (uint32_t a = 0; a < source.nargs; ++a, ++next) {
        const uint32_t index = program_.args[source.arg0 + a];
        const broach_buffer& buffer = buffer_of(program_, index);
        uint8_t* address;
        uint64_t offset;
        if (!resolve(buffer, address, offset, bytes[a % 2])) return fail_size("buffer", index);
        *next = address;
        if (buffer.kind <= BROACH_BUFFER_OUTPUT) session_.patches[npatches++] = {next, tensor_index(buffer), offset};
      }
      if (!step.fn && bytes[0] != bytes[1]) return fail_size("copy step", i);
      step.copy_bytes = step.fn ? 0 : bytes[0];
      session_.has_shared |= step.shared;
    }
    return BROACH_STATUS_OK;
  }

  broach_session& session_;
  const broach_module& module_;
  const broach_program& program_;
};

broach_status check_arguments(const broach_module& module, uint32_t threads, const int64_t* dims, uint32_t ndims) {
  if (threads > most_threads) return fail(BROACH_STATUS_ARGUMENT, "%u threads were asked for; at most %u are possible", threads, most_threads);
  const uint32_t needed = module.program->ndims;
  if (ndims != needed || (ndims && !dims))
    return fail(BROACH_STATUS_ARGUMENT, "%s has %u symbolic dimensions, values of %u were given", module.label(), needed, ndims);
  for (uint32_t i = 0; i < ndims; ++i)
    if (dims[i] < 0)
      return fail(BROACH_STATUS_ARGUMENT, "symbolic dimension %u of %s cannot be %lld", i, module.label(), static_cast<long long>(dims[i]));
  return BROACH_STATUS_OK;
}

broach_status prepare(broach_session& session, uint32_t threads, const int64_t* dims, uint32_t ndims) {
  const uint32_t cpus = count_cpus();
  session.threads = threads ? threads : cpus;
  // With fewer CPUs than threads the one waited for may need this one's CPU.
  session.spin_ns = session.threads > cpus ? 0 : default_spin_ns;
  const char* debug = std::getenv("BROACH_DEBUG_MEMORY");
  session.debug = debug && std::strcmp(debug, "1") == 0;
  if (ndims) {
    if (!session.dims.allocate(ndims)) return fail_memory("a session");
    std::memcpy(session.dims.data(), dims, ndims * sizeof *dims);
  }
  return Builder(session).build();
}

}  // namespace

broach_status create_session(broach_module* module, uint32_t threads, const int64_t* dims, uint32_t ndims, broach_session** result) noexcept {
  BROACH_TRY(check_arguments(*module, threads, dims, ndims));
  void* memory = std::aligned_alloc(alignof(broach_session), sizeof(broach_session));
  if (!memory) return fail_memory("a session");
  broach_session* session = new (memory) broach_session(module);
  const broach_status status = prepare(*session, threads, dims, ndims);
  if (status)
    close_session(session);
  else
    *result = session;
  return status;
}

void close_session(broach_session* session) noexcept {
  session->~broach_session();
  std::free(session);
}

}  // namespace broach::runtime::internal

broach_session::~broach_session() {
  broach::runtime::internal::await_workers(this, spin_ns);
  for (Pages* pages : own) {
    if (pages) pages->~Pages();
    std::free(pages);
  }
  broach::runtime::internal::release_module(module);
}
