/* A small compiled model, written by hand the way the compiler writes one. The tests build it with cc, seal it, and
 * run it. N elements; x and y are inputs, w the weights:
 *   mul:     t = x * w          7 tasks
 *   square:  u = y * y          3 tasks, may overlap mul
 *   mix:     v[i] = t[N-1-i] + u[i]   5 tasks
 *   sum:     total = sum of v, by way of scratch, one thread
 *   scale:   z = v * 0.5        4 tasks
 *   copy:    out = z
 *   check:   status 7 where x[0] is 12345; waits while x[1] is 777
 * Macros choose variants: PARAMS (weights in a file), DIMS (N is symbolic), FEATURES, MAJOR, FAULT (one error each),
 * EMPTY (1000 steps of 7 tasks that do nothing, each waiting for the one before). */
#include <stddef.h>

#include "broach/abi.h"

#ifndef MAJOR
#define MAJOR BROACH_ABI_MAJOR
#endif
#ifndef FEATURES
#define FEATURES 0
#endif
#ifndef FAULT
#define FAULT 0
#endif
#ifndef BUILD
#define BUILD 1
#endif
#define N 1000
#define PARAMS_HEADER 64
#define CONSTANTS_BYTES (PARAMS_HEADER + 4 * N)

__asm__(
    ".section broach_constants,\"a\",@progbits\n"
    ".balign 64\n"
    "constants:\n"
    ".quad 0xF7E58D4F05049CB7\n"
    ".zero 56\n"
    ".set i,0\n"
    ".rept 1000\n"
    ".long i%17-8\n"
    ".set i,i+1\n"
    ".endr\n"
    ".previous\n");
extern const uint8_t constants[] __attribute__((visibility("hidden")));

static int64_t count(const broach_call* call) { return call->dim ? call->dim[0] : N; }
#define RANGE(tasks) int64_t n = count(call), first = n * begin / (tasks), last = n * end / (tasks)

static int32_t mul(const broach_call* call, int64_t begin, int64_t end) {
  RANGE(7);
  const float* x = call->buf[0];
  const int32_t* w = call->buf[1];
  float* t = call->buf[2];
  for (int64_t i = first; i < last; ++i) t[i] = x[i] * (float)w[i];
  return call->size == sizeof(broach_call) && !call->srv ? 0 : 1;
}

static int32_t square(const broach_call* call, int64_t begin, int64_t end) {
  RANGE(3);
  const float* y = call->buf[0];
  float* u = call->buf[1];
  for (int64_t i = first; i < last; ++i) u[i] = y[i] * y[i];
  return 0;
}

static int32_t mix(const broach_call* call, int64_t begin, int64_t end) {
  RANGE(5);
  const float *t = call->buf[0], *u = call->buf[1];
  float* v = call->buf[2];
  for (int64_t i = first; i < last; ++i) v[i] = t[n - 1 - i] + u[i];
  return 0;
}

static int32_t sum(const broach_call* call, int64_t begin, int64_t end) {
  const float* v = call->buf[0];
  float *total = call->buf[1], *parts = call->scratch;
  int64_t n = count(call);
  (void)begin, (void)end;
  for (int k = 0; k < 1024; ++k) parts[k] = 0;
  for (int64_t i = 0; i < n; ++i) parts[i % 1024] += v[i];
  *total = 0;
  for (int k = 0; k < 1024; ++k) *total += parts[k];
  return 0;
}

static int32_t scale(const broach_call* call, int64_t begin, int64_t end) {
  RANGE(4);
  const float* v = call->buf[0];
  float* z = call->buf[1];
  for (int64_t i = first; i < last; ++i) z[i] = v[i] * 0.5f;
  return 0;
}

static int32_t check(const broach_call* call, int64_t begin, int64_t end) {
  const volatile float* x = call->buf[0];
  (void)begin, (void)end;
  while (x[1] == 777) {
  }
  return x[0] == 12345 ? 7 : 0;
}

#ifdef EMPTY
static int32_t nothing(const broach_call* call, int64_t begin, int64_t end) {
  (void)call, (void)begin, (void)end;
  return 0;
}
#endif

#ifdef DIMS
#define SIZE BROACH_EXPR_DIM, 0
#else
#define SIZE BROACH_EXPR_CONST, N
#endif
/* Expressions, by the index of their first word. */
enum {
  ZERO = 0,
  ONE = 8,
  FOUR = 16,
  ELEMENTS = 24,
  BYTES = 32,
  ROW = 40,
  THREE = 48,
  FIVE = 56,
  SEVEN = 64,
  AT_U = 72,
  AT_V = 80,
  AT_Z = 88,
  ARENA = 96,
  SCRATCH = 104,
  AT_WEIGHTS = 112,
  NEGATIVE = 120,
  HUGE = 128,
  MALFORMED = 136
};
static const int64_t exprs[] = {
    [ZERO] = 2,
    BROACH_EXPR_CONST,
    0,
    [ONE] = 2,
    BROACH_EXPR_CONST,
    1,
    [FOUR] = 2,
    BROACH_EXPR_CONST,
    4,
    [ELEMENTS] = 2,
    SIZE,
    [BYTES] = 5,
    SIZE,
    BROACH_EXPR_CONST,
    4,
    BROACH_EXPR_MUL,
    [ROW] = 5,
    SIZE,
    BROACH_EXPR_CONST,
    4,
    BROACH_EXPR_FLOORDIV,
    [THREE] = 2,
    BROACH_EXPR_CONST,
    3,
    [FIVE] = 2,
    BROACH_EXPR_CONST,
    5,
    [SEVEN] = 2,
    BROACH_EXPR_CONST,
    7,
    [AT_U] = 5,
    BROACH_EXPR_CONST,
    1,
    BROACH_EXPR_CONST,
    4096,
    BROACH_EXPR_MAX,
    [AT_V] = 5,
    BROACH_EXPR_CONST,
    4096,
    BROACH_EXPR_CONST,
    4096,
    BROACH_EXPR_ADD,
    [AT_Z] = 2,
    BROACH_EXPR_CONST,
    12288,
    [ARENA] = 2,
    BROACH_EXPR_CONST,
    16384,
    [SCRATCH] = 2,
    BROACH_EXPR_CONST,
    4096,
    [AT_WEIGHTS] = 2,
    BROACH_EXPR_CONST,
    PARAMS_HEADER,
    [NEGATIVE] = 2,
    BROACH_EXPR_CONST,
    -1,
    [HUGE] = 2,
    BROACH_EXPR_CONST,
    1000000,
    [MALFORMED] = 1,
    BROACH_EXPR_ADD,
};

static const broach_buffer buffers[] = {
    {BROACH_BUFFER_INPUT, 0, ZERO, BYTES},
    {BROACH_BUFFER_INPUT, FAULT == 1 ? 2 : 1, ZERO, BYTES},
    {BROACH_BUFFER_CONSTANT, 0, FAULT == 2 ? HUGE : AT_WEIGHTS, BYTES},
    {BROACH_BUFFER_ARENA, 0, ZERO, BYTES},                         /* 3: t */
    {BROACH_BUFFER_ARENA, 0, AT_U, BYTES},                         /* 4: u at 4096 */
    {BROACH_BUFFER_ARENA, 0, AT_V, BYTES},                         /* 5: v */
    {BROACH_BUFFER_ARENA, 0, FAULT == 3 ? NEGATIVE : AT_Z, BYTES}, /* 6: z */
    {BROACH_BUFFER_OUTPUT, 0, ZERO, BYTES},
    {BROACH_BUFFER_OUTPUT, 1, ZERO, FOUR},
};
static const uint32_t args[] = {0, 2, 3, /**/ 1, 4, /**/ 3, 4, FAULT == 4 ? 9 : 5, /**/ 5, 8, /**/ 5, 6, /**/ 6, FAULT == 5 ? 8 : 7, /**/ 0};
static const char* const origins[] = {"Mul_0", "Square_1", "Mix_2", "Sum_3", "Scale_4", "Out_5", "Check_6"};
static const broach_step steps[] = {
#ifdef EMPTY
    [0 ... 999] = {BROACH_STEP_CALL, nothing, 0, 1, 0, 1, 0, 0, SEVEN, 0},
#else
    {BROACH_STEP_CALL, mul, 0, 3, 0, 1, 0, 0, SEVEN, 0},
    {BROACH_STEP_CALL, square, 3, 2, 1, 0, 0, 0, THREE, 0},
    {BROACH_STEP_CALL, mix, 5, 3, 2, 1, 0, 0, FIVE, 0},
    {BROACH_STEP_CALL, sum, 8, 2, 3, 1, 0, 0, ONE, 1},
    {BROACH_STEP_CALL, scale, 10, 2, 4, 0, 0, 0, FOUR, 0},
    {BROACH_STEP_COPY, NULL, 12, 2, 5, 1, 0, 0, THREE, 0},
    {BROACH_STEP_CALL, FAULT == 6 ? NULL : check, 14, FAULT == 7 ? 2 : 1, FAULT == 8 ? 7 : 6, 1, 0, 0, FAULT == 9 ? MALFORMED : ONE, 0},
#endif
};
static const uint32_t matrix[] = {FOUR, ROW}, vector[] = {ELEMENTS}, one[] = {ONE};
static const broach_tensor tensors[] = {
    {"x", 2, 32, 1, 2, matrix, BYTES},
    {"y", 2, 32, 1, 1, vector, FAULT == 10 ? FOUR : BYTES},
    {"out", 2, 32, 1, 2, matrix, BYTES},
    {FAULT == 11 ? (const char*)8 : "total", 2, 32, 1, 1, one, FOUR},
};

#ifdef PARAMS
#define CONSTANTS NULL
#else
#define CONSTANTS constants
#endif
#if FAULT == 16
#define SYMBOL "broach_program_other"
#else
#define SYMBOL "broach_program_toy"
#endif
__attribute__((visibility("default"))) const broach_program broach_program_toy = {
    .size = FAULT == 12 ? 8 : sizeof(broach_program),
    .major = MAJOR,
    .minor = BROACH_ABI_MINOR,
    .build_id = {BUILD},
    .target = "llvm -mcpu=toy",
    .meta = "{\"producer\":\"test\"}",
    .features = {FEATURES},
    .step_stride = FAULT == 13 ? 8 : sizeof(broach_step),
    .nsteps = FAULT == 14 ? 100000 : sizeof steps / sizeof *steps,
    .buffer_stride = sizeof(broach_buffer),
    .nbuffers = 9,
    .tensor_stride = sizeof(broach_tensor),
    .ninputs = 2,
    .noutputs = 2,
    .steps = steps,
    .buffers = buffers,
    .tensors = tensors,
    .constants = CONSTANTS,
    .exprs = exprs,
    .nexprs = sizeof exprs / sizeof *exprs,
    .nargs = sizeof args / sizeof *args,
    .args = args,
    .norigins = 7,
    .origins = origins,
    .arena_bytes = ARENA,
    .scratch_bytes = FAULT == 15 ? 1000 : SCRATCH,
#ifdef DIMS
    .ndims = 1,
#endif
    .constants_bytes = CONSTANTS_BYTES,
};

__attribute__((section(BROACH_NOTE_SECTION), aligned(8), used)) static const struct {
  uint32_t owner_bytes, descriptor_bytes, type;
  char owner[8];
  broach_note note;
} note = {
    sizeof BROACH_NOTE_OWNER,
    sizeof(broach_note),
    BROACH_NOTE_TYPE,
    BROACH_NOTE_OWNER,
    {.size = sizeof(broach_note),
     .major = MAJOR,
     .minor = BROACH_ABI_MINOR,
     .features = {FEATURES},
     .build_id = {BUILD},
     .cpu = "toycpu",
     .symbol = SYMBOL},
};
