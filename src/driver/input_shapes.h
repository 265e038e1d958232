#pragma once
#include <map>

#include "graph/tensor_type.h"

namespace broach {

// "data:[1,3,224,224] ids:[1,128]". A name may hold any character but blanks and may itself hold ':' and '['. Throws Error
// where the text has another form, a name comes twice or a dimension is below 1.
std::map<std::string, Shape> parse_input_shapes(const std::string& text);

}  // namespace broach
