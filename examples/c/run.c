/* Runs a compiled model from C99: run ARTIFACT [INPUT_FILE ...]
 *
 * Each input file holds the raw bytes of one input, in the model's order; inputs without a file are zeros.
 * Prints the shapes of the outputs and their first values. */
#include <stdio.h>
#include <stdlib.h>

#include "broach/runtime.h"

static void check(broach_status status) {
  if (status == BROACH_STATUS_OK) return;
  fprintf(stderr, "error: %s\n", broach_error_message());
  exit(4);
}

static void fill_from_file(const broach_tensor_info* info, void* memory, const char* path) {
  FILE* file = fopen(path, "rb");
  if (!file) {
    fprintf(stderr, "error: %s cannot be read\n", path);
    exit(4);
  }
  size_t bytes = fread(memory, 1, info->bytes, file);
  if (bytes != info->bytes || fgetc(file) != EOF) {
    fprintf(stderr, "error: input %s takes %llu bytes, %s has another number\n", info->name, (unsigned long long)info->bytes, path);
    exit(4);
  }
  fclose(file);
}

static void print_output(const char* name, const broach_dltensor* tensor) {
  int64_t elements = 1;
  printf("%s: shape [", name);
  for (int32_t i = 0; i < tensor->ndim; ++i) {
    printf("%s%lld", i ? "," : "", (long long)tensor->shape[i]);
    elements *= tensor->shape[i];
  }
  printf("]");
  if (tensor->dtype.code == BROACH_DL_FLOAT && tensor->dtype.bits == 32) {
    printf(", values");
    for (int64_t i = 0; i < elements && i < 5; ++i) printf(" %g", (double)((const float*)tensor->data)[i]);
  }
  printf("\n");
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s ARTIFACT [INPUT_FILE ...]\n", argv[0]);
    return 2;
  }
  broach_module* module;
  broach_session* session;
  check(broach_module_open(argv[1], &module));
  check(broach_session_create(module, 0, &session));

  for (uint32_t i = 0; i < broach_module_input_count(module); ++i) {
    broach_tensor_info info;
    broach_dltensor input;
    check(broach_module_get_input(module, i, &info));
    check(broach_session_get_input(session, i, &input)); /* the session's own memory, zeros at first */
    if ((int)i + 2 < argc) fill_from_file(&info, input.data, argv[i + 2]);
  }
  check(broach_session_run(session));
  for (uint32_t i = 0; i < broach_module_output_count(module); ++i) {
    broach_tensor_info info;
    broach_dltensor output;
    check(broach_module_get_output(module, i, &info));
    check(broach_session_get_output(session, i, &output));
    print_output(info.name, &output);
  }
  broach_session_close(session);
  broach_module_close(module);
  return 0;
}
