/* Two compiled models in one C program, on as many threads as the first argument says, without any library of ours. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "alpha.h"
#include "beta.h"

static int threads = 1;

typedef struct Part {
  pthread_t thread;
  void (*body)(void* arg, int64_t begin, int64_t end, int32_t worker);
  void* arg;
  int64_t begin, end;
  int32_t worker;
} Part;

static void* run_part(void* argument) {
  Part* part = argument;
  if (part->begin < part->end) part->body(part->arg, part->begin, part->end, part->worker);
  return NULL;
}

static void parallel_for(void* ctx, int64_t tasks, void (*body)(void* arg, int64_t begin, int64_t end, int32_t worker), void* arg) {
  Part parts[8];
  *(int*)ctx += 1;
  for (int i = 0; i < threads; ++i) {
    Part part = {0, body, arg, tasks * i / threads, tasks * (i + 1) / threads, i};
    parts[i] = part;
    if (pthread_create(&parts[i].thread, NULL, run_part, &parts[i])) abort();
  }
  for (int i = 0; i < threads; ++i) pthread_join(parts[i].thread, NULL);
}

static void* aligned(uint64_t bytes) {
  void* memory = NULL;
  if (posix_memalign(&memory, 64, bytes ? bytes : 64)) abort();
  return memory;
}

static float* image(int64_t size) {
  float* values = aligned(sizeof(float) * 3 * size * size);
  for (int64_t i = 0; i < 3 * size * size; ++i) values[i] = (float)(i % 13) / 13.0f - 0.5f;
  return values;
}

static void print_scores(const char* name, const float* scores) {
  printf("%s\n", name);
  for (int i = 0; i < 5; ++i) {
    union {
      float value;
      uint32_t bits;
    } word = {scores[i]};
    printf("%08x\n", word.bits);
  }
}

#define RUN(model, size)                                                                                   \
  do {                                                                                                     \
    const void* inputs[] = {image(size)};                                                                  \
    float* scores = aligned(5 * sizeof(float));                                                            \
    void* outputs[2] = {scores, aligned(sizeof(float) * 12 * (size) * (size) / 4)};                        \
    void* arena = aligned(model##_arena_bytes);                                                            \
    void* scratch = aligned(model##_scratch_bytes * (uint64_t)threads);                                    \
    int calls = 0;                                                                                         \
    if (model##_run(inputs, outputs, arena, scratch, threads > 1 ? parallel_for : NULL, &calls)) return 1; \
    if ((threads > 1) != (calls > 0)) return 2;                                                            \
    print_scores(#model, scores);                                                                          \
  } while (0)

int main(int argc, char** argv) {
  if (argc > 1) threads = atoi(argv[1]);
  RUN(alpha, 16);
  RUN(beta, 48);
  return 0;
}
