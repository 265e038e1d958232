/* Runs an artifact on seeded inputs and writes the bytes of its outputs: print_outputs ARTIFACT THREADS OUTPUT_FILE */
#include <broach/runtime.h>
#include <stdio.h>
#include <stdlib.h>

#define TRY(call)                                             \
  do {                                                        \
    if ((call) != BROACH_STATUS_OK) {                         \
      fprintf(stderr, "error: %s\n", broach_error_message()); \
      return 4;                                               \
    }                                                         \
  } while (0)

int main(int argc, char** argv) {
  broach_module* module;
  broach_session* session;
  broach_tensor_info info;
  broach_dltensor tensor;
  unsigned state = 12345;
  FILE* file;
  if (argc != 4) return 2;
  TRY(broach_module_open(argv[1], &module));
  TRY(broach_module_verify(module));
  TRY(broach_session_create(module, (uint32_t)atoi(argv[2]), &session));
  for (uint32_t i = 0; i < broach_module_input_count(module); ++i) {
    TRY(broach_module_get_input(module, i, &info));
    TRY(broach_session_get_input(session, i, &tensor));
    for (uint64_t k = 0; k < info.bytes / sizeof(float); ++k) {
      state = state * 1664525u + 1013904223u;
      ((float*)tensor.data)[k] = (float)(state >> 8) / (float)(1 << 23) - 1.0f;
    }
  }
  TRY(broach_session_run(session));
  file = fopen(argv[3], "wb");
  if (!file) return 4;
  for (uint32_t i = 0; i < broach_module_output_count(module); ++i) {
    TRY(broach_module_get_output(module, i, &info));
    TRY(broach_session_get_output(session, i, &tensor));
    if (fwrite(tensor.data, 1, info.bytes, file) != info.bytes) return 4;
  }
  broach_session_close(session);
  broach_module_close(module);
  return fclose(file) ? 4 : 0;
}
