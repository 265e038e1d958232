#include "support/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace broach {

struct ContentHash::State {
  XXH3_state_t low, high;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->low);
  XXH3_128bits_reset_withSeed(&state_->high, 0x9e3779b97f4a7c15u);
}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::string_view bytes) {
  uint64_t size = bytes.size();
  for (XXH3_state_t* state : {&state_->low, &state_->high}) {
    XXH3_128bits_update(state, &size, sizeof size);
    XXH3_128bits_update(state, bytes.data(), bytes.size());
  }
}

std::array<uint8_t, 32> ContentHash::digest() const {
  std::array<uint8_t, 32> digest;
  XXH128_canonical_t low, high;
  XXH128_canonicalFromHash(&low, XXH3_128bits_digest(&state_->low));
  XXH128_canonicalFromHash(&high, XXH3_128bits_digest(&state_->high));
  std::memcpy(digest.data(), low.digest, 16);
  std::memcpy(digest.data() + 16, high.digest, 16);
  return digest;
}

}  // namespace broach
