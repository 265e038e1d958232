#include "schedule/rules/tiling.h"

#include <algorithm>

namespace broach {

bool fits_registers(const RegisterTile& tile, const Target& target) {
  // One vector of weights alone can be multiplied with broadcasts straight from memory where there are 32 registers.
  int64_t broadcast = tile.vectors == 1 && target.vector_registers >= 32 ? 0 : 1;
  return tile.vectors * tile.points + tile.vectors + broadcast <= target.vector_registers;
}

double cycles_per_step(const RegisterTile& tile, const Target& target) {
  constexpr double fma_latency = 4, loop_overhead = 0.5;
  double fma = double(tile.vectors * tile.points) / target.fma_per_cycle;
  double loads = double(tile.vectors + tile.points) / target.loads_per_cycle;
  return std::max({fma, loads, fma_latency}) + loop_overhead;
}

std::vector<int64_t> even_tiles(int64_t extent, int64_t largest) {
  int64_t count = (extent + largest - 1) / largest;
  std::vector<int64_t> sizes(size_t(count), extent / count);
  for (int64_t i = 0; i < extent % count; ++i) ++sizes[size_t(i)];
  return sizes;
}

void tile_evenly(Schedule& schedule, const std::string& stage, const std::string& axis, int64_t largest,
                 const std::function<void(const std::string& suffix)>& finish) {
  int64_t extent = schedule.extent(stage, axis);
  std::vector<int64_t> sizes = even_tiles(extent, largest);
  auto split = [&](const std::string& suffix, int64_t size) {
    std::string name = axis + suffix;
    schedule.apply(Split{stage, name, size, name + ".t", name + ".u"});
    finish(suffix);
  };
  int64_t large = int64_t(std::count(sizes.begin(), sizes.end(), sizes[0]));
  if (large == int64_t(sizes.size())) return split("", sizes[0]);
  schedule.apply(SplitParts{stage, axis, {large * sizes[0], extent - large * sizes[0]}});
  split("@0", sizes[0]);
  split("@1", sizes.back());
}

std::optional<int64_t> stride_along(const Expr& read, const TensorBuffer& buffer, const Var& var, const Bounds& bounds) {
  std::vector<Expr> indices(read->args.begin(), read->args.begin() + int64_t(buffer.shape.size()));
  Expr here = buffer.offset(indices);
  Expr next = substitute(here, {{var, Expr(var) + Expr(1)}});
  int64_t stride;
  if (as_int(simplify(next - here, bounds), &stride)) return stride;
  return std::nullopt;
}

namespace {

bool read_in_one_way(const Tensor& reader, const Tensor& tensor) {
  std::vector<Expr> reads = reads_in(reader->result);
  for (const Expr& update : reader->reduction.update)
    for (const Expr& read : reads_in(update)) reads.push_back(read);
  const Expr* first = nullptr;
  for (const Expr& read : reads) {
    if (read->tensor != tensor) continue;
    if (!read.is(Op::read)) return false;
    if (!first) first = &read;
    for (size_t d = 0; d < read->args.size(); ++d)
      if (!equal(read->args[d], (*first)->args[d]) || !reads_in(read->args[d]).empty()) return false;
  }
  return first != nullptr;
}

}  // namespace

void pack_constants(const RuleProblem& problem, Schedule& schedule, const std::string& stage) {
  for (const RuleInput& input : problem.inputs)
    if (input.constant && input.buffer.elements() > 1 && read_in_one_way(schedule.stage(stage).tensor, input.tensor))
      schedule.apply(Pack{stage, input.tensor->name});
}

void vectorize_axis(Schedule& schedule, const std::string& stage, const std::string& axis, int64_t lanes) {
  int64_t extent = schedule.extent(stage, axis);
  auto vectors = [&](const std::string& name) {
    schedule.apply(Split{stage, name, lanes, name + ".o", name + ".v"});
    schedule.apply(Vectorize{stage, name + ".v"});
  };
  if (extent <= lanes) return schedule.apply(Vectorize{stage, axis});
  if (extent % lanes == 0) return vectors(axis);
  schedule.apply(SplitParts{stage, axis, {extent / lanes * lanes, extent % lanes}});
  vectors(axis + "@0");
  schedule.apply(Vectorize{stage, axis + "@1"});
}

Bounds axis_bounds(const Tensor& tensor) {
  Bounds bounds;
  for (const Axis& axis : tensor->axes) bounds.set(axis.var, {0, axis.extent - 1});
  for (const Axis& axis : tensor->reduction.axes) bounds.set(axis.var, {0, axis.extent - 1});
  return bounds;
}

std::vector<Expr> reads_in(const Expr& e) {
  std::vector<Expr> reads;
  visit(e, [&](const Expr& node) {
    if (node.is(Op::read) || node.is(Op::read_or)) reads.push_back(node);
  });
  return reads;
}

}  // namespace broach
