#include "expr/expr.h"

#include <algorithm>
#include <bit>

namespace broach {

const OpTraits& traits(Op op) {
  static constexpr OpTraits table[] = {
#define BROACH_EXPR_OP(name, arity, text) {#name, arity, text},
#include "expr/operators.def"
#undef BROACH_EXPR_OP
  };
  return table[size_t(op)];
}

Var make_var(std::string name, DType dtype) { return std::make_shared<const VarNode>(VarNode{std::move(name), dtype}); }

Expr::Expr(int64_t value) : Expr(make_int(value)) {}

Expr::Expr(const Var& var) {
  ExprNode node{Op::var, {var->dtype, 1}, {}};
  node.var = var;
  node_ = std::make_shared<const ExprNode>(std::move(node));
}

Expr make_int(int64_t value, DType dtype) {
  ExprNode node{Op::int_imm, {dtype, 1}, {}};
  char bits[8];
  if (dtype != DType::i64) {  // wrapped to its type
    store_int(dtype, bits, 0, value);
    value = load_as_int(dtype, bits, 0);
  }
  node.int_value = value;
  return Expr(std::move(node));
}

Expr make_float(double value, DType dtype) {
  ExprNode node{Op::float_imm, {dtype, 1}, {}};
  // The node holds a value of its type: equal, print and evaluation then agree on what it is.
  char bits[8];
  store_double(dtype, bits, 0, value);
  node.float_value = load_as_double(dtype, bits, 0);
  return Expr(std::move(node));
}

Expr make_bool(bool value) { return make_int(value, DType::boolean); }

Expr make_const(double value, DType dtype) { return is_float(dtype) ? make_float(value, dtype) : make_int(int64_t(value), dtype); }

namespace {

bool is_comparison(Op op) { return op >= Op::eq && op <= Op::ge; }
bool is_logic(Op op) { return op == Op::logical_and || op == Op::logical_or; }
bool is_reduction(Op op) { return op >= Op::reduce_add && op <= Op::reduce_mul; }

Expr adapt(const Expr& e, const Expr& other) {
  Expr result = e;
  if (e.dtype() != other.dtype() && e.is(Op::int_imm)) result = make_const(double(e->int_value), other.dtype());
  if (result.lanes() == 1 && other.lanes() > 1) result = broadcast(result, other.lanes());
  return result;
}

Expr build(Op op, Type type, std::vector<Expr> args) { return Expr(ExprNode{op, type, std::move(args)}); }

void check_same_type(Op op, const Expr& a, const Expr& b) {
  BROACH_CHECK(a.type() == b.type(), "operands of {} are {}x{} and {}x{}", traits(op).name, info(a.dtype()).name, a.lanes(), info(b.dtype()).name,
               b.lanes());
}

}  // namespace

Expr make_unary(Op op, Expr a) {
  Type type = a.type();
  if (is_reduction(op) && type.lanes == 1) return a;
  if (op == Op::logical_not || op == Op::is_nan || op == Op::is_inf) type.dtype = DType::boolean;
  if (is_reduction(op)) type.lanes = 1;
  return build(op, type, {std::move(a)});
}

Expr make_binary(Op op, Expr a, Expr b) {
  Expr x = adapt(a, b), y = adapt(b, x);
  check_same_type(op, x, y);
  Type type = x.type();
  if (is_comparison(op) || is_logic(op)) type.dtype = DType::boolean;
  return build(op, type, {std::move(x), std::move(y)});
}

Expr select(Expr condition, Expr a, Expr b) {
  Expr x = adapt(a, b), y = adapt(b, x);
  check_same_type(Op::select, x, y);
  if (condition.lanes() == 1 && x.lanes() > 1) condition = broadcast(condition, x.lanes());
  if (condition.lanes() > 1 && x.lanes() == 1) {
    x = broadcast(x, condition.lanes());
    y = broadcast(y, condition.lanes());
  }
  Type type = x.type();
  return build(Op::select, type, {std::move(condition), std::move(x), std::move(y)});
}

Expr fma(Expr a, Expr b, Expr c) {
  int lanes = std::max({a.lanes(), b.lanes(), c.lanes()});
  for (Expr* e : {&a, &b, &c})
    if (e->lanes() < lanes) *e = broadcast(*e, lanes);
  check_same_type(Op::fma, a, b);
  check_same_type(Op::fma, a, c);
  Type type = a.type();
  return build(Op::fma, type, {std::move(a), std::move(b), std::move(c)});
}

Expr cast(DType dtype, Expr a) {
  if (a.dtype() == dtype) return a;
  Type type{dtype, a.type().lanes};
  return build(Op::cast, type, {std::move(a)});
}

Expr bitcast(DType dtype, Expr a) {
  BROACH_CHECK(info(dtype).bits == info(a.dtype()).bits, "bitcast of {} to {}", info(a.dtype()).name, info(dtype).name);
  if (a.dtype() == dtype) return a;
  Type type{dtype, a.type().lanes};
  return build(Op::bitcast, type, {std::move(a)});
}

Expr broadcast(Expr a, int lanes) {
  BROACH_CHECK(a.lanes() == 1, "broadcast of a vector");
  if (lanes == 1) return a;
  Type type{a.dtype(), uint16_t(lanes)};
  return build(Op::broadcast, type, {std::move(a)});
}

Expr ramp(Expr base, Expr stride, int lanes) {
  if (lanes == 1) return base;
  Type type{base.dtype(), uint16_t(lanes)};
  return build(Op::ramp, type, {std::move(base), std::move(stride)});
}

Expr operator+(Expr a, Expr b) { return make_binary(Op::add, std::move(a), std::move(b)); }
Expr operator-(Expr a, Expr b) { return make_binary(Op::sub, std::move(a), std::move(b)); }
Expr operator*(Expr a, Expr b) { return make_binary(Op::mul, std::move(a), std::move(b)); }
Expr operator/(Expr a, Expr b) { return make_binary(Op::div, std::move(a), std::move(b)); }
Expr operator%(Expr a, Expr b) { return make_binary(Op::mod, std::move(a), std::move(b)); }
Expr operator-(Expr a) { return make_unary(Op::neg, std::move(a)); }
Expr min(Expr a, Expr b) { return make_binary(Op::min, std::move(a), std::move(b)); }
Expr max(Expr a, Expr b) { return make_binary(Op::max, std::move(a), std::move(b)); }
Expr operator<(Expr a, Expr b) { return make_binary(Op::lt, std::move(a), std::move(b)); }
Expr operator<=(Expr a, Expr b) { return make_binary(Op::le, std::move(a), std::move(b)); }
Expr operator>(Expr a, Expr b) { return make_binary(Op::gt, std::move(a), std::move(b)); }
Expr operator>=(Expr a, Expr b) { return make_binary(Op::ge, std::move(a), std::move(b)); }
Expr operator==(Expr a, Expr b) { return make_binary(Op::eq, std::move(a), std::move(b)); }
Expr operator!=(Expr a, Expr b) { return make_binary(Op::ne, std::move(a), std::move(b)); }
Expr operator&&(Expr a, Expr b) { return make_binary(Op::logical_and, std::move(a), std::move(b)); }
Expr operator||(Expr a, Expr b) { return make_binary(Op::logical_or, std::move(a), std::move(b)); }
Expr logical_not(Expr a) { return make_unary(Op::logical_not, std::move(a)); }

bool as_int(const Expr& e, int64_t* value) {
  if (e.is(Op::broadcast)) return as_int(e.arg(0), value);
  if (!e.is(Op::int_imm)) return false;
  *value = e->int_value;
  return true;
}

bool is_const(const Expr& e, double value) {
  if (e.is(Op::broadcast)) return is_const(e.arg(0), value);
  if (e.is(Op::int_imm)) return double(e->int_value) == value;
  return e.is(Op::float_imm) && e->float_value == value;
}

Expr with_args(const Expr& e, std::vector<Expr> args) {
  switch (e->op) {  // lanes of the result follow the children
    case Op::select: return select(args[0], args[1], args[2]);
    case Op::fma: return fma(args[0], args[1], args[2]);
    case Op::broadcast: return broadcast(args[0], e.lanes());
    case Op::ramp: return ramp(args[0], args[1], e.lanes());
    case Op::cast: return cast(e.dtype(), args[0]);
    default: break;
  }
  if (traits(e->op).arity == 2) return make_binary(e->op, args[0], args[1]);
  if (traits(e->op).arity == 1 && e->op != Op::load && e->op != Op::bitcast) return make_unary(e->op, args[0]);
  ExprNode node = *e;
  if (!args.empty() && (e->op == Op::load || e->op == Op::bitcast)) node.type.lanes = args[0].type().lanes;
  node.args = std::move(args);
  return Expr(std::move(node));
}

Expr rewrite(const Expr& e, const std::function<Expr(const Expr&)>& f) {
  if (e->args.empty()) return f(e);
  std::vector<Expr> args;
  args.reserve(e->args.size());
  bool changed = false;
  for (const Expr& arg : e->args) {
    args.push_back(rewrite(arg, f));
    changed |= !args.back().same_as(arg);
  }
  return f(changed ? with_args(e, std::move(args)) : e);
}

void visit(const Expr& e, const std::function<void(const Expr&)>& f) {
  for (const Expr& arg : e->args) visit(arg, f);
  f(e);
}

Expr substitute(const Expr& e, const std::vector<VarBinding>& bindings) {
  return rewrite(e, [&](const Expr& node) {
    if (node.is(Op::var))
      for (const VarBinding& b : bindings)
        if (b.var == node->var) return b.value;
    return node;
  });
}

bool uses_var(const Expr& e, const Var& var) {
  if (e.is(Op::var)) return e->var == var;
  for (const Expr& arg : e->args)
    if (uses_var(arg, var)) return true;
  return false;
}

bool equal(const Expr& a, const Expr& b) {
  if (a.same_as(b)) return true;
  if (!a || !b || a->op != b->op || a->type != b->type || a->int_value != b->int_value || a->args.size() != b->args.size()) return false;
  // NaN equals itself and -0 differs from 0.
  bool both_nan = a->float_value != a->float_value && b->float_value != b->float_value;
  if (!both_nan && std::bit_cast<uint64_t>(a->float_value) != std::bit_cast<uint64_t>(b->float_value)) return false;
  if (a->var != b->var || a->buffer != b->buffer || a->tensor != b->tensor) return false;
  for (size_t i = 0; i < a->args.size(); ++i)
    if (!equal(a->args[i], b->args[i])) return false;
  return true;
}

size_t hash(const Expr& e) {
  size_t h = size_t(e->op) * 1099511628211u ^ size_t(e->type.dtype) << 8 ^ size_t(e->type.lanes) << 16;
  auto mix = [&h](size_t v) { h = (h ^ v) * 1099511628211u + (h >> 29); };
  mix(size_t(e->int_value));
  mix(e->float_value == e->float_value ? std::hash<double>()(e->float_value) : 1);
  mix(std::hash<const void*>()(e->var.get()));
  mix(std::hash<const void*>()(e->buffer.get()));
  mix(std::hash<const void*>()(e->tensor.get()));
  for (const Expr& arg : e->args) mix(hash(arg));
  return h;
}

}  // namespace broach
