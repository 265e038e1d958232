#pragma once
// Names of a model: any bytes in the file, UTF-8 in the graph, printable in messages.
#include <string>

namespace broach {

std::string printable(const std::string& text);   // control characters and bytes that are not UTF-8 as \x0a; cut at 200 bytes
std::string quote_name(const std::string& name);  // the same between quotation marks
const std::string& checked_name(const std::string& name);  // throws Error where it is not UTF-8

}  // namespace broach
