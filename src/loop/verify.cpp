// The verifier: every rule of stmt.h and of the operators' types, one check a line.
#include <unordered_set>

#include "loop/print.h"
#include "loop/stmt.h"

namespace broach {
namespace {

std::string text(Type type) { return type.lanes == 1 ? info(type.dtype).name : fmt::format("{}x{}", info(type.dtype).name, type.lanes); }

constexpr Type index_type{DType::i64, 1};

bool is_comparison(Op op) { return op >= Op::eq && op <= Op::ge; }
bool is_logic(Op op) { return op == Op::logical_and || op == Op::logical_or || op == Op::logical_not; }
bool is_reduction(Op op) { return op >= Op::reduce_add && op <= Op::reduce_mul; }
bool is_bitwise(Op op) { return op >= Op::bit_and && op <= Op::shift_right; }
bool is_float_function(Op op) { return (op >= Op::sqrt && op <= Op::sigmoid) || op == Op::atan2; }

class Verifier {
 public:
  explicit Verifier(const PrimFunc& f) : f_(f) {}

  void run() {
    for (const Buffer& b : f_.params) {
      require(b->storage == Storage::param, "parameter {} has storage {}", b->name, name_of(b->storage));
      declare(b);
    }
    require(bool(f_.body), "there is no body");
    check(f_.body);
  }

 private:
  template <class... Args>
  void require(bool condition, fmt::format_string<Args...> format, Args&&... args) {
    if (condition) return;
    throw InternalError(fmt::format("loop IR of {}: {}", f_.name, fmt::format(format, std::forward<Args>(args)...)));
  }

  void declare(const Buffer& b) {
    require(b->elements >= 0, "buffer {} has {} elements", b->name, b->elements);
    require(buffers_.insert(b.get()).second, "buffer {} is declared inside its own scope", b->name);
  }

  // Parallel loops may stand in each other, with nothing but Lets between: together they are the tasks.
  void check(const Stmt& s) {
    require(bool(s), "a statement is null");
    bool outermost = outermost_;
    bool parallel = s.is(StmtOp::for_loop) && s->for_kind == ForKind::parallel;
    require(!parallel || outermost, "the parallel loop over {} is not outermost", s->var ? s->var->name : "");
    outermost_ = outermost && (parallel || s.is(StmtOp::let));
    check_statement(s);
    outermost_ = outermost;
  }

  void check_statement(const Stmt& s) {
    switch (s->op) {
      case StmtOp::for_loop: return check_for(s);
      case StmtOp::block:
        for (const Stmt& child : s->body) check(child);
        return;
      case StmtOp::let: check_type(s->exprs[0], {s->var->dtype, 1}, "the value of {}", s->var->name); return check_binding(s);
      case StmtOp::if_then_else:
        check_type(s->exprs[0], {DType::boolean, 1}, "the condition of an if");
        ++conditional_;
        for (const Stmt& child : s->body) check(child);
        --conditional_;
        return;
      case StmtOp::store: return check_store(s);
      case StmtOp::allocate:
        require(s->buffer->storage != Storage::param, "{} is allocated with storage param", s->buffer->name);
        declare(s->buffer);
        check(s.body());
        buffers_.erase(s->buffer.get());
        return;
      case StmtOp::prefetch:
        check_buffer(s->buffer);
        check_type(s->exprs[0], index_type, "the index of a prefetch of {}", s->buffer->name);
        return;
    }
  }

  void check_for(const Stmt& s) {
    const std::string& name = s->var->name;
    require(s->var->dtype == DType::i64, "the loop variable {} is {}", name, info(s->var->dtype).name);
    check_type(s->exprs[0], index_type, "the begin of the loop over {}", name);
    check_type(s->exprs[1], index_type, "the extent of the loop over {}", name);
    bool constant = s->exprs[1].is(Op::int_imm);
    require(constant || s->for_kind != ForKind::vector, "the vector loop over {} has no constant extent", name);
    require(constant || s->for_kind != ForKind::parallel, "the parallel loop over {} has no constant extent", name);
    bool runs = constant && s->exprs[1]->int_value > 0;
    conditional_ += !runs;
    check_binding(s);
    conditional_ -= !runs;
  }

  void check_binding(const Stmt& s) {
    require(vars_.insert(s->var.get()).second, "variable {} is bound inside its own scope", s->var->name);
    check(s.body());
    vars_.erase(s->var.get());
  }

  void check_store(const Stmt& s) {
    const Buffer& b = s->buffer;
    check_buffer(b);
    require(b->storage != Storage::param || b->written, "a store to {}, a parameter that is not marked written", b->name);
    check_expr(s->exprs[0]);
    check_index(b, s->exprs[0]);
    check_type(s->exprs[1], {b->dtype, s->exprs[0].type().lanes}, "the value stored to {}", b->name);
  }

  void check_buffer(const Buffer& b) {
    require(bool(b), "a buffer is null");
    require(buffers_.contains(b.get()), "buffer {} is used outside its scope", b->name);
  }

  void check_index(const Buffer& b, const Expr& index) {
    require(index.dtype() == DType::i64, "the index {} of {} is {}", to_string(index), b->name, text(index.type()));
    if (conditional_ > 0) return;  // after unrolling, code for a case that does not arise may well hold such an index
    int64_t first = 0, last = 0, stride = 0;
    if (index.is(Op::ramp)) {
      if (!index.arg(0).is(Op::int_imm) || !index.arg(1).is(Op::int_imm)) return;
      first = index.arg(0)->int_value;
      stride = index.arg(1)->int_value;
    } else if (!as_int(index, &first)) {
      return;
    }
    last = first + stride * (index.lanes() - 1);
    require(std::min(first, last) >= 0 && std::max(first, last) < b->elements, "the index {} is outside {}, which has {} elements", to_string(index),
            b->name, b->elements);
  }

  template <class... Args>
  void check_type(const Expr& e, Type type, fmt::format_string<Args...> what, Args&&... args) {
    check_expr(e);
    if (e.type() == type) return;
    require(false, "{} is {}, expected {}: {}", fmt::format(what, std::forward<Args>(args)...), text(e.type()), text(type), to_string(e));
  }

  void check_expr(const Expr& e) {
    seen_.clear();
    walk(e);
  }

  void walk(const Expr& e) {
    require(bool(e), "an expression is null");
    if (e->args.size() > 0 && !seen_.insert(e.get()).second) return;  // a graph: once per node
    for (size_t i = 0; i < e->args.size(); ++i) {
      bool arm = e.is(Op::select) && i > 0;
      conditional_ += arm;
      walk(e->args[i]);
      conditional_ -= arm;
    }
    int arity = traits(e->op).arity;
    require(arity < 0 || int(e->args.size()) == arity, "{} has {} operands", traits(e->op).name, e->args.size());
    require(e.lanes() > 0, "{} has no lanes", traits(e->op).name);
    check_node(e);
  }

  void check_node(const Expr& e) {
    auto type = [&](int i) { return e.arg(i).type(); };
    auto fits = [&](bool condition) {
      if (!condition) require(false, "{} gives {}, which its operands do not fit: {}", traits(e->op).name, text(e.type()), to_string(e));
    };
    uint16_t lanes = e.type().lanes;
    switch (e->op) {
      case Op::int_imm: return fits(!is_float(e.dtype()) && lanes == 1);
      case Op::float_imm: return fits(is_float(e.dtype()) && lanes == 1);
      case Op::var:
        require(vars_.contains(e->var.get()), "variable {} is used outside its scope", e->var->name);
        return fits(e.type() == Type{e->var->dtype, 1});
      case Op::load:
        check_buffer(e->buffer);
        check_index(e->buffer, e.arg(0));
        return fits(e.type() == Type{e->buffer->dtype, type(0).lanes});
      case Op::read:
      case Op::read_or: return require(false, "a tensor is read");
      case Op::select: return fits(type(0) == Type{DType::boolean, lanes} && type(1) == e.type() && type(2) == e.type());
      case Op::cast: return fits(type(0).lanes == lanes);
      case Op::bitcast: return fits(type(0).lanes == lanes && info(e.dtype()).bits == info(type(0).dtype).bits);
      case Op::broadcast: return fits(type(0) == Type{e.dtype(), 1});
      case Op::ramp: return fits(type(0) == Type{e.dtype(), 1} && type(1) == type(0));
      case Op::is_nan:
      case Op::is_inf: return fits(e.type() == Type{DType::boolean, type(0).lanes} && is_float(type(0).dtype));
      default: break;
    }
    if (is_comparison(e->op)) return fits(e.type() == Type{DType::boolean, type(0).lanes} && type(0) == type(1));
    if (is_reduction(e->op)) return fits(e.type() == Type{type(0).dtype, 1});
    for (const Expr& arg : e->args) fits(arg.type() == e.type());
    if (is_logic(e->op)) fits(e.dtype() == DType::boolean);
    if (is_bitwise(e->op)) fits(!is_float(e.dtype()));
    if (is_float_function(e->op)) fits(is_float(e.dtype()));
  }

  const PrimFunc& f_;
  std::unordered_set<const VarNode*> vars_;
  std::unordered_set<const BufferNode*> buffers_;
  std::unordered_set<const ExprNode*> seen_;
  bool outermost_ = true;
  int conditional_ = 0;  // Ifs, loops and select arms around that may not be run
};

}  // namespace

void verify(const PrimFunc& f) { Verifier(f).run(); }

}  // namespace broach
