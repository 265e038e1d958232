#pragma once
// "Did you mean ...": the known name that a misspelt one was probably meant to be.
#include <span>
#include <string>
#include <string_view>

namespace broach {

// Number of single-character insertions, deletions, replacements and swaps of neighbours between two words.
int edit_distance(std::string_view a, std::string_view b);

// The known name nearest to `name` (the first of equals), or "" where none is near: more than a third of its letters differ.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

// " (did you mean 'haswell'?)", or "" where nothing is near: to be appended to a sentence.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace broach
