#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace broach {

// A content hash of 32 bytes (two XXH3-128 with different seeds): tells builds and constants apart; not for security.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  void add(std::string_view bytes);  // with its length, so that "ab" + "c" differs from "a" + "bc"
  std::array<uint8_t, 32> digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace broach
