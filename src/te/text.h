#pragma once
// Words that the printer and the parser of tensor expressions share. The grammar is in README.md.
namespace broach {

inline constexpr const char* reducer_names[] = {"none", "sum", "max", "min", "prod", "custom"};  // by Reducer

}  // namespace broach
