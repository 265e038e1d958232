#pragma once
// A graph as a file of its own, "x.graph": a tar of graph.txt (its text) and constants.bin (the data of all constants that
// do not stand in the text, each at a multiple of 64 bytes, in the order of the text).
#include <string>

#include "graph/op_def.h"

namespace broach {

// Written whole or not at all. The same graph gives the same bytes. Throws Error where the file cannot be written.
void save_graph(const Graph& graph, const std::string& path);

// The constants refer to the mapped file. Throws Error for files that are no saved graph, cut off or damaged.
Graph load_graph(const std::string& path, const std::function<const OpDef*(std::string_view name)>& find_op);

}  // namespace broach
