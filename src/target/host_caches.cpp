// Linux describes the caches in /sys/devices/system/cpu/cpu0/cache/index*/{level,type,size}.
#include <fmt/format.h>

#include <fstream>
#include <string>

#include "target/target.h"

namespace broach {
namespace {

std::string read_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// "48K", "2048K", "32M"
int64_t parse_size(const std::string& text) {
  int64_t value = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && value < (int64_t(1) << 40); ++i) value = value * 10 + (text[i] - '0');
  char unit = i < text.size() ? text[i] : ' ';
  return unit == 'K' ? value << 10 : unit == 'M' ? value << 20 : unit == 'G' ? value << 30 : value;
}

}  // namespace

CacheSizes host_caches() {
  CacheSizes sizes;
  for (int index = 0; index < 16; ++index) {
    std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    std::string level = read_word(folder + "level");
    if (level.empty()) break;
    if (read_word(folder + "type") == "Instruction") continue;
    int64_t size = parse_size(read_word(folder + "size"));
    if (level == "1") sizes.l1 = size;
    if (level == "2") sizes.l2 = size;
    if (level == "3") sizes.l3 = size;
  }
  return sizes;
}

}  // namespace broach
