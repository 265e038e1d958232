#pragma once
#include "loop/stmt.h"

namespace broach {

// Gives names to values that the expression of a Store or Let uses more than once: scalars become Lets, vectors
// registers. Expressions are graphs in memory but trees to whoever walks them, so without it a chain of n such values
// costs 2^n. s is one Store or Let.
Stmt share_values_of(const Stmt& s);

}  // namespace broach
