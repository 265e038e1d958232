#pragma once
// Words that the printer, the parser and the saved form of graphs share.
#include <string>

#include "graph/constant.h"

namespace broach {

bool is_plain(char c);                               // a letter, a digit or one of _ . / -
std::string quoted(std::string_view text);           // "a\"b"; control characters as \x0a
std::string plain_or_quoted(std::string_view text);  // as it is where all of it is plain

// Constants of at most 8 elements stand in the text with their values, the others by name and type only.
bool is_written_in_text(const Constant& constant);

}  // namespace broach
