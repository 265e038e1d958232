/* Every call of broach/runtime.h from C99, on the small classifier (image [1,3,16,16] to scores [1,5] and features). */
#include <broach/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                         \
  do {                                                                            \
    if (!(condition)) {                                                           \
      printf("line %d: %s (%s)\n", __LINE__, #condition, broach_error_message()); \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)

static void expect_errors(broach_module* module, broach_session* session) {
  broach_tensor_info info;
  broach_dltensor view;
  uint32_t index;
  broach_module* none = NULL;
  EXPECT(broach_module_open("/no/such/file.so", &none) == BROACH_STATUS_FILE && none == NULL);
  EXPECT(strstr(broach_error_message(), "/no/such/file.so") != NULL);
  EXPECT(broach_module_open(NULL, &none) == BROACH_STATUS_ARGUMENT);
  EXPECT(broach_module_open_memory("no artifact", 11, NULL, 0, &none) == BROACH_STATUS_FORMAT && none == NULL);
  EXPECT(broach_module_get_input(module, 7, &info) == BROACH_STATUS_ARGUMENT);
  EXPECT(broach_module_get_output(module, 7, &info) == BROACH_STATUS_ARGUMENT);
  EXPECT(broach_module_find_output(module, "probabilities", &index) == BROACH_STATUS_ARGUMENT);
  EXPECT(broach_session_get_output(session, 7, &view) == BROACH_STATUS_ARGUMENT);
  EXPECT(broach_session_run(session) == BROACH_STATUS_ARGUMENT); /* no input yet */
  EXPECT(strcmp(broach_status_name(BROACH_STATUS_BUSY), "busy") == 0);
}

static void expect_module(broach_module* module) {
  broach_tensor_info info;
  uint32_t index = 9;
  EXPECT(broach_module_input_count(module) == 1 && broach_module_output_count(module) == 2);
  EXPECT(broach_module_dim_count(module) == 0);
  EXPECT(broach_module_get_input(module, 0, &info) == BROACH_STATUS_OK);
  EXPECT(strcmp(info.name, "image") == 0 && info.ndim == 4 && info.shape[3] == 16 && info.bytes == 3072);
  EXPECT(info.dtype.code == BROACH_DL_FLOAT && info.dtype.bits == 32 && info.dtype.lanes == 1);
  EXPECT(broach_module_find_input(module, "image", &index) == BROACH_STATUS_OK && index == 0);
  EXPECT(broach_module_find_output(module, "features", &index) == BROACH_STATUS_OK && index == 1);
  EXPECT(strncmp(broach_module_target(module), "llvm", 4) == 0);
  EXPECT(broach_module_meta(module)[0] == '{');
  EXPECT(broach_module_verify(module) == BROACH_STATUS_OK);
}

static void expect_results(broach_session* session) {
  static float image[3 * 16 * 16];
  int64_t shape[4] = {1, 3, 16, 16}, out_shape[2] = {1, 5};
  float scores[5], first[5], sum = 0;
  broach_dltensor input = {0}, output = {0}, view;
  input.data = image;
  input.device.device_type = BROACH_DL_CPU;
  input.ndim = 4;
  input.dtype.code = BROACH_DL_FLOAT;
  input.dtype.bits = 32;
  input.dtype.lanes = 1;
  input.shape = shape;
  output = input;
  output.data = scores;
  output.ndim = 2;
  output.shape = out_shape;
  for (int i = 0; i < 3 * 16 * 16; ++i) image[i] = (float)(i % 7);
  EXPECT(broach_session_set_input(session, 0, &input) == BROACH_STATUS_OK);
  EXPECT(broach_session_run(session) == BROACH_STATUS_OK);
  EXPECT(broach_session_get_output(session, 0, &view) == BROACH_STATUS_OK);
  EXPECT(view.ndim == 2 && view.shape[1] == 5 && view.strides == NULL && view.byte_offset == 0);
  memcpy(first, view.data, sizeof first);
  for (int i = 0; i < 5; ++i) sum += first[i];
  EXPECT(sum > 0.999f && sum < 1.001f);
  EXPECT(broach_session_copy_input(session, 0, &input) == BROACH_STATUS_OK);
  EXPECT(broach_session_set_output(session, 0, &output) == BROACH_STATUS_OK);
  EXPECT(broach_session_run(session) == BROACH_STATUS_OK);
  EXPECT(memcmp(scores, first, sizeof first) == 0);
  EXPECT(broach_session_get_input(session, 0, &view) == BROACH_STATUS_OK && view.ndim == 4);
}

static void expect_profile(broach_session* session) {
  broach_profile_entry entry;
  const uint32_t steps = broach_session_profile_count(session);
  EXPECT(broach_session_set_profile(session, 1) == BROACH_STATUS_OK);
  EXPECT(broach_session_run(session) == BROACH_STATUS_OK);
  EXPECT(steps > 0);
  for (uint32_t i = 0; i < steps; ++i) {
    EXPECT(broach_session_get_profile(session, i, &entry) == BROACH_STATUS_OK);
    EXPECT(entry.count == 1 && entry.origin[0] != 0 && entry.tasks >= 1 && entry.seconds >= 0);
  }
  EXPECT(broach_session_get_profile(session, steps, &entry) == BROACH_STATUS_ARGUMENT);
  EXPECT(broach_session_set_profile(session, 0) == BROACH_STATUS_OK);
}

int main(int argc, char** argv) {
  broach_module* module = NULL;
  broach_session *session = NULL, *second = NULL;
  int64_t dim = 1;
  EXPECT(argc == 2);
  EXPECT(broach_runtime_version()[0] != 0 && broach_error_message()[0] == 0 && broach_cpu_count() >= 1);
  EXPECT(broach_module_open(argv[1], &module) == BROACH_STATUS_OK);
  expect_module(module);
  EXPECT(broach_session_create(module, 2, &session) == BROACH_STATUS_OK);
  EXPECT(broach_session_thread_count(session) == 2);
  EXPECT(broach_session_create_with_dims(module, 1, &dim, 1, &second) == BROACH_STATUS_ARGUMENT && second == NULL);
  expect_errors(module, session);
  broach_module_close(module); /* the session keeps it alive */
  expect_results(session);
  expect_profile(session);
  broach_session_close(session);
  broach_session_close(NULL);
  broach_module_close(NULL);
  printf("all calls behave\n");
  return 0;
}
