#include "safety/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  broach::test::read_saved_graph({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
