#pragma once
#include <string>
#include <vector>

namespace broach {

// Rows of equal length as Python's print shows a two-dimensional float64 array of numpy (numpy/core/arrayprint.py, default
// options: precision 8, line width 75, more than 1,000 numbers are shortened to the first and last three of a row).
std::string numpy_array_text(const std::vector<std::vector<double>>& rows);

}  // namespace broach
