#include "support/errors.h"

namespace broach {

void throw_internal(const char* file, int line, const char* condition, const std::string& message) {
  throw InternalError(fmt::format("internal error: {} ({}:{}: {} does not hold)", message, file, line, condition));
}

}  // namespace broach
