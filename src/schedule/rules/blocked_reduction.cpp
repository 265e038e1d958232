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

// Reduction over input channels: blocks, then the lanes of a block; what is left of a last partial block is a part of its own.
class DenseSchedule {
 public:
  DenseSchedule(const RuleProblem& problem, const Form& form, Schedule* schedule)
      : problem_(problem), form_(form), s_(*schedule), stage_(form.stage), plan_(plan_pixels(form, *problem.target)), reduce_(form.reduce) {}

  void run() {
    group_channels();
    gather_pixels();
    cut_pixels();
    cut_reduction();
    std::vector<std::string> order = outer_;
    order.push_back(tile_loop_);
    order.insert(order.end(), reduce_order_.begin(), reduce_order_.end());
    if (even_) order.push_back("u");
    order.insert(order.end(), {"o", "v"});
    s_.apply(Reorder{stage_, order});
    for (const std::string& axis : outer_) s_.apply(Parallel{stage_, axis});
    if (even_) return finish("");
    if (plan_.rows <= 1) return tile_evenly(s_, stage_, pixels_, plan_.tile.points, [&](const std::string& suffix) { finish(suffix); });
    // Tiles that cross rows have addresses of their own: one part each.
    s_.apply(SplitParts{stage_, pixels_, sizes_});
    for (size_t k = 0; k < sizes_.size(); ++k) {
      std::string suffix = fmt::format("@{}", k);
      s_.apply(Split{stage_, pixels_ + suffix, sizes_[k], pixels_ + suffix + ".t", pixels_ + suffix + ".u"});
      finish(suffix);
    }
  }

 private:
  // Output channels: groups of a tile's vectors.
  void group_channels() {
    s_.apply(Align{stage_, "i1", form_.block});
    s_.apply(Split{stage_, "i1", form_.block, "b", "v"});
    s_.apply(Split{stage_, "b", plan_.tile.vectors, "g", "o"});
    outer_ = {form_.tensor->axes[0].var->name, "g"};
  }

  // The axis that tiles are cut from: a row, or rows that follow each other.
  void gather_pixels() {
    pixels_ = form_.spatial.back();
    if (form_.spatial.size() == 1) return;
    for (size_t i = 0; i + 2 < form_.spatial.size(); ++i) outer_.push_back(form_.spatial[i]);
    const std::string &y = form_.spatial[form_.spatial.size() - 2], x = form_.spatial.back();
    if (plan_.rows == 1) {
      int64_t rows = s_.extent(stage_, y), strip = rows_at_a_time(problem_, form_, rows);
      if (strip < rows) {
        s_.apply(Split{stage_, y, strip, "s", y + ".i"});
        outer_.insert(outer_.begin() + 1, "s");
      }
      outer_.push_back(strip < rows ? y + ".i" : y);
      return;
    }
    std::string inner = y;
    if (plan_.rows > 0 && s_.extent(stage_, y) > plan_.rows) {
      s_.apply(Split{stage_, y, plan_.rows, y + ".o", y + ".i"});
      outer_.push_back(y + ".o");
      inner = y + ".i";
    }
    s_.apply(Reorder{stage_, {inner, x}});
    pixels_ = "p";
    s_.apply(Fuse{stage_, inner, x, "p"});
  }

  // A run of the whole plane is cut into strips that stay in the cache while all channel groups pass over them.
  void cut_pixels() {
    sizes_ = even_tiles(s_.extent(stage_, pixels_), plan_.tile.points);
    even_ = sizes_.front() == sizes_.back();
    tile_loop_ = even_ ? "t" : pixels_;
    if (!even_) return;
    s_.apply(Split{stage_, pixels_, sizes_[0], "t", "u"});
    if (plan_.rows != 0 || sizes_.size() == 1) return;
    int64_t bytes = sizes_[0] * s_.extent(stage_, reduce_[0]) * byte_size(form_.tensor->dtype), strip = 1;
    for (int64_t n = 1; n <= int64_t(sizes_.size()); ++n)
      if (int64_t(sizes_.size()) % n == 0 && n * bytes <= problem_.target->l2_bytes / 4 && n * sizes_[0] <= 256) strip = n;
    s_.apply(Split{stage_, "t", strip, "s", "t.i"});
    outer_.insert(outer_.begin() + 1, "s");
    tile_loop_ = "t.i";
  }

  // Blocks of input channels, taps, lanes: as the input lies in memory.
  void cut_reduction() {
    int64_t count = s_.extent(stage_, reduce_[0]);
    if (form_.input_blocked)
      for (const RuleInput& input : problem_.inputs)
        if (!input.constant && input.buffer.layout.blocked()) input_block_ = input.buffer.layout.block;
    bool blocks = input_block_ && count > input_block_;
    whole_blocks_ = blocks && count % input_block_ == 0;
    last_block_ = blocks && !whole_blocks_;
    reduce_order_ = reduce_;
    if (whole_blocks_) {
      s_.apply(Split{stage_, reduce_[0], input_block_, "k", "l"});
      reduce_order_[0] = "k";
      reduce_order_.push_back("l");
    } else if (!blocks && form_.input_blocked) {
      std::rotate(reduce_order_.begin(), reduce_order_.begin() + 1, reduce_order_.end());
    }
  }

  // The tile itself, in the part that the suffix names.
  void finish(const std::string& suffix) {
    std::string u = even_ ? "u" : pixels_ + suffix + ".u";
    if (!even_) {  // the tile's points go inside the reduction
      std::vector<std::string> inside = {pixels_ + suffix + ".t"};
      for (const std::string& axis : reduce_order_) inside.push_back(axis + suffix);
      inside.insert(inside.end(), {u, "o" + suffix, "v" + suffix});
      s_.apply(Reorder{stage_, inside});
    }
    s_.apply(Unroll{stage_, u});
    s_.apply(Unroll{stage_, "o" + suffix});
    s_.apply(Vectorize{stage_, "v" + suffix});
    if (whole_blocks_) prefetch_next_group((reduce_.size() > 1 ? reduce_.back() : "k") + suffix);
    if (last_block_) cut_last_block(suffix);
  }

  // Whole blocks, then the channels of the last one.
  void cut_last_block(const std::string& suffix) {
    std::string c = reduce_[0] + suffix;
    int64_t count = s_.extent(stage_, c), whole = count / input_block_ * input_block_;
    s_.apply(SplitParts{stage_, c, {whole, count - whole}});
    s_.apply(Split{stage_, c + "@0", input_block_, "k" + suffix, "l" + suffix});
    std::vector<std::string> blocks = {"k" + suffix}, rest;
    for (size_t i = 1; i < reduce_.size(); ++i) {
      blocks.push_back(reduce_[i] + suffix + "@0");
      rest.push_back(reduce_[i] + suffix + "@1");
    }
    blocks.push_back("l" + suffix);
    rest.push_back(c + "@1");
    s_.apply(Reorder{stage_, blocks});
    if (rest.size() > 1) s_.apply(Reorder{stage_, rest});
  }

  // Weights that do not stay in the cache from one run to the next come from far, a group of output channels at a time: each group is
  // requested while the one before it is at work.
  void prefetch_next_group(const std::string& axis) {
    if (s_.extent(stage_, "g") < 2 || weight_bytes(form_) <= problem_.target->l2_bytes / 8) return;
    const std::vector<std::string>& packed = s_.stage(stage_).packed;
    for (const Expr& read : reads_in(form_.tensor->reduction.update[0]))
      if (std::find(packed.begin(), packed.end(), read->tensor->name) != packed.end()) s_.apply(Prefetch{stage_, read->tensor->name, axis, "g"});
  }

  const RuleProblem& problem_;
  const Form& form_;
  Schedule& s_;
  const std::string& stage_;
  PixelPlan plan_;
  std::vector<std::string> reduce_;        // input channels first
  std::vector<std::string> outer_;         // axes outside the tiles, all parallel
  std::vector<std::string> reduce_order_;  // axes of the reduction as they are nested
  std::string pixels_, tile_loop_;
  std::vector<int64_t> sizes_;  // of the tiles
  bool even_ = false;           // all of one size
  int64_t input_block_ = 0;
  bool whole_blocks_ = false, last_block_ = false;
};

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
  // The weights stay in registers beside the sums; an input and a zero take two more, one is to spare.
  int64_t room = problem.target->vector_registers - (unroll_taps ? taps : s.extent(stage, form.reduce.back())) - 3;
  int64_t points = std::clamp<int64_t>(room, 4, 14);
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
  if (form.dense)
    DenseSchedule(problem, form, &schedule).run();
  else
    schedule_per_channel(schedule, problem, form);
  return true;
}

}  // namespace broach
