#pragma once
#include "driver/artifact.h"

namespace broach {

// Links with a compiler driver such as aarch64-linux-gnu-gcc instead of in process. options: more arguments for it, with blanks
// between them. The result throws Error, with what the program said first, where it cannot be run or fails.
std::function<Bytes(std::span<const Bytes>, const std::string&)> external_linker(const std::string& program, const std::string& options);

}  // namespace broach
