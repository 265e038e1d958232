/* The C API of the Broach compiler (C99): from a model to an artifact that the runtime (runtime.h) opens.
 *
 *   broach_compile_options *options;
 *   broach_compile_options_create(&options);
 *   broach_compile_options_set(options, "input-shapes", "data:[1,3,224,224]");
 *   if (broach_compile_file("model.onnx", "model.tar", options)) puts(broach_compiler_error_message());
 *   broach_compile_options_close(options);
 *
 * On failure broach_compiler_error_message() is one sentence that says what was found, what was expected and what to do.
 * Nothing is thrown, nothing is printed but what options ask for. All functions may be called from several threads at
 * once; an options object belongs to one thread at a time. */
#ifndef BROACH_COMPILER_H
#define BROACH_COMPILER_H
#include <stddef.h>

#ifndef BROACH_API
#define BROACH_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum broach_compile_status {
  BROACH_COMPILE_OK = 0,
  BROACH_COMPILE_ERROR = 1,   /* the model, an option or a file is wrong */
  BROACH_COMPILE_MEMORY = 2,  /* out of memory */
  BROACH_COMPILE_INTERNAL = 3 /* a fault of the compiler; please report it */
} broach_compile_status;

typedef struct broach_compile_options broach_compile_options;

/* The last failure of this thread; "" if there was none. Valid until the thread's next call. */
BROACH_API const char* broach_compiler_error_message(void);

BROACH_API broach_compile_status broach_compile_options_create(broach_compile_options** options);
/* NULL is allowed. */
BROACH_API void broach_compile_options_close(broach_compile_options* options);

/* name, value: as the options of `broach compile`, without dashes:
 *   target           "llvm", "llvm -mcpu=haswell", "llvm -mtriple=aarch64-linux-gnu -mcpu=cortex-a72"; default "llvm": this machine
 *   input-shapes     "data:[1,3,224,224] ids:[1,128]": shapes that the model leaves open
 *   model-format     "onnx" or "graph"; default: by the file's suffix
 *   opt-level        "0" to "3"; default "3"
 *   module-name      of the exported symbol, for several models in one program; default "default"
 *   disabled-pass    passes to leave out, with commas between them
 *   pass-config      "NAME=VALUE"; may be set several times
 *   desired-layout   of convolutions: "NCHW", "NCHW8c", ...
 *   cross-compiler, cross-compiler-options   a program that links instead of the built-in linker
 *   labels           the text of a label file, one class a line: kept in the artifact
 * An unknown name or a value of another form is an error. */
BROACH_API broach_compile_status broach_compile_options_set(broach_compile_options* options, const char* name, const char* value);

/* Compiles a model file and writes the artifact, whose kind is output's suffix: .tar, .so, .a (with .h beside it), .graph.
 * On failure nothing is left under the final name. options: NULL for the defaults. */
BROACH_API broach_compile_status broach_compile_file(const char* model, const char* output, const broach_compile_options* options);

/* Compiles an ONNX model in memory (all its data inside) to a library with its weights, as a file of the suffix .so would hold it:
 * for broach_module_open_memory. *artifact is to be freed by broach_compile_free; on failure it is NULL. */
BROACH_API broach_compile_status broach_compile_memory(const void* model, size_t bytes, const broach_compile_options* options, void** artifact,
                                                       size_t* artifact_bytes);
/* NULL is allowed. */
BROACH_API void broach_compile_free(void* artifact);

#ifdef __cplusplus
}
#endif
#endif
