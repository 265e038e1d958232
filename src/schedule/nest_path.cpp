#include "schedule/nest_path.h"

#include <algorithm>

#include "support/errors.h"

namespace broach {

void NestPath::enter(const Nest& nest) {
  for (const ScheduledLoop& loop : nest.loops) {
    loops.push_back(loop);
    bounds.set(loop.var, {0, loop.extent - 1});
  }
  // Relations go from older axes to newer ones, so the newest, resolved first, serve the older ones. Loops of this nest come from
  // axes of the nests outside: those are resolved again with what is known now.
  std::vector<VarBinding> fresh;
  for (size_t i = nest.relations.size(); i-- > 0;) {
    const VarBinding& relation = nest.relations[i];
    fresh.push_back({relation.var, simplify(substitute(relation.value, fresh), bounds)});
  }
  for (VarBinding& old : resolved) old.value = simplify(substitute(old.value, fresh), bounds);
  resolved.insert(resolved.end(), fresh.begin(), fresh.end());
  guards.insert(guards.end(), nest.guards.begin(), nest.guards.end());
}

Expr NestPath::resolve(const Expr& e) const { return simplify(substitute(e, resolved), bounds); }

namespace {

// A nest whose first loop was cut into parts begins with them.
bool begins_with(const Nest& nest, const Var& loop) {
  if (!nest.loops.empty()) return nest.loops[0].var == loop;
  return std::any_of(nest.parts.begin(), nest.parts.end(), [&](const Nest& part) { return begins_with(part, loop); });
}

}  // namespace

size_t part_on_path(const Nest& nest, const NestPath& path, size_t depth) {
  size_t part = 0;
  while (part < nest.parts.size() && !begins_with(nest.parts[part], path.loops.at(depth).var)) ++part;
  BROACH_CHECK(part < nest.parts.size(), "the path at {} goes through no part of the nest", path.loops[depth].var->name);
  return part;
}

NestPath first_leaf(NestPath path, const Nest& nest) {
  path.enter(nest);
  return nest.parts.empty() ? path : first_leaf(std::move(path), nest.parts[0]);
}

}  // namespace broach
