#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "broach/compiler.h"
#include "broach/runtime.hpp"
#include "driver/compile.h"
#include "driver/input_shapes.h"
#include "support/errors.h"
#include "support/nearest.h"

struct broach_compile_options {
  broach::CompileOptions options;
};

namespace broach {
namespace {

std::string& last_message() {
  thread_local std::string message;
  return message;
}

broach_compile_status fail(broach_compile_status status, const char* message) {
  try {
    last_message() = message;
  } catch (const std::bad_alloc&) {
    last_message().clear();
  }
  return status;
}

// Every function of the API runs through here.
broach_compile_status guarded(const auto& body) noexcept {
  try {
    body();
    return BROACH_COMPILE_OK;
  } catch (const Error& error) {
    return fail(BROACH_COMPILE_ERROR, error.what());
  } catch (const runtime::Error& error) {
    return fail(BROACH_COMPILE_ERROR, error.what());
  } catch (const std::bad_alloc&) {
    return fail(BROACH_COMPILE_MEMORY, "there is not enough memory");
  } catch (const std::exception& error) {
    return fail(BROACH_COMPILE_INTERNAL, error.what());
  }
}

void require(const void* pointer, const char* what) {
  if (!pointer) throw_error("{} is NULL", what);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

int parse_level(const std::string& value) {
  if (value.size() != 1 || value[0] < '0' || value[0] > '3') throw_error("the option opt-level must be 0 to 3, not '{}'", value);
  return value[0] - '0';
}

struct NamedOption {
  const char* name;
  void (*set)(CompileOptions&, const std::string& value);
};

constexpr NamedOption named_options[] = {
    {"target", [](CompileOptions& o, const std::string& v) { o.target = v; }},
    {"input-shapes", [](CompileOptions& o, const std::string& v) { o.model.input_shapes = parse_input_shapes(v); }},
    {"model-format", [](CompileOptions& o, const std::string& v) { o.model.format = v; }},
    {"opt-level", [](CompileOptions& o, const std::string& v) { o.opt_level = parse_level(v); }},
    {"module-name", [](CompileOptions& o, const std::string& v) { o.module_name = v; }},
    {"disabled-pass", [](CompileOptions& o, const std::string& v) { o.disabled_passes = split(v, ','); }},
    {"pass-config",
     [](CompileOptions& o, const std::string& v) {
       size_t equals = v.find('=');
       if (equals == std::string::npos) throw_error("the option pass-config expects NAME=VALUE, not '{}'", v);
       o.pass_config[v.substr(0, equals)] = v.substr(equals + 1);
     }},
    {"desired-layout", [](CompileOptions& o, const std::string& v) { o.desired_layout = v; }},
    {"cross-compiler", [](CompileOptions& o, const std::string& v) { o.cross_compiler = v; }},
    {"cross-compiler-options", [](CompileOptions& o, const std::string& v) { o.cross_compiler_options = v; }},
    {"labels", [](CompileOptions& o, const std::string& v) { o.meta["labels"] = nlohmann::json(split(v, '\n')).dump(); }},
};

void set_option(CompileOptions& options, const std::string& name, const std::string& value) {
  std::vector<std::string> known;
  for (const NamedOption& option : named_options) {
    if (name == option.name) return option.set(options, value);
    known.emplace_back(option.name);
  }
  throw_error("there is no option '{}'{}; there are {}", name, did_you_mean(name, known), fmt::join(known, ", "));
}

CompileOptions options_or_defaults(const broach_compile_options* options) { return options ? options->options : CompileOptions(); }

}  // namespace
}  // namespace broach

using namespace broach;

const char* broach_compiler_error_message(void) { return last_message().c_str(); }

broach_compile_status broach_compile_options_create(broach_compile_options** options) {
  return guarded([&] {
    require(options, "options");
    *options = new broach_compile_options;
  });
}

void broach_compile_options_close(broach_compile_options* options) { delete options; }

broach_compile_status broach_compile_options_set(broach_compile_options* options, const char* name, const char* value) {
  return guarded([&] {
    require(options, "options");
    require(name, "the option's name");
    require(value, "the option's value");
    set_option(options->options, name, value);
  });
}

broach_compile_status broach_compile_file(const char* model, const char* output, const broach_compile_options* options) {
  return guarded([&] {
    require(model, "the model's path");
    require(output, "the output's path");
    CompileOptions compile = options_or_defaults(options);
    compile.output = output;
    compile_file(model, compile);
  });
}

broach_compile_status broach_compile_memory(const void* model, size_t bytes, const broach_compile_options* options, void** artifact,
                                            size_t* artifact_bytes) {
  return guarded([&] {
    require(artifact, "artifact");
    *artifact = nullptr;
    require(artifact_bytes, "artifact_bytes");
    require(model, "the model");
    auto library = compile_model({static_cast<const std::byte*>(model), bytes}, options_or_defaults(options));
    void* copy = std::malloc(library.size());
    if (!copy) throw std::bad_alloc();
    std::memcpy(copy, library.data(), library.size());
    *artifact = copy;
    *artifact_bytes = library.size();
  });
}

void broach_compile_free(void* artifact) { std::free(artifact); }
