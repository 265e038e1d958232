#pragma once
#include "graph/graph.h"

namespace broach {

// Joins constants of equal content, then nodes of equal operator, attributes and inputs. The node that stays has the origins of both.
bool eliminate_common_subexpressions(Graph& graph);

}  // namespace broach
