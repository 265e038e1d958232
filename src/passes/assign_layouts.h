#pragma once
#include "graph/graph.h"
#include "target/target.h"

namespace broach {

// Chooses the layout of every value: convolutions and pools write channels in blocks of the target's vector width, elementwise operators
// keep what they get, so that from the first convolution to the classifier nothing is converted. to_layout nodes are put where
// operands disagree, where the graph's results must be row-major, and where a padded window would read a graph input (its copy gets a rim).
// All other operators read any layout and write row-major. True: the graph changed.
bool assign_layouts(Graph& graph, const Target& target);

// Nodes that only move data between layouts, not counting those at the graph's inputs and outputs: zero in a well-laid-out network.
int count_layout_changes(const Graph& graph);

}  // namespace broach
