// The C API: checks arguments, then calls the part that does the work.
#include "broach/runtime.h"

#include "runtime/cpu.h"
#include "runtime/error.h"
#include "runtime/module.h"
#include "runtime/session.h"

#ifndef BROACH_VERSION
#define BROACH_VERSION "0.0.0"
#endif

using namespace broach::runtime::internal;

namespace {

broach_status fail_null(const char* what) { return fail(BROACH_STATUS_ARGUMENT, "%s is null", what); }

broach_status check_index(const char* kind, uint32_t index, uint32_t count) {
  if (index < count) return BROACH_STATUS_OK;
  return fail(BROACH_STATUS_ARGUMENT, "there is no %s %u: the module has %u", kind, index, count);
}

uint32_t inputs_of(const broach_module* module) { return module->program->ninputs; }
uint32_t outputs_of(const broach_module* module) { return module->program->noutputs; }

broach_status view_of(broach_session& session, uint64_t index, broach_dltensor* view) {
  *view = session.tensors[index].view;
  return BROACH_STATUS_OK;
}

broach_status give_input(broach_session* session, uint32_t index, const broach_dltensor* tensor, bool copy) {
  if (!session) return fail_null("session");
  if (copy && !tensor) return fail_null("tensor");
  BROACH_TRY(check_index("input", index, inputs_of(session->module)));
  const Use use(*session);
  BROACH_TRY(use.status());
  return bind_input(*session, index, tensor, copy);
}

}  // namespace

const char* broach_runtime_version(void) noexcept { return BROACH_VERSION; }
const char* broach_error_message(void) noexcept { return last_error(); }
uint32_t broach_cpu_count(void) noexcept { return count_cpus(); }

const char* broach_status_name(broach_status status) noexcept {
  static constexpr const char* names[] = {"ok", "argument", "file", "format", "version", "cpu", "memory", "system", "busy", "kernel"};
  const auto index = static_cast<unsigned>(status);
  return index < sizeof names / sizeof *names ? names[index] : "unknown";
}

broach_status broach_module_open(const char* path, broach_module** module) noexcept {
  if (!path || !module) return fail_null(path ? "module" : "path");
  *module = nullptr;
  return open_module(path, module);
}

broach_status broach_module_open_memory(const void* artifact, size_t bytes, const void* params, size_t params_bytes,
                                        broach_module** module) noexcept {
  if (!artifact || !module) return fail_null(artifact ? "module" : "artifact");
  *module = nullptr;
  return open_module(static_cast<const uint8_t*>(artifact), bytes, static_cast<const uint8_t*>(params), params_bytes, module);
}

void broach_module_close(broach_module* module) noexcept {
  if (module) release_module(module);
}

broach_status broach_module_verify(const broach_module* module) noexcept { return module ? verify_module(*module) : fail_null("module"); }

const char* broach_module_target(const broach_module* module) noexcept { return module ? module->program->target : ""; }

const char* broach_module_meta(const broach_module* module) noexcept { return module && module->program->meta ? module->program->meta : "{}"; }

uint32_t broach_module_input_count(const broach_module* module) noexcept { return module ? inputs_of(module) : 0; }
uint32_t broach_module_output_count(const broach_module* module) noexcept { return module ? outputs_of(module) : 0; }
uint32_t broach_module_dim_count(const broach_module* module) noexcept { return module ? module->program->ndims : 0; }

broach_status broach_module_get_input(const broach_module* module, uint32_t index, broach_tensor_info* info) noexcept {
  if (!module || !info) return fail_null(module ? "info" : "module");
  BROACH_TRY(check_index("input", index, inputs_of(module)));
  *info = module->tensors[index];
  return BROACH_STATUS_OK;
}

broach_status broach_module_get_output(const broach_module* module, uint32_t index, broach_tensor_info* info) noexcept {
  if (!module || !info) return fail_null(module ? "info" : "module");
  BROACH_TRY(check_index("output", index, outputs_of(module)));
  *info = module->tensors[uint64_t{inputs_of(module)} + index];
  return BROACH_STATUS_OK;
}

broach_status broach_module_find_input(const broach_module* module, const char* name, uint32_t* index) noexcept {
  if (!module || !name || !index) return fail_null(!module ? "module" : name ? "index" : "name");
  return find_tensor(*module, 0, inputs_of(module), "input", name, index);
}

broach_status broach_module_find_output(const broach_module* module, const char* name, uint32_t* index) noexcept {
  if (!module || !name || !index) return fail_null(!module ? "module" : name ? "index" : "name");
  return find_tensor(*module, inputs_of(module), outputs_of(module), "output", name, index);
}

broach_status broach_session_create(broach_module* module, uint32_t threads, broach_session** session) noexcept {
  return broach_session_create_with_dims(module, threads, nullptr, 0, session);
}

broach_status broach_session_create_with_dims(broach_module* module, uint32_t threads, const int64_t* dims, uint32_t ndims,
                                              broach_session** session) noexcept {
  if (!module || !session) return fail_null(module ? "session" : "module");
  *session = nullptr;
  return create_session(module, threads, dims, ndims, session);
}

void broach_session_close(broach_session* session) noexcept {
  if (session) close_session(session);
}

uint32_t broach_session_thread_count(const broach_session* session) noexcept { return session ? session->threads : 0; }

broach_status broach_session_set_input(broach_session* session, uint32_t index, const broach_dltensor* tensor) noexcept {
  return give_input(session, index, tensor, false);
}

broach_status broach_session_copy_input(broach_session* session, uint32_t index, const broach_dltensor* tensor) noexcept {
  return give_input(session, index, tensor, true);
}

broach_status broach_session_get_input(broach_session* session, uint32_t index, broach_dltensor* view) noexcept {
  if (!session || !view) return fail_null(session ? "view" : "session");
  BROACH_TRY(check_index("input", index, inputs_of(session->module)));
  const Use use(*session);
  BROACH_TRY(use.status());
  session->tensors[index].given = true;
  return view_of(*session, index, view);
}

broach_status broach_session_set_output(broach_session* session, uint32_t index, const broach_dltensor* tensor) noexcept {
  if (!session) return fail_null("session");
  BROACH_TRY(check_index("output", index, outputs_of(session->module)));
  const Use use(*session);
  BROACH_TRY(use.status());
  return bind_output(*session, uint64_t{inputs_of(session->module)} + index, tensor);
}

broach_status broach_session_get_output(broach_session* session, uint32_t index, broach_dltensor* view) noexcept {
  if (!session || !view) return fail_null(session ? "view" : "session");
  BROACH_TRY(check_index("output", index, outputs_of(session->module)));
  const Use use(*session);
  BROACH_TRY(use.status());
  return view_of(*session, uint64_t{inputs_of(session->module)} + index, view);
}

broach_status broach_session_run(broach_session* session) noexcept {
  if (!session) return fail_null("session");
  const Use use(*session);
  BROACH_TRY(use.status());
  return run_session(*session);
}

broach_status broach_session_set_profile(broach_session* session, int enabled) noexcept {
  if (!session) return fail_null("session");
  const Use use(*session);
  BROACH_TRY(use.status());
  set_profile(*session, enabled != 0);
  return BROACH_STATUS_OK;
}

uint32_t broach_session_profile_count(const broach_session* session) noexcept { return session ? static_cast<uint32_t>(session->steps.size()) : 0; }

broach_status broach_session_get_profile(const broach_session* session, uint32_t index, broach_profile_entry* entry) noexcept {
  if (!session || !entry) return fail_null(session ? "entry" : "session");
  BROACH_TRY(check_index("step", index, broach_session_profile_count(session)));
  const Step& step = session->steps[index];
  *entry = {session->module->program->origins[step.origin], static_cast<double>(session->profile_ns[index]) * 1e-9, session->profiled_runs,
            step.tasks};
  return BROACH_STATUS_OK;
}
