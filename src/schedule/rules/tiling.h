#pragma once
// Pieces that rules share: tile sizes by the machine model, cutting an axis into near-equal tiles.
#include "expr/simplify.h"
#include "schedule/rules/rules.h"

namespace broach {

// A register tile of `vectors` x `points` accumulators: `vectors` loads of weights and `points` broadcasts per step of the reduction.
struct RegisterTile {
  int64_t vectors = 1, points = 1;
};
bool fits_registers(const RegisterTile& tile, const Target& target);
// Cycles of one step of the reduction, by the busiest of: FMA units, load ports, the latency of an FMA on each accumulator.
double cycles_per_step(const RegisterTile& tile, const Target& target);

// Sizes of near-equal tiles of at most `largest`, larger ones first: 49 by 14 is 13, 12, 12, 12.
std::vector<int64_t> even_tiles(int64_t extent, int64_t largest);

// Splits `axis` (the only one with this name) into tiles of near-equal size; `inner` are the axes that follow it in its nest. For each part
// made, `finish` gets the suffix of its axis names; the tile's own axes are axis+suffix+".t" and axis+suffix+".u".
void tile_evenly(Schedule& schedule, const std::string& stage, const std::string& axis, int64_t largest,
                 const std::function<void(const std::string& suffix)>& finish);

// Elements between neighbours along `var` in a read; nullopt if it is not constant.
std::optional<int64_t> stride_along(const Expr& read, const TensorBuffer& buffer, const Var& var, const Bounds& bounds);

// Packs every constant that the stage reads in one way: weights in the order of use, padding lanes as zeros.
void pack_constants(const RuleProblem& problem, Schedule& schedule, const std::string& stage);

// Splits an axis into vectors of at most `lanes`, a rest as a narrower vector; the axis must be the innermost of its nest.
void vectorize_axis(Schedule& schedule, const std::string& stage, const std::string& axis, int64_t lanes);

Bounds axis_bounds(const Tensor& tensor);
std::vector<Expr> reads_in(const Expr& e);

}  // namespace broach
