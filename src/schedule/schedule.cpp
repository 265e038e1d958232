#include "schedule/schedule.h"

#include <algorithm>
#include <set>

#include "expr/simplify.h"

namespace broach {
namespace {

ScheduledLoop loop_of(const Axis& axis, bool reduce) { return {axis.var, axis.extent, reduce, ForKind::serial}; }

Stage plain_stage(const Tensor& tensor) {
  Stage stage{tensor->name, tensor, {}, {}, {}, {}, {}, {}, {}, {}};
  for (const Axis& axis : tensor->axes) stage.nest.loops.push_back(loop_of(axis, false));
  for (const Axis& axis : tensor->reduction.axes) stage.nest.loops.push_back(loop_of(axis, true));
  return stage;
}

// The nest of part k: the same loops under names of their own.
Nest clone_nest(const Nest& nest, const std::string& suffix) {
  Nest clone;
  std::vector<VarBinding> renamed;
  for (const ScheduledLoop& loop : nest.loops) {
    Var var = make_var(loop.var->name + suffix, loop.var->dtype);
    clone.relations.push_back({loop.var, Expr(var)});
    renamed.push_back({loop.var, Expr(var)});
    clone.loops.push_back({var, loop.extent, loop.reduce, loop.kind});
  }
  for (const VarBinding& relation : nest.relations) clone.relations.push_back({relation.var, substitute(relation.value, renamed)});
  for (const Expr& guard : nest.guards) clone.guards.push_back(guard);
  for (const Nest& part : nest.parts) {
    Nest inner = clone_nest(part, suffix);
    clone.parts.push_back(std::move(inner));
  }
  clone.reduce_parts = nest.reduce_parts;
  return clone;
}

bool has_axis(const Nest& nest, std::string_view name) {
  auto named = [&](const ScheduledLoop& loop) { return loop.var->name == name; };
  auto in_part = [&](const Nest& part) { return has_axis(part, name); };
  return std::any_of(nest.loops.begin(), nest.loops.end(), named) || std::any_of(nest.parts.begin(), nest.parts.end(), in_part);
}

bool find_in(Nest& nest, std::string_view name, Nest** found, size_t* index) {
  for (size_t i = 0; i < nest.loops.size(); ++i)
    if (nest.loops[i].var->name == name) {
      *found = &nest;
      *index = i;
      return true;
    }
  return std::any_of(nest.parts.begin(), nest.parts.end(), [&](Nest& part) { return find_in(part, name, found, index); });
}

std::string axis_names(const Nest& nest) {
  std::string names;
  for (const ScheduledLoop& loop : nest.loops) names += (names.empty() ? "" : ", ") + loop.var->name;
  for (const Nest& part : nest.parts) names += ", " + axis_names(part);
  return names;
}

// A path from the root of a nest to one of its leaves.
struct Path {
  std::vector<ScheduledLoop> loops;
  std::vector<VarBinding> relations;
};

void collect_paths(const Nest& nest, Path prefix, std::vector<Path>* paths) {
  prefix.loops.insert(prefix.loops.end(), nest.loops.begin(), nest.loops.end());
  prefix.relations.insert(prefix.relations.end(), nest.relations.begin(), nest.relations.end());
  if (nest.parts.empty()) return paths->push_back(std::move(prefix));
  for (const Nest& part : nest.parts) collect_paths(part, prefix, paths);
}

Expr resolve(Expr e, const std::vector<VarBinding>& relations) {
  for (const VarBinding& relation : relations) e = substitute(e, {relation});
  return e;
}

void for_each_read(const Tensor& reader, const Tensor& tensor, const std::function<void(const Expr&)>& f) {
  auto check = [&](const Expr& e) {
    if ((e.is(Op::read) || e.is(Op::read_or)) && e->tensor == tensor) f(e);
  };
  visit(reader->result, check);
  for (const Expr& update : reader->reduction.update) visit(update, check);
}

// The same read of another tensor.
Expr read_from(const Tensor& tensor, const Expr& e) {
  if (e.is(Op::read)) return read(tensor, e->args);
  return read_or(tensor, {e->args.begin(), e->args.end() - 1}, e->args.back());
}

}  // namespace

Schedule::Schedule(std::vector<Tensor> outputs) : outputs_(inline_stages(outputs)) {
  for (const Tensor& tensor : reachable(outputs_)) {
    if (tensor->is_placeholder()) continue;
    Stage stage = plain_stage(tensor);
    auto taken = [&](const Stage& other) { return other.name == stage.name; };
    for (int n = 2; std::any_of(stages_.begin(), stages_.end(), taken); ++n) stage.name = fmt::format("{}.{}", tensor->name, n);
    stages_.push_back(std::move(stage));
  }
}

void Schedule::apply(const Primitive& primitive) {
  std::visit([this](const auto& p) { run(p); }, primitive);
  trace_.push_back(primitive);
}

void Schedule::replay(const Trace& trace) {
  for (const Primitive& primitive : trace) apply(primitive);
}

const Stage* Schedule::find_stage(const Tensor& tensor) const {
  for (const Stage& stage : stages_)
    if (stage.tensor == tensor) return &stage;
  return nullptr;
}

const Stage& Schedule::stage(std::string_view name) const { return const_cast<Schedule*>(this)->find(name); }

int64_t Schedule::extent(std::string_view stage, std::string_view axis) const {
  return const_cast<Schedule*>(this)->find_axis(stage, axis).loop().extent;
}

Stage& Schedule::find(std::string_view name) {
  for (Stage& stage : stages_)
    if (stage.name == name) return stage;
  throw_error("the schedule has no stage '{}'", name);
}

Schedule::Place Schedule::find_free_axis(std::string_view stage, std::string_view axis) {
  for (const Stage& other : stages_)
    if (other.reader == stage)
      throw_error("the axes of {} are fixed since {} is computed at one of them: change them before compute_at", stage, other.name);
  return find_axis(stage, axis);
}

Schedule::Place Schedule::find_axis(std::string_view stage, std::string_view axis) {
  Place place{};
  Stage& owner = find(stage);
  if (!find_in(owner.nest, axis, &place.nest, &place.index))
    throw_error("stage '{}' has no axis '{}'; it has {}", stage, axis, axis_names(owner.nest));
  return place;
}

void Schedule::run(const Split& p) {
  Place place = find_free_axis(p.stage, p.axis);
  ScheduledLoop loop = place.loop();
  if (p.factor < 1) throw_error("split of {}.{} by {}: the factor must be positive", p.stage, p.axis, p.factor);
  for (const std::string& name : {p.outer, p.inner})
    if (name != p.axis && has_axis(find(p.stage).nest, name)) throw_error("split of {}.{}: '{}' is taken", p.stage, p.axis, name);
  ScheduledLoop outer{make_var(p.outer), (loop.extent + p.factor - 1) / p.factor, loop.reduce, ForKind::serial};
  ScheduledLoop inner{make_var(p.inner), p.factor, loop.reduce, ForKind::serial};
  Expr value = Expr(outer.var) * Expr(p.factor) + Expr(inner.var);
  place.nest->relations.push_back({loop.var, value});
  if (loop.extent % p.factor != 0) place.nest->guards.push_back(Expr(loop.var) < Expr(loop.extent));
  place.nest->loops[place.index] = outer;
  place.nest->loops.insert(place.nest->loops.begin() + int64_t(place.index) + 1, inner);
}

void Schedule::run(const SplitParts& p) {
  Place place = find_free_axis(p.stage, p.axis);
  Nest& nest = *place.nest;
  int64_t sum = 0;
  for (int64_t size : p.sizes) {
    if (size < 1) throw_error("split_parts of {}.{}: a part of size {}", p.stage, p.axis, size);
    sum += size;
  }
  if (sum != place.loop().extent)
    throw_error("split_parts of {}.{}: the parts add up to {}, the axis has {}", p.stage, p.axis, sum, place.loop().extent);
  Nest tail;
  tail.loops.assign(nest.loops.begin() + int64_t(place.index), nest.loops.end());
  tail.parts = std::move(nest.parts);
  tail.reduce_parts = nest.reduce_parts;
  nest.reduce_parts = place.loop().reduce;
  nest.loops.resize(place.index);
  nest.parts.clear();
  int64_t offset = 0;
  for (size_t k = 0; k < p.sizes.size(); ++k) {
    Nest part = clone_nest(tail, fmt::format("@{}", k));
    part.loops[0].extent = p.sizes[k];
    part.relations[0].value = Expr(offset) + Expr(part.loops[0].var);
    offset += p.sizes[k];
    nest.parts.push_back(std::move(part));
  }
}

void Schedule::run(const Fuse& p) {
  Place outer = find_free_axis(p.stage, p.outer), inner = find_free_axis(p.stage, p.inner);
  if (outer.nest != inner.nest || outer.index + 1 != inner.index)
    throw_error("fuse of {}.{} and {}: the second axis must follow the first directly", p.stage, p.outer, p.inner);
  if (outer.loop().reduce != inner.loop().reduce)
    throw_error("fuse of {}.{} and {}: one is a reduction axis, the other is not", p.stage, p.outer, p.inner);
  ScheduledLoop fused{make_var(p.fused), outer.loop().extent * inner.loop().extent, outer.loop().reduce, ForKind::serial};
  Expr extent = inner.loop().extent;
  outer.nest->relations.push_back({outer.loop().var, Expr(fused.var) / extent});
  outer.nest->relations.push_back({inner.loop().var, Expr(fused.var) % extent});
  outer.nest->loops[outer.index] = fused;
  outer.nest->loops.erase(outer.nest->loops.begin() + int64_t(inner.index));
}

void Schedule::run(const Reorder& p) {
  std::vector<Place> places;
  for (const std::string& axis : p.axes) {
    places.push_back(find_free_axis(p.stage, axis));
    if (places.back().nest != places[0].nest) throw_error("reorder of {}: {} and {} are in different parts", p.stage, p.axes[0], axis);
  }
  std::vector<size_t> slots;
  std::vector<ScheduledLoop> loops;
  for (const Place& place : places) {
    slots.push_back(place.index);
    loops.push_back(place.loop());
  }
  std::sort(slots.begin(), slots.end());
  if (std::adjacent_find(slots.begin(), slots.end()) != slots.end()) throw_error("reorder of {}: an axis is named twice", p.stage);
  for (size_t i = 0; i < slots.size(); ++i) places[0].nest->loops[slots[i]] = loops[i];
}

void Schedule::run(const Unroll& p) { find_axis(p.stage, p.axis).loop().kind = ForKind::unrolled; }

void Schedule::run(const Vectorize& p) {
  Place place = find_axis(p.stage, p.axis);
  if (place.index + 1 != place.nest->loops.size() || !place.nest->parts.empty())
    throw_error("vectorize of {}.{}: only the innermost axis can be", p.stage, p.axis);
  if (place.loop().reduce && find(p.stage).tensor->reduction.reducer == Reducer::custom)
    throw_error("vectorize of {}.{}: the reduction is not known to be associative", p.stage, p.axis);
  place.loop().kind = ForKind::vector;
}

void Schedule::run(const Parallel& p) {
  Place place = find_axis(p.stage, p.axis);
  if (place.loop().reduce) throw_error("parallel of {}.{}: a reduction axis cannot be", p.stage, p.axis);
  if (place.nest != &find(p.stage).nest) throw_error("parallel of {}.{}: only outer axes can be", p.stage, p.axis);
  place.loop().kind = ForKind::parallel;
}

void Schedule::run(const Align& p) {
  Place place = find_free_axis(p.stage, p.axis);
  if (p.multiple < 1) throw_error("align of {}.{} to {}", p.stage, p.axis, p.multiple);
  if (place.loop().reduce) throw_error("align of {}.{}: a reduction axis cannot be", p.stage, p.axis);
  place.loop().extent = (place.loop().extent + p.multiple - 1) / p.multiple * p.multiple;
}

void Schedule::run(const ComputeAt& p) {
  Stage& stage = find(p.stage);
  Stage& reader = find(p.reader);
  if (std::find(outputs_.begin(), outputs_.end(), stage.tensor) != outputs_.end()) throw_error("compute_at of {}: it is an output", p.stage);
  if (stage.attach) throw_error("compute_at of {}: it is computed at an axis of {} already", p.stage, stage.reader);
  if (!stage.nest.relations.empty() || !stage.nest.parts.empty()) throw_error("compute_at of {}: its axes were changed before", p.stage);
  for (const Stage& other : stages_) {
    if (other.reader == p.stage) throw_error("compute_at of {}: {} is computed in it", p.stage, other.name);
    if (other.tensor != reader.tensor && other.reader != p.reader)
      for_each_read(other.tensor, stage.tensor,
                    [&](const Expr&) { throw_error("compute_at of {} in {}: {} reads it too", p.stage, p.reader, other.name); });
  }
  Place place = find_axis(p.reader, p.axis);
  if (place.nest != &reader.nest) throw_error("compute_at of {}: axis {} of {} is inside a part", p.stage, p.axis, p.reader);
  if (place.loop().reduce) throw_error("compute_at of {}: {}.{} is a reduction axis", p.stage, p.reader, p.axis);
  Var attach = place.loop().var;
  take_region(stage, region_read(stage, reader, place));
  stage.reader = p.reader;
  stage.attach = attach;
}

// Indices of the stage that are read in one iteration of the reader's loop: first ones in terms of the loops outside, and extents.
Schedule::Region Schedule::region_read(const Stage& stage, const Stage& reader, const Place& place) const {
  size_t rank = stage.tensor->shape.size();
  Region region{std::vector<Expr>(rank), std::vector<Interval>(rank, Interval{0, 0})};
  std::vector<Path> paths;
  collect_paths(reader.nest, {}, &paths);
  // Stages computed in the same reader may read this one: their regions count too, in terms of the reader's loops.
  std::vector<std::pair<Tensor, std::vector<Path>>> readers = {{reader.tensor, paths}};
  for (const Stage& other : stages_)
    if (other.reader == reader.name && other.tensor != stage.tensor) {
      std::vector<Path> inner;
      Path outer;
      for (size_t i = 0; i <= place.index; ++i) outer.loops.push_back(reader.nest.loops[i]);
      collect_paths(other.nest, outer, &inner);
      readers.push_back({other.tensor, inner});
    }
  for (const auto& [tensor, tensor_paths] : readers)
    for (const Path& path : tensor_paths)
      for_each_read(tensor, stage.tensor, [&](const Expr& read) {
        Bounds all;
        std::vector<VarBinding> zero;
        bool inside = false;
        for (const ScheduledLoop& loop : path.loops) {
          all.set(loop.var, {0, loop.extent - 1});
          if (inside) zero.push_back({loop.var, Expr(int64_t(0))});
          inside |= loop.var == place.loop().var;
        }
        for (size_t d = 0; d < rank; ++d) {
          Expr index = simplify(resolve(read.arg(int(d)), path.relations), all);
          if (!region.begin[d]) region.begin[d] = simplify(substitute(index, zero), all);
          auto span = bounds_of(simplify(index - region.begin[d], all), all);
          if (!span) throw_error("compute_at of {} in {}: the region read has no bounds", stage.name, reader.name);
          region.range[d] = {std::min(region.range[d].low, span->low), std::max(region.range[d].high, span->high)};
        }
      });
  return region;
}

// The stage's axes become local: they run over the region.
void Schedule::take_region(Stage& stage, const Region& region) {
  for (size_t d = 0; d < region.begin.size(); ++d) {
    BROACH_CHECK(bool(region.begin[d]), "{} is not read", stage.name);
    Expr first = simplify(region.begin[d] + Expr(region.range[d].low));
    int64_t extent = region.range[d].high - region.range[d].low + 1;
    if (extent >= stage.tensor->shape[d]) {
      extent = stage.tensor->shape[d];
      first = int64_t(0);
    }
    stage.region_begin.push_back(first);
    stage.region_extent.push_back(extent);
    auto axis = std::find_if(stage.nest.loops.begin(), stage.nest.loops.end(),
                             [&](const ScheduledLoop& loop) { return loop.var == stage.tensor->axes[d].var; });
    BROACH_CHECK(axis != stage.nest.loops.end(), "{} has lost the axis {}", stage.name, d);
    Var local = make_var(axis->var->name);
    stage.nest.relations.push_back({axis->var, simplify(first + Expr(local))});
    if (!is_const(first, 0)) stage.nest.guards.push_back(Expr(axis->var) < Expr(stage.tensor->shape[d]) && Expr(axis->var) >= Expr(0));
    axis->var = local;
    axis->extent = extent;
  }
}

void Schedule::run(const CacheRead& p) {
  Stage& stage = find(p.stage);
  Tensor source;
  for (const Tensor& tensor : reads_of(stage.tensor))
    if (tensor->name == p.tensor) source = tensor;
  if (!source) throw_error("cache_read: stage '{}' does not read '{}'", p.stage, p.tensor);
  for_each_read(stage.tensor, source, [&](const Expr& e) {
    if (e.is(Op::read_or)) throw_error("cache_read of {} in {}: it is read with padding", p.tensor, p.stage);
  });
  Tensor cache = compute(p.cache, source->shape, [&](Indices i) { return read(source, {i.begin(), i.end()}); });
  Tensor old = stage.tensor;
  Tensor changed = replace_reads(old, source, [&](const Expr& e) { return read(cache, e->args); });
  stage.tensor = changed;
  for (Stage& other : stages_)
    if (other.tensor != changed) other.tensor = replace_reads(other.tensor, old, [&](const Expr& e) { return read_from(changed, e); });
  std::replace(outputs_.begin(), outputs_.end(), old, changed);
  auto position = std::find_if(stages_.begin(), stages_.end(), [&](const Stage& s) { return s.tensor == changed; });
  stages_.insert(position, plain_stage(cache));
  run(ComputeAt{p.cache, p.stage, p.axis});
}

void Schedule::run(const CacheWrite& p) {
  Stage& stage = find(p.stage);
  if (!stage.tensor->is_reduction()) throw_error("cache_write of {}: it is no reduction", p.stage);
  if (p.storage == "registers")
    stage.accumulators = Storage::registers;
  else if (p.storage == "stack")
    stage.accumulators = Storage::stack;
  else if (p.storage == "worker_scratch")
    stage.accumulators = Storage::worker_scratch;
  else
    throw_error("cache_write of {}: no storage '{}': registers, stack or worker_scratch", p.stage, p.storage);
}

void Schedule::run(const Pack& p) {
  Stage& stage = find(p.stage);
  for (const Tensor& tensor : reads_of(stage.tensor))
    if (tensor->name == p.tensor && tensor->is_placeholder()) return stage.packed.push_back(p.tensor);
  throw_error("pack: stage '{}' reads no constant '{}'", p.stage, p.tensor);
}

void Schedule::run(const Prefetch& p) {
  Stage& stage = find(p.stage);
  find_axis(p.stage, p.axis);
  find_axis(p.stage, p.ahead);
  if (std::find(stage.packed.begin(), stage.packed.end(), p.tensor) == stage.packed.end())
    throw_error("prefetch of {} in {}: only a packed constant can be", p.tensor, p.stage);
  stage.prefetches.push_back(p);
}

}  // namespace broach
