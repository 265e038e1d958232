#include "schedule/lower.h"

#include <algorithm>
#include <map>

#include "expr/simplify.h"
#include "schedule/nest_path.h"
#include "schedule/packing.h"
#include "schedule/prefetching.h"

namespace broach {
namespace {

constexpr int64_t largest_stack_buffer = 16 << 10;  // bytes

// Where the elements of a tensor are found while its readers are emitted.
struct TensorPlace {
  Buffer buffer;
  TensorBuffer layout;
  std::vector<Expr> begin;  // of the region that the buffer holds; empty: all
};

// Below its first loop a reduction has one result per point: only its own axes may be in parts there.
void check_parts(const Nest& nest, const Tensor& tensor) {
  if (!nest.parts.empty() && !nest.reduce_parts) throw_error("an axis of {} is cut into parts inside the reduction", tensor->name);
  for (const Nest& part : nest.parts) check_parts(part, tensor);
}

// Loops below the first reduction loop that are no reduction loops: each of their points has its own accumulators.
struct AccumulatorSpace {
  std::vector<ScheduledLoop> loops;  // in order; a vectorised reduction axis is the last one, if there is one
  bool lanes_of_reduction = false;   // the last loop is a vectorised reduction axis
  std::vector<int64_t> strides;
  int64_t size = 1;
};

bool constant_index(const ScheduledLoop& loop) { return loop.kind == ForKind::unrolled || loop.kind == ForKind::vector || loop.extent == 1; }

void collect_inner_loops(const Nest& nest, size_t from, std::vector<ScheduledLoop>* loops) {
  for (size_t i = from; i < nest.loops.size(); ++i)
    if (!nest.loops[i].reduce || nest.loops[i].kind == ForKind::vector) loops->push_back(nest.loops[i]);
  if (!nest.parts.empty()) collect_inner_loops(nest.parts[0], 0, loops);
}

AccumulatorSpace accumulator_space(const Nest& nest, size_t first_reduce) {
  AccumulatorSpace space;
  collect_inner_loops(nest, first_reduce, &space.loops);
  space.strides.resize(space.loops.size());
  for (size_t i = space.loops.size(); i-- > 0;) {
    space.strides[i] = space.size;
    space.size *= space.loops[i].extent;
    if (space.loops[i].reduce) {
      if (i + 1 != space.loops.size()) throw_error("a vectorised reduction axis must be the innermost axis");
      space.lanes_of_reduction = true;
    }
  }
  return space;
}

// In registers where every index becomes a constant, else where there is room.
std::vector<Buffer> accumulators(const Stage& stage, const AccumulatorSpace& space) {
  const Reduction& reduction = stage.tensor->reduction;
  bool constant = std::all_of(space.loops.begin(), space.loops.end(), constant_index);
  std::vector<Buffer> acc;
  for (const Var& var : reduction.acc) {
    bool small = space.size * byte_size(var->dtype) <= largest_stack_buffer;
    Storage storage = constant ? Storage::registers : small ? Storage::stack : Storage::worker_scratch;
    if (stage.accumulators) storage = *stage.accumulators;
    if (storage == Storage::registers && !constant)
      throw_error("accumulators of {} in registers: an axis inside the reduction is neither unrolled nor vectorised", stage.tensor->name);
    acc.push_back(make_buffer(var->name, var->dtype, space.size, storage));
  }
  return acc;
}

Stmt wrap(const std::vector<ScheduledLoop>& loops, Stmt body) {
  for (size_t i = loops.size(); i-- > 0;) body = make_for(loops[i].var, Expr(0), Expr(loops[i].extent), std::move(body), loops[i].kind);
  return body;
}

class Lowering {
 public:
  Lowering(const Schedule& schedule, const std::vector<GroupTensor>& inputs, const std::vector<TensorBuffer>& outputs)
      : schedule_(schedule), inputs_(inputs), outputs_(outputs) {}

  LoweredGroup run(const std::string& name);

 private:
  void place_inputs(LoweredGroup* group);
  void place_stages();
  Stmt stage_nest(const Stage& stage);
  Stmt nest(const Stage& stage, const Nest& nest, NestPath path);
  Stmt loops(const Stage& stage, const Nest& nest, size_t i, const NestPath& path);
  Stmt attached(const Stage& stage, const Var& loop, Stmt body);
  Stmt element(const Stage& stage, const NestPath& path);
  Stmt reduction(const Stage& stage, const Nest& nest, size_t first, const NestPath& path);
  Stmt update_nest(const Stage& stage, const Nest& nest, size_t from, NestPath path, const AccumulatorSpace& space, const std::vector<Buffer>& acc,
                   bool entered);
  Stmt store_result(const Stage& stage, const NestPath& path, const std::vector<VarBinding>& acc);
  Expr lower_reads(const Stage& stage, const Expr& e, const NestPath& path);
  Expr lower_read(const Stage& stage, const Expr& e, const NestPath& path, bool reads_padding_lanes);
  static bool channel_is_inside(const Stage& stage, const Expr& read);
  Expr packed_read(const PackedLayout& layout, const Stage& stage, const NestPath& path);
  Stmt guarded(const NestPath& path, Stmt body);
  Stmt prefetches(const Stage& stage, const Var& loop, const NestPath& path, Stmt body);

  const Schedule& schedule_;
  const std::vector<GroupTensor>& inputs_;
  const std::vector<TensorBuffer>& outputs_;
  std::map<Tensor, TensorPlace> places_;
  std::map<std::pair<std::string, Tensor>, PackedLayout> packed_;  // by stage
  bool parallel_ = true;
};

LoweredGroup Lowering::run(const std::string& name) {
  LoweredGroup group;
  group.function.name = name;
  place_inputs(&group);
  place_stages();
  std::vector<Stmt> roots;
  std::vector<const Stage*> kept;  // root stages that are no outputs: whole tensors in scratch
  for (const Stage& stage : schedule_.stages())
    if (!stage.attach) kept.push_back(&stage);
  parallel_ = kept.size() == 1;
  for (const Stage* stage : kept) roots.push_back(stage_nest(*stage));
  Stmt body = make_block(std::move(roots));
  for (const Stage* stage : kept) {
    const TensorPlace& place = places_.at(stage->tensor);
    if (place.buffer->storage != Storage::param) body = make_allocate(place.buffer, std::move(body));
  }
  for (const Tensor& output : schedule_.outputs()) group.function.params.push_back(places_.at(output).buffer);
  group.function.body = body;
  return group;
}

void Lowering::place_inputs(LoweredGroup* group) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Tensor& tensor = inputs_[i].tensor;
    Buffer buffer = make_buffer(tensor->name, tensor->dtype, inputs_[i].buffer.elements());
    for (const Stage& stage : schedule_.stages()) {
      if (std::find(stage.packed.begin(), stage.packed.end(), tensor->name) == stage.packed.end()) continue;
      PackedLayout layout = packed_layout(stage, tensor, tensor->name);
      if (layout.nest.size == 0) continue;
      buffer = layout.buffer;
      group->packed.push_back({i, packing_function(stage, layout, inputs_[i].buffer), layout.nest.size});
      packed_.emplace(std::pair(stage.name, tensor), std::move(layout));
    }
    places_[tensor] = {buffer, inputs_[i].buffer, {}};
    group->function.params.push_back(buffer);
  }
}

void Lowering::place_stages() {
  for (const Stage& stage : schedule_.stages()) {
    TensorPlace place;
    place.layout = {stage.tensor->dtype, stage.tensor->shape, {}, {}, 0};
    auto output = std::find(schedule_.outputs().begin(), schedule_.outputs().end(), stage.tensor);
    if (output != schedule_.outputs().end()) {
      place.layout = outputs_[size_t(output - schedule_.outputs().begin())];
      place.buffer = make_buffer(stage.tensor->name, stage.tensor->dtype, place.layout.elements(), Storage::param, true);
    } else {
      if (stage.attach) {
        place.layout.shape = stage.region_extent;
        place.begin = stage.region_begin;
      }
      int64_t elements = place.layout.elements();
      bool small = stage.attach && elements * byte_size(stage.tensor->dtype) <= largest_stack_buffer;
      place.buffer = make_buffer(stage.tensor->name, stage.tensor->dtype, elements, small ? Storage::stack : Storage::worker_scratch);
    }
    places_[stage.tensor] = place;
  }
}

Stmt Lowering::stage_nest(const Stage& stage) {
  NestPath path;
  if (stage.attach) {  // the reader's loops around it are in scope
    const Stage& reader = schedule_.stage(stage.reader);
    for (const ScheduledLoop& loop : reader.nest.loops) {
      path.bounds.set(loop.var, {0, loop.extent - 1});
      if (loop.var == stage.attach) break;
    }
  }
  return nest(stage, stage.nest, path);
}

Stmt Lowering::nest(const Stage& stage, const Nest& nest, NestPath path) {
  path.enter(nest);
  return loops(stage, nest, 0, path);
}

Stmt Lowering::loops(const Stage& stage, const Nest& nest, size_t i, const NestPath& path) {
  if (i < nest.loops.size() ? nest.loops[i].reduce : nest.reduce_parts) return reduction(stage, nest, i, path);
  if (i < nest.loops.size()) {
    const ScheduledLoop& loop = nest.loops[i];
    Stmt body = attached(stage, loop.var, loops(stage, nest, i + 1, path));
    body = prefetches(stage, loop.var, path, std::move(body));
    ForKind kind = loop.kind == ForKind::parallel && (!parallel_ || stage.attach) ? ForKind::serial : loop.kind;
    if (kind == ForKind::parallel && (&nest != &stage.nest || (i > 0 && nest.loops[i - 1].kind != ForKind::parallel)))
      throw_error("the parallel axis '{}' of {} is neither outermost nor in another parallel one", loop.var->name, stage.name);
    return make_for(loop.var, Expr(0), Expr(loop.extent), std::move(body), kind);
  }
  if (!nest.parts.empty()) {
    std::vector<Stmt> parts;
    for (const Nest& part : nest.parts) parts.push_back(this->nest(stage, part, path));
    return make_block(std::move(parts));
  }
  return element(stage, path);
}

// Stages computed inside this loop come before its body, producers first.
Stmt Lowering::attached(const Stage& stage, const Var& loop, Stmt body) {
  std::vector<Stmt> before;
  std::vector<Buffer> buffers;
  for (const Stage& other : schedule_.stages())
    if (other.attach == loop && other.reader == stage.name) {
      before.push_back(stage_nest(other));
      buffers.push_back(places_.at(other.tensor).buffer);
    }
  if (before.empty()) return body;
  before.push_back(std::move(body));
  Stmt block = make_block(std::move(before));
  for (const Buffer& buffer : buffers) block = make_allocate(buffer, std::move(block));
  return block;
}

Stmt Lowering::prefetches(const Stage& stage, const Var& loop, const NestPath& path, Stmt body) {
  std::vector<Stmt> statements;
  for (const Prefetch& p : stage.prefetches)
    for (const auto& [key, layout] : packed_)
      if (p.axis == loop->name && key.first == stage.name && layout.tensor->name == p.tensor)
        for (const Expr& element : prefetched_elements(stage, layout, p, path)) statements.push_back(make_prefetch(layout.buffer, element));
  if (statements.empty()) return body;
  statements.push_back(std::move(body));
  return make_block(std::move(statements));
}

Stmt Lowering::element(const Stage& stage, const NestPath& path) { return guarded(path, store_result(stage, path, {})); }

Stmt Lowering::store_result(const Stage& stage, const NestPath& path, const std::vector<VarBinding>& acc) {
  const TensorPlace& place = places_.at(stage.tensor);
  std::vector<Expr> indices;
  for (size_t d = 0; d < stage.tensor->axes.size(); ++d) {
    Expr index = path.resolve(Expr(stage.tensor->axes[d].var));
    indices.push_back(place.begin.empty() ? index : simplify(index - place.begin[d], path.bounds));
  }
  Expr value = substitute(lower_reads(stage, stage.tensor->result, path), acc);
  Stmt store = make_store(place.buffer, simplify(place.layout.offset(indices), path.bounds), value);
  // An aligned axis runs past the tensor's end: into padding lanes where there are some, to nowhere otherwise.
  Expr inside = make_bool(true);
  for (size_t d = 0; d < indices.size(); ++d) inside = inside && indices[d] < Expr(place.layout.padded_extent(d));
  inside = simplify(inside, path.bounds);
  return is_const(inside, 1) ? store : make_if(inside, std::move(store));
}

Stmt Lowering::guarded(const NestPath& path, Stmt body) {
  Expr condition = make_bool(true);
  for (const Expr& guard : path.guards) condition = condition && path.resolve(guard);
  condition = simplify(condition, path.bounds);
  return is_const(condition, 1) ? body : make_if(condition, std::move(body));
}

Stmt Lowering::reduction(const Stage& stage, const Nest& nest, size_t first, const NestPath& path) {
  const Reduction& reduction = stage.tensor->reduction;
  check_parts(nest, stage.tensor);
  AccumulatorSpace space = accumulator_space(nest, first);
  for (const ScheduledLoop& loop : space.loops)
    if (loop.kind == ForKind::parallel) throw_error("the parallel axis '{}' of {} is inside the reduction", loop.var->name, stage.name);
  std::vector<Buffer> acc = accumulators(stage, space);
  Expr index = int64_t(0);
  for (size_t i = 0; i < space.loops.size(); ++i) index = index + Expr(space.loops[i].var) * Expr(space.strides[i]);
  index = simplify(index);

  std::vector<Stmt> init;
  for (size_t k = 0; k < acc.size(); ++k) init.push_back(make_store(acc[k], index, reduction.init[k]));

  // The element: one point of the accumulator space, a vectorised reduction axis folded.
  std::vector<ScheduledLoop> points = space.loops;
  std::vector<VarBinding> values;
  if (space.lanes_of_reduction) {
    Op fold = reduction.reducer == Reducer::sum   ? Op::reduce_add
              : reduction.reducer == Reducer::max ? Op::reduce_max
              : reduction.reducer == Reducer::min ? Op::reduce_min
                                                  : Op::reduce_mul;
    Expr base = substitute(index, {{space.loops.back().var, Expr(0)}});
    Expr lanes = load(acc[0], ramp(simplify(base), Expr(1), int(space.loops.back().extent)));
    values.push_back({reduction.acc[0], make_unary(fold, lanes)});
    points.pop_back();
  } else {
    for (size_t k = 0; k < acc.size(); ++k) values.push_back({reduction.acc[k], load(acc[k], index)});
  }
  NestPath result_path = path;
  for (const Nest* inner = &nest; !inner->parts.empty();) {
    inner = &inner->parts[0];
    result_path.enter(*inner);
  }
  // Guards on reduction axes belong to the update alone.
  std::vector<Expr> result_guards;
  for (const Expr& guard : result_path.guards) {
    Expr resolved = result_path.resolve(guard);
    bool reduces = false;
    for (const ScheduledLoop& loop : result_path.loops) reduces = reduces || (loop.reduce && uses_var(resolved, loop.var));
    if (!reduces) result_guards.push_back(guard);
  }
  result_path.guards = result_guards;
  Stmt result = wrap(points, guarded(result_path, store_result(stage, result_path, values)));
  Stmt update = update_nest(stage, nest, first, path, space, acc, true);
  Stmt body = make_block({wrap(space.loops, make_block(std::move(init))), std::move(update), std::move(result)});
  for (const Buffer& buffer : acc) body = make_allocate(buffer, std::move(body));
  return body;
}

// The loops of the reduction, in their order, down to the update of the accumulators of one point.
Stmt Lowering::update_nest(const Stage& stage, const Nest& nest, size_t from, NestPath path, const AccumulatorSpace& space,
                           const std::vector<Buffer>& acc, bool entered) {
  if (!entered) path.enter(nest);
  Stmt body;
  if (nest.parts.empty()) {
    // The loops of the space have other variables in other parts: the i-th inner loop of this path is the i-th of the space.
    Expr index = int64_t(0);
    std::vector<ScheduledLoop> inner;
    for (const ScheduledLoop& loop : path.loops)
      if (!loop.reduce || loop.kind == ForKind::vector) inner.push_back(loop);
    size_t spatial = space.loops.size() - (space.lanes_of_reduction ? 1 : 0);
    bool lanes_here = space.lanes_of_reduction && !inner.empty() && inner.back().reduce;
    size_t own = spatial + (lanes_here ? 1 : 0);
    if (inner.size() < own) throw_error("the parts of {} differ in their inner loops", stage.tensor->name);
    inner.erase(inner.begin(), inner.end() - int64_t(own));
    for (size_t i = 0; i < own; ++i) {
      if (inner[i].extent > space.loops[i].extent || (i < spatial && inner[i].extent != space.loops[i].extent))
        throw_error("the parts of a reduction axis of {} must have equal inner loops", stage.tensor->name);
      index = index + Expr(inner[i].var) * Expr(space.strides[i]);
    }
    index = simplify(index);
    const Reduction& reduction = stage.tensor->reduction;
    std::vector<VarBinding> values;
    for (size_t k = 0; k < acc.size(); ++k) values.push_back({reduction.acc[k], load(acc[k], index)});
    std::vector<Expr> updates;
    for (const Expr& update : reduction.update) updates.push_back(substitute(lower_reads(stage, update, path), values));
    std::vector<Stmt> stores;
    if (updates.size() == 1) {
      stores.push_back(make_store(acc[0], index, updates[0]));
      body = stores[0];
    } else {  // all new values before the first store: a tuple is replaced as a whole
      std::vector<Var> names;
      for (size_t k = 0; k < acc.size(); ++k) {
        names.push_back(make_var(acc[k]->name + ".next", acc[k]->dtype));
        stores.push_back(make_store(acc[k], index, Expr(names[k])));
      }
      body = make_block(std::move(stores));
      for (size_t k = acc.size(); k-- > 0;) body = make_let(names[k], updates[k], std::move(body));
    }
    body = guarded(path, std::move(body));
  } else {
    std::vector<Stmt> parts;
    for (const Nest& part : nest.parts) parts.push_back(update_nest(stage, part, 0, path, space, acc, false));
    body = make_block(std::move(parts));
  }
  for (size_t i = nest.loops.size(); i-- > from;) {
    const ScheduledLoop& loop = nest.loops[i];
    body = prefetches(stage, loop.var, path, std::move(body));
    body = make_for(loop.var, Expr(0), Expr(loop.extent), std::move(body), loop.kind == ForKind::parallel ? ForKind::serial : loop.kind);
  }
  return body;
}

Expr Lowering::lower_reads(const Stage& stage, const Expr& e, const NestPath& path) {
  Expr lowered = rewrite(e, [&](const Expr& node) {
    if (!node.is(Op::read) && !node.is(Op::read_or)) return node;
    return lower_read(stage, substitute(node, path.resolved), path, node.is(Op::read) || channel_is_inside(stage, node));
  });
  return substitute(lowered, path.resolved);
}

// Whether a padded read of an element of the result itself, not of a lane past its end, stays inside on the axis of channels.
bool Lowering::channel_is_inside(const Stage& stage, const Expr& read) {
  if (read->tensor->shape.size() < 2) return false;
  Bounds bounds;
  for (const Axis& axis : stage.tensor->axes) bounds.set(axis.var, {0, axis.extent - 1});
  for (const Axis& axis : stage.tensor->reduction.axes) bounds.set(axis.var, {0, axis.extent - 1});
  return proves(Expr(read.arg(1)) < Expr(read->tensor->shape[1]), bounds);
}

Expr Lowering::packed_read(const PackedLayout& layout, const Stage& stage, const NestPath& path) {
  Expr address = int64_t(0);
  const Nest* nest = &stage.nest;
  const PackedNest* packed = &layout.nest;
  size_t loop = 0;
  while (true) {
    address = address + Expr(packed->base);
    for (size_t i = 0; i < nest->loops.size(); ++i, ++loop)
      if (packed->strides[i]) address = address + Expr(nest->loops[i].var) * Expr(packed->strides[i]);
    if (nest->parts.empty() || loop >= path.loops.size()) break;
    size_t part = part_on_path(*nest, path, loop);
    nest = &nest->parts[part];
    packed = &packed->parts[part];
  }
  return load(layout.buffer, simplify(address, path.bounds));
}

Expr Lowering::lower_read(const Stage& stage, const Expr& e, const NestPath& path, bool reads_padding_lanes) {
  auto packed = packed_.find({stage.name, e->tensor});
  if (packed != packed_.end()) return packed_read(packed->second, stage, path);
  auto found = places_.find(e->tensor);
  BROACH_CHECK(found != places_.end(), "tensor {} read by {} has no place", e->tensor->name, stage.tensor->name);
  const TensorPlace& place = found->second;
  const Shape& shape = e->tensor->shape;
  bool padded = e.is(Op::read_or);
  Expr inside = make_bool(true);
  std::vector<Expr> indices;
  for (size_t d = 0; d < shape.size(); ++d) {
    Expr index = simplify(e.arg(int(d)), path.bounds);
    auto range = bounds_of(index, path.bounds);
    bool halo_serves = padded && is_const(e->args.back(), place.layout.halo.fill);
    int64_t low = halo_serves ? -place.layout.halo_low(d) : 0;
    int64_t high = shape[d] - 1 + (halo_serves ? place.layout.halo_high(d) : 0);
    if (reads_padding_lanes && place.layout.layout.blocked() && d == 1) high = std::max(high, place.layout.padded_extent(d) - 1);
    bool below = padded ? !proves(index >= Expr(low), path.bounds) : range && range->low < low;
    bool above = padded ? !proves(index <= Expr(high), path.bounds) : range && range->high > high;
    if (padded && below) inside = inside && index >= Expr(0);
    if (padded && above) inside = inside && index < Expr(shape[d]);
    if (below) index = max(index, Expr(0));
    if (above) index = min(index, Expr(shape[d] - 1));
    indices.push_back(place.begin.empty() ? index : simplify(index - place.begin[d], path.bounds));
  }
  Expr value = load(place.buffer, simplify(place.layout.offset(indices), path.bounds));
  if (!padded) return value;
  inside = simplify(inside, path.bounds);
  return is_const(inside, 1) ? value : select(inside, value, e->args.back());
}

}  // namespace

LoweredGroup lower(const Schedule& schedule, const std::string& name, const std::vector<GroupTensor>& inputs,
                   const std::vector<TensorBuffer>& outputs) {
  return Lowering(schedule, inputs, outputs).run(name);
}

PrimFunc halo_fill(const TensorBuffer& buffer) {
  // One plane: the rows above, the rims of the rows between, the rows below. Axes before the spatial ones are planes.
  int64_t rank = int64_t(buffer.shape.size());
  BROACH_CHECK(rank == 3 || rank == 4, "a halo on a tensor of rank {}", rank);
  bool flat = rank == 3;
  int64_t lanes = buffer.layout.blocked() ? buffer.layout.block : 1;
  int64_t height = flat ? 1 : buffer.shape[2], width = buffer.shape[size_t(rank) - 1];
  int64_t top = flat ? 0 : buffer.halo_low(2), bottom = flat ? 0 : buffer.halo_high(2);
  int64_t left = buffer.halo_low(size_t(rank) - 1), right = buffer.halo_high(size_t(rank) - 1);
  int64_t row = left + width + right, plane = (top + height + bottom) * row * lanes;
  int64_t channels = buffer.padded_extent(1) / lanes;
  int64_t batch = buffer.batch_pitch ? buffer.batch_pitch : channels * plane;
  Buffer memory = make_buffer("halo", buffer.dtype, buffer.elements(), Storage::param, true);
  Var n = make_var("n"), c = make_var("c"), y = make_var("y");
  Expr base = Expr(n) * Expr(batch) + Expr(c) * Expr(plane);
  Expr fill = make_const(buffer.halo.fill, buffer.dtype);
  std::vector<Stmt> body;
  auto run = [&](Expr first, int64_t count) {  // pixels
    if (count == 0) return Stmt();
    Var i = make_var("i"), v = make_var("v");
    int64_t elements = count * lanes, vector = lanes > 1 ? lanes : 1;
    Stmt store = make_store(memory, first * Expr(lanes) + Expr(i) * Expr(vector) + Expr(v) + base, fill);
    Stmt inner = make_for(v, Expr(0), Expr(vector), store, vector > 1 ? ForKind::vector : ForKind::serial);
    return make_for(i, Expr(0), Expr(elements / vector), inner);
  };
  auto add = [&](Stmt s) {
    if (s) body.push_back(std::move(s));
  };
  add(run(Expr(0), top * row));
  std::vector<Stmt> rims;
  for (Stmt rim : {run((Expr(y) + Expr(top)) * Expr(row), left), run((Expr(y) + Expr(top)) * Expr(row) + Expr(left + width), right)})
    if (rim) rims.push_back(rim);
  if (!rims.empty()) body.push_back(make_for(y, Expr(0), Expr(height), make_block(rims)));
  add(run(Expr((top + height) * row), bottom * row));
  Stmt planes = make_for(c, Expr(0), Expr(channels), make_block(body), ForKind::parallel);
  return {"halo", {memory}, make_for(n, Expr(0), Expr(buffer.shape[0]), planes, ForKind::parallel)};
}

}  // namespace broach
