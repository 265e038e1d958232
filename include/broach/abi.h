/* The contract between a compiled artifact and the runtime that loads it (C99).
 *
 * An artifact is an ELF shared library. It exports one symbol, broach_program_<name>, which is a broach_program,
 * and carries one ELF note (owner "Broach", type BROACH_NOTE_TYPE) whose descriptor is a broach_note: all that must
 * be checked before the library is mapped for execution.
 *
 * The structures are append-only: a field never moves, new ones go to the end, every array has its stride in the
 * header, and every structure says its size. A change that an old runtime must not ignore raises BROACH_ABI_MAJOR. */
#ifndef BROACH_ABI_H
#define BROACH_ABI_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BROACH_ABI_MAJOR 1
#define BROACH_ABI_MINOR 0
#define BROACH_NOTE_OWNER "Broach"
#define BROACH_NOTE_TYPE 1u
#define BROACH_NOTE_SECTION ".note.broach"
#define BROACH_SYMBOL_PREFIX "broach_program_"
/* Alignment, in bytes, of the arena, of scratch, of every buffer in them and of every constant. */
#define BROACH_ALIGNMENT 64

/* Bits of broach_note.features[0]: what the code needs of the CPU beyond its architecture's baseline. */
enum {
  BROACH_X86_SSE42 = 1 << 0,
  BROACH_X86_AVX = 1 << 1,
  BROACH_X86_F16C = 1 << 2,
  BROACH_X86_FMA = 1 << 3,
  BROACH_X86_AVX2 = 1 << 4,
  BROACH_X86_BMI2 = 1 << 5,
  BROACH_X86_AVX512F = 1 << 6,
  BROACH_X86_AVX512BW = 1 << 7,
  BROACH_X86_AVX512DQ = 1 << 8,
  BROACH_X86_AVX512VL = 1 << 9,
  BROACH_X86_AVX512CD = 1 << 10,
  BROACH_X86_AVX512VNNI = 1 << 11,
  BROACH_X86_AVXVNNI = 1 << 12,
  BROACH_ARM_DOTPROD = 1 << 16,
  BROACH_ARM_FP16 = 1 << 17,
  BROACH_ARM_I8MM = 1 << 18,
  BROACH_ARM_SVE = 1 << 19
};

/* What a kernel is given. buf[i] is the i-th argument of the step; scratch belongs to the calling worker alone. */
struct broach_services;
typedef struct broach_call {
  uint32_t size;
  void* const* buf;
  const int64_t* dim; /* values of the program's symbolic dimensions, NULL when it has none */
  void* scratch;
  const struct broach_services* srv; /* NULL in version 1 */
} broach_call;

/* Runs tasks [task_begin, task_end) of a step. Tasks of one step are independent. Returns 0, or a status that ends the run. */
typedef int32_t (*broach_kernel)(const broach_call* call, int64_t task_begin, int64_t task_end);

enum { BROACH_STEP_CALL = 0, BROACH_STEP_COPY = 1 };

/* One step of the static plan. COPY copies buffer args[arg0] to args[arg0 + 1] (equal sizes). */
typedef struct broach_step {
  uint32_t kind;
  broach_kernel fn;
  uint32_t arg0, nargs; /* range of broach_program.args */
  uint32_t origin;      /* index into broach_program.origins */
  uint32_t barrier;     /* 1: all earlier steps must have ended before this one begins; 0: may overlap the step before it */
  uint32_t body, nbody; /* range of steps owned by this one (control flow); 0 in version 1 */
  uint32_t tasks;       /* index of the expression that gives the number of tasks */
  uint32_t serial;      /* 1: too small to share: one worker runs all tasks */
} broach_step;

enum {
  BROACH_BUFFER_INPUT = 0,    /* memory of tensor [index] of the inputs */
  BROACH_BUFFER_OUTPUT = 1,   /* memory of tensor [index] of the outputs */
  BROACH_BUFFER_CONSTANT = 2, /* offset into the constants (read-only) */
  BROACH_BUFFER_ARENA = 3     /* offset into the arena of the run */
};
/* For INPUT and OUTPUT, offset is added to the tensor's address. offset and bytes are indices of expressions. */
typedef struct broach_buffer {
  uint32_t kind, index, offset, bytes;
} broach_buffer;

/* An input or output. dtype as in DLPack (code, bits, lanes). shape: ndim indices of expressions. Memory is compact, row-major. */
typedef struct broach_tensor {
  const char* name;
  uint8_t dtype_code, dtype_bits;
  uint16_t dtype_lanes;
  uint32_t ndim;
  const uint32_t* shape;
  uint32_t bytes; /* index of an expression */
} broach_tensor;

/* Sizes are expressions in reverse Polish notation over dim[]: exprs is an array of words, an expression starts at its
 * index with the number of words that follow. CONST and DIM are followed by one operand word. */
enum { BROACH_EXPR_CONST = 0, BROACH_EXPR_DIM = 1, BROACH_EXPR_ADD = 2, BROACH_EXPR_MUL = 3, BROACH_EXPR_FLOORDIV = 4, BROACH_EXPR_MAX = 5 };

typedef struct broach_program {
  uint32_t size;
  uint16_t major, minor;
  uint8_t build_id[32];
  const char* target; /* target string the code was built for */
  const char* meta;   /* JSON object: producer, model, labels, preprocessing; for programs above the runtime */
  uint64_t features[8];
  uint32_t step_stride, nsteps, buffer_stride, nbuffers, tensor_stride, ninputs, noutputs;
  const void* steps;     /* broach_step[nsteps] */
  const void* buffers;   /* broach_buffer[nbuffers] */
  const void* tensors;   /* broach_tensor[ninputs + noutputs] */
  const void* constants; /* bytes of the constants, NULL: in the .params file that goes with the library */
  const int64_t* exprs;
  uint32_t nexprs;         /* words in exprs */
  uint32_t nargs;          /* entries in args */
  const uint32_t* args;    /* indices of buffers */
  uint32_t norigins;
  const char* const* origins; /* the model's node names, for profiles and errors */
  uint32_t arena_bytes, scratch_bytes; /* indices of expressions; scratch is per worker */
  uint32_t ndims;
  uint64_t constants_bytes;
} broach_program;

/* Descriptor of the ELF note. The checksum (XXH3, 128 bits) covers every byte of the file except the checksum field
 * itself and the constants' range; constants_checksum covers the constants, wherever they are. */
typedef struct broach_note {
  uint32_t size;
  uint16_t major, minor;
  uint64_t checksum[2];
  uint64_t constants_checksum[2];
  uint64_t constants_offset; /* in the file; 0 when the constants are in a .params file */
  uint64_t constants_bytes;
  uint64_t file_bytes;
  uint64_t features[8];
  uint8_t build_id[32];
  char cpu[32];     /* CPU name of the target, for messages */
  char symbol[128]; /* name of the program symbol, NUL-terminated */
} broach_note;

#ifdef __cplusplus
}
#endif
#endif
