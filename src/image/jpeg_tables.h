#pragma once
#include <cstddef>
#include <span>

namespace broach {

// False for a JPEG with a Huffman table of more than 256 codes, the most that the format has (ITU-T T.81, B.2.4.2): stb before 2.28
// writes past the end of its own table there. True for everything else, also for what is no JPEG.
bool has_sound_jpeg_tables(std::span<const std::byte> file);

}  // namespace broach
