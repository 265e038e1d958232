#include "schedule/packing.h"

#include <algorithm>

#include "expr/simplify.h"
#include "schedule/nest_path.h"

namespace broach {
namespace {

std::vector<Expr> indices_of(const Stage& stage, const Tensor& tensor) {
  std::vector<Expr> indices;
  auto check = [&](const Expr& e) {
    if (!e.is(Op::read) || e->tensor != tensor) return;
    if (indices.empty()) indices = e->args;
    for (size_t d = 0; d < indices.size(); ++d)
      if (!equal(indices[d], e->args[d])) throw_error("pack of {}: stage '{}' reads it in two ways", tensor->name, stage.tensor->name);
  };
  visit(stage.tensor->result, check);
  for (const Expr& update : stage.tensor->reduction.update) visit(update, check);
  if (indices.empty() && !tensor->shape.empty()) throw_error("pack of {}: stage '{}' does not read it", tensor->name, stage.tensor->name);
  return indices;
}

// What the reads below a nest look like, free of variable names: equal texts may share a segment.
std::string segment_key(const Nest& nest, const PackedNest& packed, NestPath path, const std::vector<Expr>& indices, size_t outer_loops) {
  path.enter(nest);
  std::string key;
  for (size_t i = 0; i < nest.loops.size(); ++i)
    if (packed.strides[i]) key += fmt::format("{}*{};", nest.loops[i].extent, packed.strides[i]);
  if (nest.parts.empty()) {
    std::vector<VarBinding> renamed;
    for (size_t i = outer_loops; i < path.loops.size(); ++i) renamed.push_back({path.loops[i].var, Expr(make_var(fmt::format("i{}", i)))});
    for (const Expr& index : indices) key += to_string(substitute(path.resolve(index), renamed)) + ";";
  }
  for (size_t k = 0; k < nest.parts.size(); ++k) key += "(" + segment_key(nest.parts[k], packed.parts[k], path, indices, outer_loops) + ")";
  return key;
}

PackedNest lay_out(const Nest& nest, NestPath path, const std::vector<Expr>& indices) {
  path.enter(nest);
  PackedNest packed;
  packed.strides.assign(nest.loops.size(), 0);
  packed.size = 1;
  std::vector<bool> used(nest.loops.size(), false);
  if (nest.parts.empty()) {
    for (size_t i = 0; i < nest.loops.size(); ++i)
      for (const Expr& index : indices) used[i] = used[i] || uses_var(path.resolve(index), nest.loops[i].var);
  } else {
    packed.size = 0;
    std::vector<std::string> keys;
    for (const Nest& part : nest.parts) {
      PackedNest inner = lay_out(part, path, indices);
      keys.push_back(segment_key(part, inner, path, indices, path.loops.size()));
      size_t same = size_t(std::find(keys.begin(), keys.end(), keys.back()) - keys.begin());
      inner.base = same + 1 < keys.size() ? packed.parts[same].base : packed.size;
      if (same + 1 == keys.size()) packed.size += inner.size;
      packed.parts.push_back(std::move(inner));
      NestPath leaf = first_leaf(path, part);
      for (size_t i = 0; i < nest.loops.size(); ++i)
        for (const Expr& index : indices) used[i] = used[i] || uses_var(leaf.resolve(index), nest.loops[i].var);
    }
  }
  for (size_t i = nest.loops.size(); i-- > 0;)
    if (used[i]) {
      packed.strides[i] = packed.size;
      packed.size *= nest.loops[i].extent;
    }
  return packed;
}

Expr in_bounds(const std::vector<Expr>& indices, const Shape& shape, const Bounds& bounds) {
  Expr condition = make_bool(true);
  for (size_t d = 0; d < indices.size(); ++d) {
    Expr inside = Expr(indices[d]) < Expr(shape[d]);
    if (!proves(inside, bounds)) condition = condition && inside;
  }
  return condition;
}

Stmt emit_packing(const Nest& nest, const PackedNest& packed, NestPath path, Expr address, const std::vector<Expr>& indices,
                  const PackedLayout& layout, const Buffer& from, const TensorBuffer& source) {
  path.enter(nest);
  address = address + Expr(packed.base);
  for (size_t i = 0; i < nest.loops.size(); ++i)
    if (packed.strides[i]) address = address + Expr(nest.loops[i].var) * Expr(packed.strides[i]);
  Stmt body;
  if (nest.parts.empty()) {
    std::vector<Expr> resolved;
    for (const Expr& index : indices) resolved.push_back(path.resolve(index));
    Expr inside = in_bounds(resolved, source.shape, path.bounds);
    std::vector<Expr> clamped;
    for (size_t d = 0; d < resolved.size(); ++d) clamped.push_back(simplify(min(resolved[d], Expr(source.shape[d] - 1)), path.bounds));
    Expr value = load(from, simplify(source.offset(clamped), path.bounds));
    Expr zero = make_const(0, source.dtype);
    body = make_store(layout.buffer, simplify(address, path.bounds), simplify(select(inside, value, zero), path.bounds));
  } else {
    std::vector<Stmt> parts;
    std::vector<int64_t> done;
    for (size_t k = 0; k < nest.parts.size(); ++k) {
      if (std::find(done.begin(), done.end(), packed.parts[k].base) != done.end()) continue;
      done.push_back(packed.parts[k].base);
      parts.push_back(emit_packing(nest.parts[k], packed.parts[k], path, address, indices, layout, from, source));
    }
    body = make_block(std::move(parts));
  }
  for (size_t i = nest.loops.size(); i-- > 0;)
    if (packed.strides[i]) body = make_for(nest.loops[i].var, Expr(0), Expr(nest.loops[i].extent), std::move(body));
  return body;
}

}  // namespace

PackedLayout packed_layout(const Stage& stage, const Tensor& tensor, const std::string& buffer_name) {
  if (stage.attach)
    throw_error("pack of {} in {}: a stage that is computed at an axis of another reads it in no order of its own", tensor->name, stage.name);
  PackedLayout layout;
  layout.tensor = tensor;
  layout.nest = lay_out(stage.nest, {}, indices_of(stage, tensor));
  layout.buffer = make_buffer(buffer_name, tensor->dtype, layout.nest.size);
  return layout;
}

PrimFunc packing_function(const Stage& stage, const PackedLayout& layout, const TensorBuffer& source) {
  PackedLayout target = layout;
  target.buffer = make_buffer("packed", source.dtype, layout.nest.size, Storage::param, true);
  Buffer from = make_buffer("from", source.dtype, source.elements());
  Stmt body = emit_packing(stage.nest, layout.nest, {}, Expr(int64_t(0)), indices_of(stage, layout.tensor), target, from, source);
  return {"pack", {from, target.buffer}, body};
}

}  // namespace broach
