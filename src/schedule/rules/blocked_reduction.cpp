// Reductions whose output is blocked by channels: convolutions (dense and grouped), depthwise convolutions, pooling.
//
// The register tile is some vectors of output channels by some pixels; accumulators stay in registers over the whole reduction. The pixels of
// a tile are a run within a row, of a period of rows (a tile may cross rows: addresses are constants once unrolled), or of the whole
// plane where neither side has a rim between rows. After spec: N x pixel tiles reach the FMA peak when they fit the registers exactly.
#include <algorithm>

#include "schedule/rules/tiling.h"

namespace broach {
namespace {

struct Form {
  std::string stage;
  Tensor tensor;
  int64_t block = 0;               // lanes of a channel block
  std::vector<std::string> spatial;  // axes of the output after n, c
  std::vector<std::string> reduce;
  bool dense = false;              // the input's channel comes from a reduction axis
  bool linear = false;             // pixels of a plane follow each other at a constant distance on both sides
  bool input_blocked = false;
};

const Expr* activation_read(const RuleProblem& problem, const std::vector<Expr>& reads) {
  for (const Expr& read : reads) {
    const RuleInput* input = problem.find(read->tensor);
    if (input && !input->constant) return &read;
  }
  return nullptr;
}

// Stepping one pixel at the end of a row lands on the next row: the plane is one run of pixels.
bool plane_is_linear(const Expr& read, const TensorBuffer& buffer, const Tensor& tensor) {
  size_t rank = tensor->axes.size();
  if (rank < 4) return true;
  Bounds bounds = axis_bounds(tensor);
  auto x = stride_along(read, buffer, tensor->axes[rank - 1].var, bounds);
  auto y = stride_along(read, buffer, tensor->axes[rank - 2].var, bounds);
  return x && y && *y == *x * tensor->axes[rank - 1].extent;
}

bool recognise(const RuleProblem& problem, const Schedule& schedule, Form* form) {
  if (schedule.stages().size() != 1) return false;
  const Stage& stage = schedule.stages()[0];
  const Tensor& tensor = stage.tensor;
  const TensorBuffer& out = problem.output_buffers[0];
  if (!tensor->is_reduction() || tensor->reduction.update.size() != 1 || !out.layout.blocked() || tensor->axes.size() < 3) return false;
  std::vector<Expr> reads = reads_in(tensor->reduction.update[0]);
  const Expr* read = activation_read(problem, reads);
  if (!read || (*read)->tensor->shape.size() < 3) return false;
  form->stage = stage.name;
  form->tensor = tensor;
  form->block = out.layout.block;
  for (size_t i = 2; i < tensor->axes.size(); ++i) form->spatial.push_back(tensor->axes[i].var->name);
  for (const Axis& axis : tensor->reduction.axes) form->reduce.push_back(axis.var->name);
  const RuleInput* input = problem.find((*read)->tensor);
  // Channels that are looked up in a table follow no blocks.
  form->input_blocked = input->buffer.layout.blocked() && (*read).arg(1).is(Op::read) == false;
  for (const Axis& axis : tensor->reduction.axes) form->dense = form->dense || uses_var((*read).arg(1), axis.var);
  form->linear = tensor->axes.size() <= 4 && plane_is_linear(*read, input->buffer, tensor) && out.halo.empty();
  for (const Expr& other : reads_in(tensor->result)) {
    const RuleInput* epilogue = problem.find(other->tensor);
    if (epilogue && !epilogue->constant) form->linear = form->linear && plane_is_linear(other, epilogue->buffer, tensor);
  }
  return true;
}

struct PixelPlan {
  RegisterTile tile;
  int64_t rows = 1;     // of a period; 0: the whole plane as one run
  double cycles = 1e30;
};

// Cycles for one channel group over all pixels, and a little for every further copy of the kernel's code.
void consider(PixelPlan* best, RegisterTile tile, int64_t rows, int64_t extent, double repeats, double groups, const Target& target) {
  std::vector<int64_t> sizes = even_tiles(extent, tile.points);
  double cycles = 0;
  for (int64_t size : sizes) cycles += cycles_per_step({tile.vectors, size}, target);
  cycles *= repeats * groups;
  bool cut = sizes.front() != sizes.back() || rows > 1;
  cycles *= 1 + 0.002 * double(cut ? std::min<size_t>(sizes.size(), 12) : 1);
  if (cycles < best->cycles) *best = {{tile.vectors, sizes.front()}, rows, cycles};
}

PixelPlan plan_pixels(const Form& form, const Target& target) {
  int64_t channel_blocks = (form.tensor->shape[1] + form.block - 1) / form.block;
  int64_t width = form.tensor->shape.back(), height = form.spatial.size() > 1 ? form.tensor->shape[form.tensor->shape.size() - 2] : 1;
  PixelPlan best;
  for (int64_t vectors = 1; vectors <= std::min<int64_t>(channel_blocks, 6); ++vectors) {
    if (channel_blocks % vectors != 0) continue;
    for (int64_t points = 1; fits_registers({vectors, points}, target); ++points) {
      RegisterTile tile{vectors, points};
      double groups = double(channel_blocks / vectors);
      if (form.linear) {
        consider(&best, tile, 0, width * height, 1, groups, target);
        continue;
      }
      for (int64_t rows = 1; rows <= height; ++rows) {
        // Tiles of a period of several rows cross rows: each is code of its own.
        if (height % rows != 0 || (rows > 1 && rows * width > 8 * points)) continue;
        consider(&best, tile, rows, rows * width, double(height / rows), groups, target);
      }
    }
  }
  return best;
}

int64_t weight_bytes(const Form& form) {
  int64_t elements = form.tensor->shape[1];
  for (const Axis& axis : form.tensor->reduction.axes) elements *= axis.extent;
  return elements * byte_size(form.tensor->dtype);
}

// Weights that do not stay in the cache from one run to the next come from far, a group of output channels at a time: each group is
// requested while the one before it is at work.
void prefetch_next_group(Schedule& s, const RuleProblem& problem, const Form& form, const std::string& axis) {
  const std::vector<Stage>& stages = s.stages();
  if (s.extent(form.stage, "g") < 2 || weight_bytes(form) <= problem.target->l2_bytes / 8) return;
  for (const Expr& read : reads_in(form.tensor->reduction.update[0])) {
    const std::vector<std::string>& packed = stages[0].packed;
    if (std::find(packed.begin(), packed.end(), read->tensor->name) != packed.end())
      s.apply(Prefetch{form.stage, read->tensor->name, axis, "g"});
  }
}

// Rows of the output computed for all groups of channels before the next ones, so that what they read stays in the second-level cache
// meanwhile; a divisor of `rows`. All of them where the whole input stays, or where the weights would not.
int64_t rows_at_a_time(const RuleProblem& problem, const Form& form, int64_t rows) {
  if (weight_bytes(form) > problem.target->l2_bytes / 2) return rows;
  for (const RuleInput& input : problem.inputs) {
    if (input.constant || input.tensor->shape.size() < 3) continue;
    int64_t bytes = input.buffer.elements() / input.tensor->shape[0] * byte_size(form.tensor->dtype);
    if (bytes <= problem.target->l2_bytes / 2) continue;
    int64_t most = std::max<int64_t>(1, rows * (problem.target->l2_bytes / 4) / bytes);
    while (rows % most != 0) --most;
    return most;
  }
  return rows;
}

// Reduction over input channels: blocks, then the lanes of a block. Returns the axes in their order; a last partial block is cut off.
void schedule_dense(Schedule& s, const RuleProblem& problem, const Form& form) {
  const std::string& stage = form.stage;
  const Target& target = *problem.target;
  PixelPlan plan = plan_pixels(form, target);
  std::string pixels = form.spatial.back();
  std::vector<std::string> outer = {form.tensor->axes[0].var->name, "g"};
  s.apply(Align{stage, "i1", form.block});
  s.apply(Split{stage, "i1", form.block, "b", "v"});
  s.apply(Split{stage, "b", plan.tile.vectors, "g", "o"});
  if (form.spatial.size() > 1) {
    const std::string &y = form.spatial[form.spatial.size() - 2], x = form.spatial.back();
    for (size_t i = 0; i + 2 < form.spatial.size(); ++i) outer.push_back(form.spatial[i]);
    if (plan.rows == 1) {
      int64_t rows = s.extent(stage, y), strip = rows_at_a_time(problem, form, rows);
      if (strip < rows) {
        s.apply(Split{stage, y, strip, "s", y + ".i"});
        outer.insert(outer.begin() + 1, "s");
      }
      outer.push_back(strip < rows ? y + ".i" : y);
    } else {
      std::string inner = y;
      if (plan.rows > 0 && s.extent(stage, y) > plan.rows) {
        s.apply(Split{stage, y, plan.rows, y + ".o", y + ".i"});
        outer.push_back(y + ".o");
        inner = y + ".i";
      }
      s.apply(Reorder{stage, {inner, x}});
      pixels = "p";
      s.apply(Fuse{stage, inner, x, "p"});
    }
  }
  std::vector<std::string> lanes;
  std::string channels = form.reduce[0];
  int64_t count = s.extent(stage, channels);
  std::vector<std::string> reduce = form.reduce;
  int64_t input_block = 0;
  if (form.input_blocked)
    for (const RuleInput& input : problem.inputs)
      if (!input.constant && input.buffer.layout.blocked()) input_block = input.buffer.layout.block;
  bool blocks = input_block && count > input_block;

  // A run of the plane is cut into strips that stay in the cache while all channel groups pass over them.
  int64_t extent = s.extent(stage, pixels);
  std::vector<int64_t> sizes = even_tiles(extent, plan.tile.points);
  bool even = sizes.front() == sizes.back();
  if (even) {
    s.apply(Split{stage, pixels, sizes[0], "t", "u"});
    if (plan.rows == 0 && sizes.size() > 1) {
      int64_t bytes = sizes[0] * count * byte_size(form.tensor->dtype);
      int64_t strip = 1;
      for (int64_t n = 1; n <= int64_t(sizes.size()); ++n)
        if (int64_t(sizes.size()) % n == 0 && n * bytes <= target.l2_bytes / 4 && n * sizes[0] <= 256) strip = n;
      s.apply(Split{stage, "t", strip, "s", "t.i"});
      outer.insert(outer.begin() + 1, "s");
    }
  }
  std::vector<std::string> order = outer;
  std::string tile_loop = even ? (plan.rows == 0 && sizes.size() > 1 ? "t.i" : "t") : pixels;
  order.push_back(tile_loop);
  if (blocks) {
    if (count % input_block == 0) {
      s.apply(Split{stage, channels, input_block, "k", "l"});
      order.push_back("k");
      for (size_t i = 1; i < reduce.size(); ++i) order.push_back(reduce[i]);
      order.push_back("l");
    } else {
      order.push_back(channels);
      for (size_t i = 1; i < reduce.size(); ++i) order.push_back(reduce[i]);
    }
  } else {
    for (const std::string& axis : reduce) order.push_back(axis);
    if (form.input_blocked && reduce.size() > 1) std::rotate(order.end() - int64_t(reduce.size()), order.end() - int64_t(reduce.size()) + 1, order.end());
  }
  if (even) order.push_back("u");
  order.insert(order.end(), {"o", "v"});
  s.apply(Reorder{stage, order});
  for (const std::string& axis : outer) s.apply(Parallel{stage, axis});

  auto finish = [&](const std::string& suffix) {
    std::string u = even ? "u" : pixels + suffix + ".u";
    if (!even) {  // the tile's points go inside the reduction
      std::vector<std::string> inside = {pixels + suffix + ".t"};
      if (blocks && count % input_block == 0) {
        inside.push_back("k" + suffix);
        for (size_t i = 1; i < reduce.size(); ++i) inside.push_back(reduce[i] + suffix);
        inside.push_back("l" + suffix);
      } else {
        size_t first = order.size() - 2 - reduce.size();
        for (size_t i = 0; i < reduce.size(); ++i) inside.push_back(order[first + i] + suffix);
      }
      inside.insert(inside.end(), {u, "o" + suffix, "v" + suffix});
      s.apply(Reorder{stage, inside});
    }
    s.apply(Unroll{stage, u});
    s.apply(Unroll{stage, "o" + suffix});
    s.apply(Vectorize{stage, "v" + suffix});
    if (blocks && count % input_block == 0) prefetch_next_group(s, problem, form, (reduce.size() > 1 ? reduce.back() : "k") + suffix);
    if (blocks && count % input_block != 0) {  // whole blocks, then the channels of the last one
      std::string c = channels + suffix;
      int64_t whole = count / input_block * input_block;
      s.apply(SplitParts{stage, c, {whole, count - whole}});
      s.apply(Split{stage, c + "@0", input_block, "k" + suffix, "l" + suffix});
      std::vector<std::string> inside = {"k" + suffix};
      for (size_t i = 1; i < reduce.size(); ++i) inside.push_back(reduce[i] + suffix + "@0");
      inside.push_back("l" + suffix);
      s.apply(Reorder{stage, inside});
      std::vector<std::string> rest;
      for (size_t i = 1; i < reduce.size(); ++i) rest.push_back(reduce[i] + suffix + "@1");
      rest.push_back(c + "@1");
      if (rest.size() > 1) s.apply(Reorder{stage, rest});
    }
  };
  if (even) return finish("");
  if (plan.rows == 0 || plan.rows == 1) return tile_evenly(s, stage, pixels, plan.tile.points, finish);
  // Tiles that cross rows have addresses of their own: one part each.
  s.apply(SplitParts{stage, pixels, sizes});
  for (size_t k = 0; k < sizes.size(); ++k) {
    std::string suffix = fmt::format("@{}", k);
    s.apply(Split{stage, pixels + suffix, sizes[k], pixels + suffix + ".t", pixels + suffix + ".u"});
    finish(suffix);
  }
}

// One input channel per output channel: lanes are channels, the tile is pixels, taps are unrolled so that a pixel is loaded once.
void schedule_per_channel(Schedule& s, const RuleProblem& problem, const Form& form) {
  const std::string& stage = form.stage;
  s.apply(Align{stage, "i1", form.block});
  s.apply(Split{stage, "i1", form.block, "b", "v"});
  int64_t taps = 1;
  for (const std::string& axis : form.reduce) taps *= s.extent(stage, axis);
  constexpr int64_t most_unrolled_taps = 9;
  bool unroll_taps = taps <= most_unrolled_taps;
  const std::string x = form.spatial.back();
  std::vector<std::string> order = {"i0", "b"};
  for (const std::string& axis : form.spatial) order.push_back(axis);
  order.insert(order.end(), form.reduce.begin(), form.reduce.end());
  order.push_back("v");
  s.apply(Reorder{stage, order});
  s.apply(Parallel{stage, "i0"});
  s.apply(Parallel{stage, "b"});
  if (form.spatial.size() > 1 && s.extent(stage, form.spatial[0]) > 1) s.apply(Parallel{stage, form.spatial[0]});
  int64_t points = std::max<int64_t>(1, problem.target->vector_registers >= 32 ? 14 : 6);
  tile_evenly(s, stage, x, points, [&](const std::string& suffix) {
    std::vector<std::string> inside = {x + suffix + ".t"};
    for (const std::string& axis : form.reduce) inside.push_back(axis + suffix);
    inside.insert(inside.end(), {x + suffix + ".u", "v" + suffix});
    s.apply(Reorder{stage, inside});
    s.apply(Unroll{stage, x + suffix + ".u"});
    s.apply(Vectorize{stage, "v" + suffix});
    if (unroll_taps)
      for (const std::string& axis : form.reduce) s.apply(Unroll{stage, axis + suffix});
    else if (s.extent(stage, form.reduce.back() + suffix) <= most_unrolled_taps)
      s.apply(Unroll{stage, form.reduce.back() + suffix});
  });
}

}  // namespace

bool rule_blocked_reduction(const RuleProblem& problem, Schedule& schedule) {
  Form form;
  if (!recognise(problem, schedule, &form)) return false;
  pack_constants(problem, schedule, form.stage);
  if (form.dense) schedule_dense(schedule, problem, form);
  else schedule_per_channel(schedule, problem, form);
  return true;
}

}  // namespace broach
