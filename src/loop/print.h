#pragma once
// The words that the loop printer and parser share, and printing to people.
#include <string>
#include <string_view>

#include "loop/stmt.h"

namespace broach {

const char* name_of(ForKind kind);              // "for", "parallel", ...
const char* name_of(Storage storage);           // "param", "registers", ...
bool is_statement_word(std::string_view word);  // starts a statement, so cannot name a variable or buffer

}  // namespace broach
