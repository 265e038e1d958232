#include "image/jpeg_tables.h"

#include <cstdint>

namespace broach {
namespace {

enum : unsigned { define_huffman = 0xc4, start_of_image = 0xd8, start_of_scan = 0xda };

// Walks the segments as stb does: padding before a marker is passed over. In the data after the first scan's header every
// 0xff with something behind it may be where stb finds the next marker.
class Segments {
 public:
  explicit Segments(std::span<const std::byte> file) : file_(file) {}

  bool are_sound() {
    for (unsigned marker; next_marker(marker);) {
      if (marker == define_huffman && !is_sound_definition()) return false;
      if (marker == start_of_scan) scanning_ = true;
      if (marker != start_of_image && !scanning_) at_ += word(at_);
    }
    return true;
  }

 private:
  unsigned byte(size_t at) const { return at < file_.size() ? unsigned(file_[at]) : 0; }
  unsigned word(size_t at) const { return byte(at) << 8 | byte(at + 1); }

  bool next_marker(unsigned& marker) {
    while (at_ < file_.size() && byte(at_) != 0xff) ++at_;
    while (at_ < file_.size() && byte(at_) == 0xff) ++at_;
    marker = byte(at_++);
    return at_ <= file_.size();
  }

  // One segment holds any number of tables: a byte, the counts of codes by length, the codes' values.
  bool is_sound_definition() const {
    const size_t end = at_ + word(at_);
    for (size_t table = at_ + 2; table < end;) {
      unsigned codes = 0;
      for (size_t i = 1; i <= 16; ++i) codes += byte(table + i);
      if (codes > 256) return false;
      table += 17 + codes;
    }
    return true;
  }

  std::span<const std::byte> file_;
  size_t at_ = 0;
  bool scanning_ = false;
};

}  // namespace

bool has_sound_jpeg_tables(std::span<const std::byte> file) { return file.empty() || file[0] != std::byte{0xff} || Segments(file).are_sound(); }

}  // namespace broach
