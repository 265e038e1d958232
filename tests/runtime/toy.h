// The toy model (toy_model.c) as artifacts, and what it computes.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "broach/runtime.hpp"

namespace toy {

using Bytes = std::vector<uint8_t>;
constexpr int64_t elements = 1000;

// A folder of this process, removed at its end.
std::string folder();
std::string write_file(const std::string& name, const Bytes& bytes);
Bytes read_file(const std::string& path);

// The linked, unsealed library of a variant: flags for cc ("-DPARAMS"); built once.
const Bytes& linked(const std::string& flags = "");
// Where its constants lie in it.
uint64_t constants_offset(const Bytes& library);
Bytes params();                                       // contents of its .params file
Bytes sealed(const std::string& flags = "");          // with -DPARAMS the constants count as apart
Bytes seal_again(Bytes library, bool apart = false);  // after a change

// A ustar archive of members in order.
struct Member {
  std::string path;
  Bytes bytes;
  char type = '0';
};
Bytes tar(const std::vector<Member>& members);

std::vector<float> input(int64_t count, int seed);
// The model's first output, and its second.
std::vector<float> expected_out(const std::vector<float>& x, const std::vector<float>& y);
float expected_total(const std::vector<float>& x, const std::vector<float>& y);

// The message of the failure, "" if none; expects the status.
std::string open_error(const std::string& path, broach_status status);
std::string open_error(const Bytes& artifact, broach_status status, const Bytes& params = {});

// A vector whose data is 64-byte aligned, or `offset` bytes past that.
class AlignedFloats {
 public:
  explicit AlignedFloats(const std::vector<float>& values, size_t offset = 0);
  float* data() { return data_; }

 private:
  std::vector<uint8_t> memory_;
  float* data_;
};

}  // namespace toy
