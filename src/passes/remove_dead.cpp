#include "passes/remove_dead.h"

namespace broach {

bool remove_dead(Graph& graph) { return graph.remove_dead(); }

}  // namespace broach
