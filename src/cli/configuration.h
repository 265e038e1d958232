#pragma once
// --config: preset values of options in a JSON file, as tvmc has them.
#include <map>
#include <vector>

#include "cli/arguments.h"

namespace broach {

// name: the path of a .json file, or the name of one (with or without .json) in the folder that the environment variable
// BROACH_CONFIGS_DIR or TVM_CONFIGS_JSON_DIR names. "default" needs no file: it sets nothing but the target kind llvm.
// Keys: "targets" (a list with one target: {"kind": "llvm", "mcpu": ...}), "executor" and "runtime" ({"kind": ...}),
// or the name of an option, with a value, a list of values or an object of names and values (pass-config).
// The result is option names, without dashes, and their values. Throws Error for a file that cannot be read so.
std::map<std::string, std::vector<std::string>> read_configuration(const std::string& name);

// Appends what the configuration says of the verb's options that were not given. Throws Error for a key that no verb knows.
void apply_configuration(const CLI::App& root, const std::string& name, Arguments& arguments);

}  // namespace broach
