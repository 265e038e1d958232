/* The C API of the Broach runtime (C99): open a compiled model, run it, look at its results.
 *
 *   broach_module *module;
 *   broach_session *session;
 *   broach_module_open("model.tar", &module);
 *   broach_session_create(module, 0, &session);
 *   broach_session_set_input(session, 0, &image);
 *   broach_session_run(session);
 *   broach_session_get_output(session, 0, &scores);
 *
 * Every function that can fail returns a broach_status; on failure broach_error_message() is one sentence that says
 * what was found, where, and what to do. Nothing is thrown, nothing is printed.
 *
 * Threads: a module may be used by any number of threads at once. A session belongs to one thread at a time; a call
 * on a session that is running is refused with BROACH_STATUS_BUSY. Different sessions run at once.
 * After fork() the child may use every session that was not running; one that was stays busy in the child.
 *
 * A compiled artifact is code: open only what you built, or what a hash that you trust vouches for. */
#ifndef BROACH_RUNTIME_H
#define BROACH_RUNTIME_H
#include <stddef.h>
#include <stdint.h>

#ifndef BROACH_API
#define BROACH_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
#define BROACH_NOEXCEPT noexcept
extern "C" {
#else
#define BROACH_NOEXCEPT
#endif

typedef enum broach_status {
  BROACH_STATUS_OK = 0,
  BROACH_STATUS_ARGUMENT = 1, /* an argument is wrong: null, out of range, another shape or type */
  BROACH_STATUS_FILE = 2,     /* a file is missing, unreadable, empty, or not a file */
  BROACH_STATUS_FORMAT = 3,   /* not an artifact, or a damaged one */
  BROACH_STATUS_VERSION = 4,  /* an artifact of another format version */
  BROACH_STATUS_CPU = 5,      /* an artifact for another architecture, or for CPU features that this machine lacks */
  BROACH_STATUS_MEMORY = 6,   /* out of memory */
  BROACH_STATUS_SYSTEM = 7,   /* the system refused: loading of the library, memfd */
  BROACH_STATUS_BUSY = 8,     /* the session is in use by another thread */
  BROACH_STATUS_KERNEL = 9    /* a compiled step ended with an error */
} broach_status;

/* A tensor in memory, with the layout of DLPack's DLTensor. Where dlpack.h is included before this header these names
 * are DLPack's own types; elsewhere they are the same layout under other names, so both headers always fit together. */
#ifdef DLPACK_DLPACK_H_
typedef DLDevice broach_dldevice;
typedef DLDataType broach_dldatatype;
typedef DLTensor broach_dltensor;
#else
typedef struct broach_dldevice {
  int32_t device_type; /* BROACH_DL_CPU */
  int32_t device_id;
} broach_dldevice;

typedef struct broach_dldatatype {
  uint8_t code; /* BROACH_DL_INT ... */
  uint8_t bits;
  uint16_t lanes; /* 1 */
} broach_dldatatype;

typedef struct broach_dltensor {
  void* data;
  broach_dldevice device;
  int32_t ndim;
  broach_dldatatype dtype;
  int64_t* shape;
  int64_t* strides; /* in elements; NULL: compact, row-major */
  uint64_t byte_offset;
} broach_dltensor;
#endif

enum { BROACH_DL_CPU = 1 };
enum { BROACH_DL_INT = 0, BROACH_DL_UINT = 1, BROACH_DL_FLOAT = 2, BROACH_DL_BFLOAT = 4, BROACH_DL_COMPLEX = 5, BROACH_DL_BOOL = 6 };

typedef struct broach_module broach_module;   /* a compiled model, loaded */
typedef struct broach_session broach_session; /* memory and threads to run one module */

/* What a module says of an input or output. The pointers live as long as the module. */
typedef struct broach_tensor_info {
  const char* name;
  broach_dldatatype dtype;
  int32_t ndim;
  const int64_t* shape; /* -1 where it depends on a symbolic dimension */
  uint64_t bytes;       /* compact; 0 where it depends on a symbolic dimension */
} broach_tensor_info;

/* One step of a session and the time it took. origin lives as long as the session. */
typedef struct broach_profile_entry {
  const char* origin; /* names of the model's nodes that the step computes */
  double seconds;     /* sum over the runs */
  uint64_t count;     /* runs measured */
  int64_t tasks;      /* independent pieces of the step */
} broach_profile_entry;

/* ---- The library ---- */

/* "major.minor.patch" of this runtime. */
BROACH_API const char* broach_runtime_version(void) BROACH_NOEXCEPT;

/* The message of this thread's last failed call; "" before the first. Valid until the thread's next failed call. */
BROACH_API const char* broach_error_message(void) BROACH_NOEXCEPT;

/* A word for a status: "busy". */
BROACH_API const char* broach_status_name(broach_status status) BROACH_NOEXCEPT;

/* CPUs this process may use: its affinity, bounded by the CPU quota of its cgroups. At least 1. */
BROACH_API uint32_t broach_cpu_count(void) BROACH_NOEXCEPT;

/* ---- Modules ---- */

/* Opens an artifact: a .so (weights inside, or in the file of the same name with the suffix .params beside it), or a
 * .tar that holds mod.so and, where the weights are apart, mod.params. Version, size, checksum and CPU features are
 * checked before the library is loaded; the weights are mapped and not read (broach_module_verify reads them). */
BROACH_API broach_status broach_module_open(const char* path, broach_module** module) BROACH_NOEXCEPT;

/* The same for an artifact in memory. params: the contents of the .params file where artifact is a .so with its
 * weights apart, else NULL. Both are copied where needed: the caller may free them after the call. */
BROACH_API broach_status broach_module_open_memory(const void* artifact, size_t bytes, const void* params, size_t params_bytes,
                                                   broach_module** module) BROACH_NOEXCEPT;

/* Closes the caller's hold; sessions keep the module alive until they are closed. NULL is allowed. */
BROACH_API void broach_module_close(broach_module* module) BROACH_NOEXCEPT;

/* Reads all weights and compares their checksum with the one stored at compile time. */
BROACH_API broach_status broach_module_verify(const broach_module* module) BROACH_NOEXCEPT;

/* The target string the code was built for; a JSON object about the model (labels, preprocessing), "{}" if none. */
BROACH_API const char* broach_module_target(const broach_module* module) BROACH_NOEXCEPT;
BROACH_API const char* broach_module_meta(const broach_module* module) BROACH_NOEXCEPT;

BROACH_API uint32_t broach_module_input_count(const broach_module* module) BROACH_NOEXCEPT;
BROACH_API uint32_t broach_module_output_count(const broach_module* module) BROACH_NOEXCEPT;
/* The number of symbolic dimensions, whose values a session is given when it is created. */
BROACH_API uint32_t broach_module_dim_count(const broach_module* module) BROACH_NOEXCEPT;

BROACH_API broach_status broach_module_get_input(const broach_module* module, uint32_t index, broach_tensor_info* info) BROACH_NOEXCEPT;
BROACH_API broach_status broach_module_get_output(const broach_module* module, uint32_t index, broach_tensor_info* info) BROACH_NOEXCEPT;
/* The index of the input or output of this name; the error lists the names there are. */
BROACH_API broach_status broach_module_find_input(const broach_module* module, const char* name, uint32_t* index) BROACH_NOEXCEPT;
BROACH_API broach_status broach_module_find_output(const broach_module* module, const char* name, uint32_t* index) BROACH_NOEXCEPT;

/* ---- Sessions ---- */

/* threads: most threads a run uses, the caller's among them; 0: broach_cpu_count(). Results do not depend on it.
 * Workers belong to the process and are borrowed for a run; where others use them, the run goes on with fewer. All
 * memory is taken here: a run allocates nothing, but for the workers that the first one starts. */
BROACH_API broach_status broach_session_create(broach_module* module, uint32_t threads, broach_session** session) BROACH_NOEXCEPT;
/* The same for a module with symbolic dimensions: their values, broach_module_dim_count of them. */
BROACH_API broach_status broach_session_create_with_dims(broach_module* module, uint32_t threads, const int64_t* dims, uint32_t ndims,
                                                         broach_session** session) BROACH_NOEXCEPT;
/* The session must not be running. NULL is allowed. */
BROACH_API void broach_session_close(broach_session* session) BROACH_NOEXCEPT;
BROACH_API uint32_t broach_session_thread_count(const broach_session* session) BROACH_NOEXCEPT;

/* Makes the tensor the input. Where it is compact and 64-byte aligned its memory is used in place: it must stay valid,
 * and what it holds is read by every run, until another tensor is set or the session is closed. Else it is copied
 * now. Code that must not care calls this before every run. NULL: back to the session's own memory, not set. */
BROACH_API broach_status broach_session_set_input(broach_session* session, uint32_t index, const broach_dltensor* tensor) BROACH_NOEXCEPT;
/* Copies the tensor into the session's own memory, always. */
BROACH_API broach_status broach_session_copy_input(broach_session* session, uint32_t index, const broach_dltensor* tensor) BROACH_NOEXCEPT;
/* A view of the input's memory; without an earlier set_input it is the session's own, for the caller to fill. */
BROACH_API broach_status broach_session_get_input(broach_session* session, uint32_t index, broach_dltensor* view) BROACH_NOEXCEPT;

/* Makes the tensor's memory the output's. Where it is compact and 64-byte aligned the model writes straight into it,
 * else each run copies into it at its end. It must stay valid until another is set. NULL: the session's own memory. */
BROACH_API broach_status broach_session_set_output(broach_session* session, uint32_t index, const broach_dltensor* tensor) BROACH_NOEXCEPT;
/* A view of the memory the model writes the output to: valid until the next run overwrites it or the session closes.
 * The view's shape lives as long as the session. */
BROACH_API broach_status broach_session_get_output(broach_session* session, uint32_t index, broach_dltensor* view) BROACH_NOEXCEPT;

/* Runs the model once. Every input must have been set or viewed; no input may overlap an output. */
BROACH_API broach_status broach_session_run(broach_session* session) BROACH_NOEXCEPT;

/* Turns the measuring of steps on (from zero) or off. While it is on, steps never overlap. */
BROACH_API broach_status broach_session_set_profile(broach_session* session, int enabled) BROACH_NOEXCEPT;
/* Steps of the session, in order; entry i of them. */
BROACH_API uint32_t broach_session_profile_count(const broach_session* session) BROACH_NOEXCEPT;
BROACH_API broach_status broach_session_get_profile(const broach_session* session, uint32_t index, broach_profile_entry* entry) BROACH_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
