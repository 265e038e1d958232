#include "codegen/conv_tile.h"

namespace broach::test {

PrimFunc conv_tile(const ConvTile& c) {
  const int64_t v = c.lanes, width = 2 * c.pixels, padded = width + c.taps - 1, height = c.rows + c.taps - 1;
  auto in = make_buffer("in", DType::f32, c.blocks * height * padded * v);
  auto weights = make_buffer("weights", DType::f32, c.blocks * c.taps * c.taps * v * c.vectors * v);
  auto out = make_buffer("out", DType::f32, c.vectors * c.rows * width * v, Storage::param, true);
  auto acc = make_buffer("acc", DType::f32, c.vectors * c.pixels * v, Storage::registers);
  Var tile = make_var("tile"), block = make_var("block"), y = make_var("y"), x = make_var("x"), channel = make_var("channel");
  Expr row = Expr(tile) / Expr(2), column = Expr(tile) % Expr(2) * Expr(c.pixels);
  Expr in_base = Expr(block) * Expr(height * padded * v) + (row + Expr(y)) * Expr(padded * v) + (column + Expr(x)) * Expr(v) + Expr(channel);
  Expr tap = (Expr(block) * Expr(c.taps) + Expr(y)) * Expr(c.taps) + Expr(x);
  Expr weight_base = (tap * Expr(v) + Expr(channel)) * Expr(c.vectors * v);
  std::vector<Stmt> start, step, finish;
  auto element = [&](int o, int p) {
    Expr at = ramp(Expr((o * c.pixels + p) * v), Expr(1), int(v));
    Expr product = broadcast(load(in, in_base + Expr(p * v)), int(v)) * load(weights, ramp(weight_base + Expr(o * v), Expr(1), int(v)));
    Expr place = ramp(row * Expr(width * v) + column * Expr(v) + Expr((o * c.rows * width + p) * v), Expr(1), int(v));
    start.push_back(make_store(acc, at, broadcast(make_float(0), int(v))));
    step.push_back(make_store(acc, at, load(acc, at) + product));
    finish.push_back(make_store(out, place, max(load(acc, at), broadcast(make_float(0), int(v)))));
  };
  for (int i = 0; i < c.vectors * c.pixels; ++i) c.pixels_outer ? element(i % c.vectors, i / c.vectors) : element(i / c.pixels, i % c.pixels);
  Stmt loops = make_for(channel, 0, Expr(v), make_block(step));
  loops = make_for(block, 0, Expr(c.blocks), make_for(y, 0, Expr(c.taps), make_for(x, 0, Expr(c.taps), loops)));
  Stmt body = make_allocate(acc, make_block({make_block(start), loops, make_block(finish)}));
  return {"conv_tile", {in, weights, out}, make_for(tile, 0, Expr(2 * c.rows), body, ForKind::parallel)};
}

}  // namespace broach::test
