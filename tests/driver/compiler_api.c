/* Compiles argv[1] to a file and in memory, and provokes errors: a program that knows compiler.h and libbroach only. */
#include <broach/compiler.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(int holds, const char* what) {
  if (holds) return;
  printf("failed: %s: %s\n", what, broach_compiler_error_message());
  exit(1);
}

static void* read_file(const char* path, size_t* bytes) {
  FILE* file = fopen(path, "rb");
  expect(file != NULL, path);
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  void* data = malloc(*bytes);
  expect(fread(data, 1, *bytes, file) == *bytes, "reading");
  fclose(file);
  return data;
}

static void provoke_errors(const char* model, broach_compile_options* options) {
  void* artifact = (void*)model;
  size_t bytes;
  expect(broach_compile_file("none.onnx", "none.so", NULL) == BROACH_COMPILE_ERROR, "a missing model");
  puts(broach_compiler_error_message());
  expect(broach_compile_options_set(options, "opt-levl", "3") == BROACH_COMPILE_ERROR, "an unknown option");
  puts(broach_compiler_error_message());
  expect(broach_compile_options_set(options, "opt-level", "9") == BROACH_COMPILE_ERROR, "an odd value");
  expect(broach_compile_options_set(options, "input-shapes", "x") == BROACH_COMPILE_ERROR, "odd shapes");
  expect(broach_compile_options_set(options, NULL, "3") == BROACH_COMPILE_ERROR, "no name");
  expect(broach_compile_options_create(NULL) == BROACH_COMPILE_ERROR, "no place for options");
  expect(broach_compile_file(NULL, "x.so", NULL) == BROACH_COMPILE_ERROR, "no model");
  expect(broach_compile_memory("no model", 8, NULL, &artifact, &bytes) == BROACH_COMPILE_ERROR && artifact == NULL, "bytes that are no model");
  puts(broach_compiler_error_message());
  expect(broach_compile_file(model, "x.zip", NULL) == BROACH_COMPILE_ERROR, "an odd suffix");
}

int main(int argc, char** argv) {
  expect(argc == 2, "expected a model");
  broach_compile_options* options;
  expect(strcmp(broach_compiler_error_message(), "") == 0, "no error yet");
  expect(broach_compile_options_create(&options) == BROACH_COMPILE_OK, "options");
  provoke_errors(argv[1], options);

  expect(broach_compile_options_set(options, "module-name", "from_c") == BROACH_COMPILE_OK, "module-name");
  expect(broach_compile_options_set(options, "target", "llvm -mcpu=native") == BROACH_COMPILE_OK, "target");
  expect(broach_compile_options_set(options, "labels", "a\nb\n") == BROACH_COMPILE_OK, "labels");
  expect(broach_compile_file(argv[1], "file.so", options) == BROACH_COMPILE_OK, "compiling a file");
  size_t model_bytes, memory_bytes, file_bytes;
  void *model = read_file(argv[1], &model_bytes), *memory, *file = read_file("file.so", &file_bytes);
  expect(broach_compile_memory(model, model_bytes, options, &memory, &memory_bytes) == BROACH_COMPILE_OK, "compiling in memory");
  expect(memory_bytes == file_bytes && memcmp(memory, file, file_bytes) == 0, "the same bytes");
  broach_compile_free(memory);
  broach_compile_free(NULL);
  broach_compile_options_close(options);
  broach_compile_options_close(NULL);
  free(model);
  free(file);
  puts("done");
  return 0;
}
