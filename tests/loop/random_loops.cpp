#include "loop/random_loops.h"

#include <algorithm>
#include <cmath>

#include "expr/simplify.h"

namespace broach {
namespace {

class Generator {
 public:
  Generator(uint32_t seed, Products products) : random_(seed), products_(products) {}

  PrimFunc run() {
    for (DType dtype : dtypes()) sources_.push_back(make_buffer("in", dtype, random_elements));
    for (DType dtype : dtypes()) targets_.push_back(make_buffer("out", dtype, random_elements, Storage::param, true));
    PrimFunc f{"random", sources_, {}};
    f.params.insert(f.params.end(), targets_.begin(), targets_.end());
    Stmt body = loop(below(2) ? ForKind::parallel : ForKind::serial, 0);
    f.body = body->for_kind == ForKind::parallel ? body : make_block({body, loop(ForKind::serial, 0)});
    return f;
  }

 private:
  struct Variable {
    Var var;
    Interval interval;
  };

  static const std::vector<DType>& dtypes() {
    static const std::vector<DType> all = {DType::f32, DType::i32, DType::i64,  DType::u8,     DType::i8,
                                           DType::f16, DType::f64, DType::bf16, DType::boolean};
    return all;
  }

  int below(int n) { return int(random_() % uint32_t(n)); }
  template <class T>
  const T& any(const std::vector<T>& list) {
    return list[size_t(below(int(list.size())))];
  }

  Stmt statement(int depth) {
    int choice = depth > 4 ? 7 + below(3) : below(10);
    switch (choice) {
      case 0:
      case 1: return loop(ForKind::serial, depth);
      case 2: return loop(ForKind::unrolled, depth);
      case 3: return lanes_ ? loop(ForKind::unrolled, depth) : loop(ForKind::vector, depth);
      case 4: return make_if(condition(2), block(depth), below(2) ? block(depth) : Stmt());
      case 5: return let(depth);
      case 6: return allocate(depth);
      default: return store();
    }
  }

  Stmt block(int depth) {
    std::vector<Stmt> body;
    for (int i = below(3); i >= 0; --i) body.push_back(statement(depth + 1));
    return make_block(std::move(body));
  }

  Stmt loop(ForKind kind, int depth) {
    Var var = make_var(below(2) ? "i" : "j");
    int64_t extent = kind == ForKind::vector ? 1 << (1 + below(3)) : below(5);
    Expr begin = below(2) ? Expr(0) : below(2) ? Expr(below(4)) : index(1), count = extent;
    bool variable = kind == ForKind::serial && below(3) == 0;
    if (variable) count = min(count, index(1));
    Interval range = *bounds_of(simplify(begin, bounds_), bounds_);
    Variable v{var, {range.low, range.high + std::max<int64_t>(extent, 1) - 1}};
    if (kind == ForKind::vector) {
      lanes_ = extent;
      vector_lane_ = is_const(begin, 0) ? Expr(var) : Expr(var) - begin;
    }
    Stmt body = with_variable(v, [&] { return block(depth); });
    if (kind == ForKind::vector) lanes_ = 0;
    return make_for(var, begin, count, body, kind);
  }

  template <class F>
  Stmt with_variable(const Variable& v, F make) {
    variables_.push_back(v);
    bounds_.set(v.var, v.interval);
    Stmt result = make();
    variables_.pop_back();
    return result;
  }

  Stmt let(int depth) {
    if (below(2)) {
      Expr value = index(2);
      Var var = make_var("n");
      return make_let(var, value, with_variable({var, *bounds_of(simplify(value, bounds_), bounds_)}, [&] { return block(depth); }));
    }
    Var var = make_var("x", DType::f32);
    Expr value = number(DType::f32, 3);
    floats_.push_back(var);
    Stmt body = block(depth);
    floats_.pop_back();
    return make_let(var, value, body);
  }

  // Private memory is written whole before anything reads it.
  Stmt allocate(int depth) {
    static constexpr Storage kinds[] = {Storage::registers, Storage::stack, Storage::worker_scratch};
    DType dtype = below(3) == 0 ? any(dtypes()) : below(2) ? DType::f32 : DType::i32;
    Buffer b = make_buffer("t", dtype, 1 + below(6), kinds[below(3)]);
    Var var = make_var("k");
    Stmt fill = with_variable({var, {0, b->elements - 1}}, [&] { return make_store(b, var, number(b->dtype, 2)); });
    sources_.push_back(b);
    Stmt body = block(depth);
    sources_.pop_back();
    return make_allocate(b, make_block({make_for(var, 0, b->elements, fill, below(2) ? ForKind::unrolled : ForKind::serial), body}));
  }

  Stmt store() {
    const Buffer& target = any(targets_);
    if (!lanes_) return make_store(target, inside(index(3), target->elements), number(target->dtype, 3));
    // Lane l owns the elements that are l modulo the lanes.
    Expr i = inside(index(2), target->elements / lanes_) * lanes_ + vector_lane_;
    Expr value = number(target->dtype, 3);
    bool adds = target->dtype != DType::boolean && below(3) == 0;
    return make_store(target, i, adds ? load(target, i) + value : value);
  }

  Expr inside(const Expr& i, int64_t elements) {
    std::optional<Interval> range = bounds_of(simplify(i, bounds_), bounds_);
    return range && range->low >= 0 && range->high < elements ? i : i % elements;
  }

  Expr index(int depth) {
    if (depth == 0 || below(5) == 0) return variables_.empty() || below(3) == 0 ? Expr(below(9) - 2) : Expr(any(variables_).var);
    Expr a = index(depth - 1);
    switch (below(9)) {
      case 0:
      case 1:
      case 2: return a + index(depth - 1);
      case 3: return a - index(depth - 1);
      case 4:
      case 5: return a * int64_t(below(17) - 4);
      case 6: return a / int64_t(1 + below(7));
      case 7: return a % int64_t(1 + below(7));
      default: return below(2) ? min(a, index(depth - 1)) : max(a, index(depth - 1));
    }
  }

  Expr condition(int depth) {
    switch (below(depth > 0 ? 6 : 3)) {
      case 0: return index(2) < index(2);
      case 1: return index(1) == index(1);
      case 2: return number(DType::f32, 1) <= number(DType::f32, 1);
      case 3: return condition(depth - 1) && condition(depth - 1);
      case 4: return condition(depth - 1) || condition(depth - 1);
      default: return logical_not(condition(depth - 1));
    }
  }

  Expr leaf(DType dtype) {
    if (dtype == DType::f32 && !floats_.empty() && below(3) == 0) return any(floats_);
    std::vector<Buffer> fitting;
    for (const Buffer& b : sources_)
      if (b->dtype == dtype) fitting.push_back(b);
    if (fitting.empty() || below(3) == 0) return dtype == DType::boolean ? make_bool(below(2)) : make_const(below(7) - 2, dtype);
    const Buffer& b = any(fitting);
    if (below(8) == 0) return load(b, leaf(DType::i64) % Expr(b->elements));  // found by looking up
    return load(b, inside(index(2), b->elements));
  }

  // Elements some distance apart, folded.
  Expr folded(DType dtype) {
    int lanes = 2 + below(4), stride = below(3) == 0 ? 1 : below(4) - 1;
    Expr base = (index(2) % Expr(random_elements / 2)) + Expr(random_elements / 4);
    Expr vector = load(sources_[size_t(std::ranges::find(dtypes(), dtype) - dtypes().begin())], ramp(base, stride, lanes));
    if (is_float(dtype)) return make_unary(below(2) ? Op::reduce_max : Op::reduce_min, vector) + make_float(0, dtype);
    static const std::vector<Op> ops = {Op::reduce_add, Op::reduce_mul, Op::reduce_max, Op::reduce_min};
    return make_unary(any(ops), vector);
  }

  // A factor of f16 precision: the product of two is exact in f32 and f64. Operators of f16 and bf16 round one by one anyway.
  Expr factor(const Expr& e) {
    bool rounds = products_ == Products::rounded || (e.dtype() != DType::f32 && e.dtype() != DType::f64);
    return rounds ? e : cast(e.dtype(), cast(DType::f16, e));
  }

  Expr truth(int depth) {
    if (below(4) == 0) return select(condition(1), number(DType::boolean, depth - 1), number(DType::boolean, depth - 1));
    DType dtype = any(dtypes());
    if (dtype == DType::boolean) return condition(depth - 1);
    return below(2) ? number(dtype, depth - 1) < number(dtype, depth - 1) : cast(DType::boolean, number(dtype, depth - 1));
  }

  Expr number(DType dtype, int depth) {
    if (depth == 0 || below(6) == 0) return leaf(dtype);
    if (dtype == DType::boolean) return truth(depth);
    if (below(16) == 0) return folded(dtype);
    Expr a = number(dtype, depth - 1);
    int choice = below(12);
    if (choice == 0) return select(condition(1), a, number(dtype, depth - 1));
    if (choice == 1) return cast(dtype, number(any(dtypes()), depth - 1));
    if (choice == 2) return factor(a) * factor(a) + a;  // shared
    if (choice == 3) return dtype == DType::f32 ? fma(factor(a), factor(number(dtype, depth - 1)), leaf(dtype)) : -a;
    static const std::vector<Op> ops = {Op::add, Op::sub, Op::mul, Op::div, Op::mod, Op::rem, Op::min, Op::max};
    Op op = any(ops);
    Expr b = number(dtype, depth - 1);
    Expr result = op == Op::mul ? factor(a) * factor(b) : make_binary(op, a, b);
    // The least of 0 and -0 may be either; adding 0 makes them one.
    return is_float(dtype) && (op == Op::min || op == Op::max) ? result + make_float(0, dtype) : result;
  }

  std::mt19937 random_;
  Products products_;
  std::vector<Buffer> sources_, targets_;  // read and never written while in scope; written
  std::vector<Variable> variables_;
  std::vector<Var> floats_;
  Bounds bounds_;
  int64_t lanes_ = 0;  // of the vector loop around, if any
  Expr vector_lane_;
};

}  // namespace

PrimFunc random_loops(uint32_t seed, Products products) { return Generator(seed, products).run(); }

Arguments::Arguments(const PrimFunc& f, uint32_t seed) : params_(f.params) {
  std::mt19937 random(seed);
  for (const Buffer& b : params_) {
    memory_.emplace_back(size_t(b->elements * byte_size(b->dtype)));
    for (int64_t i = 0; i < b->elements; ++i) {
      double value = b->dtype == DType::boolean ? double(random() % 2) : double(int(random() % 41) - 20);
      store_double(b->dtype, memory_.back().data(), i, is_float(b->dtype) ? value / 8 : value);
    }
  }
}

std::vector<void*> Arguments::pointers() {
  std::vector<void*> result;
  for (std::vector<char>& m : memory_) result.push_back(m.data());
  return result;
}

std::string Arguments::difference(const Arguments& other) const {
  for (size_t p = 0; p < params_.size(); ++p) {
    for (int64_t i = 0; i < params_[p]->elements; ++i) {
      DType dtype = params_[p]->dtype;
      int64_t size = byte_size(dtype);
      if (std::memcmp(&memory_[p][size_t(i * size)], &other.memory_[p][size_t(i * size)], size_t(size)) == 0) continue;
      double a = load_as_double(dtype, memory_[p].data(), i), b = load_as_double(dtype, other.memory_[p].data(), i);
      if (std::isnan(a) && std::isnan(b)) continue;
      return fmt::format("{}[{}] is {} and {}", params_[p]->name, i, a, b);
    }
  }
  return {};
}

Arguments result_of(const PrimFunc& f, uint32_t seed) {
  Arguments arguments(f, seed);
  interpret(f, arguments.pointers());
  return arguments;
}

}  // namespace broach
