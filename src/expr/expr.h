#pragma once
// Scalar and vector expressions, shared by tensor expressions and loops.
//
// Semantics. Every expression has one Type. Index arithmetic is i64 and must not overflow. Other integers wrap. Integer
// div and mod round towards minus infinity; by zero they give zero. Float operations are IEEE in the operands' type, except that
// mul followed by add may be contracted (fma) and min/max may return either operand when one is NaN unless said otherwise
// in operators.def. Expressions have no side effects, so evaluation order is free; select evaluates both arms, except
// that a Load in an arm not taken is not performed. Comparisons and logic give boolean.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/dtype.h"
#include "support/errors.h"

namespace broach {

struct Type {
  DType dtype = DType::i64;
  uint16_t lanes = 1;
  friend bool operator==(const Type&, const Type&) = default;
};

// The operators: operators.def has one row each (name, number of operands).
enum class Op : uint8_t {
#define BROACH_EXPR_OP(name, arity, text) name,
#include "expr/operators.def"
#undef BROACH_EXPR_OP
};

struct OpTraits {
  const char* name;
  int arity;  // -1: any
  const char* text;
};
const OpTraits& traits(Op op);

struct VarNode {
  std::string name;
  DType dtype = DType::i64;
};
using Var = std::shared_ptr<const VarNode>;  // a variable is its identity; the name is for people
Var make_var(std::string name, DType dtype = DType::i64);

class Expr;
struct BufferNode;  // loop/buffer.h: what Load reads
struct TensorNode;  // te/tensor.h: what Read reads

struct ExprNode {
  Op op;
  Type type;
  std::vector<Expr> args;
  int64_t int_value = 0;    // int_imm (also the truth of a boolean)
  double float_value = 0;   // float_imm
  Var var = {};                                     // var
  std::shared_ptr<const BufferNode> buffer = {};    // load
  std::shared_ptr<const TensorNode> tensor = {};    // read, read_or
};

class Expr {
 public:
  Expr() = default;
  Expr(int64_t value);  // NOLINT: index constants read as in the formula
  Expr(int value) : Expr(int64_t(value)) {}  // NOLINT
  Expr(const Var& var);  // NOLINT
  explicit Expr(ExprNode node) : node_(std::make_shared<const ExprNode>(std::move(node))) {}

  const ExprNode* operator->() const { return node_.get(); }
  const ExprNode& operator*() const { return *node_; }
  explicit operator bool() const { return node_ != nullptr; }
  bool same_as(const Expr& other) const { return node_ == other.node_; }
  const ExprNode* get() const { return node_.get(); }
  long use_count() const { return node_.use_count(); }  // 1: nobody else holds this node
  bool is(Op op) const { return node_ && node_->op == op; }
  const Expr& arg(int i) const { return node_->args[size_t(i)]; }
  Type type() const { return node_->type; }
  DType dtype() const { return node_->type.dtype; }
  int lanes() const { return node_->type.lanes; }

 private:
  std::shared_ptr<const ExprNode> node_;
};

// Builders. Operand types must agree (checked); an int_imm adapts to the other operand's dtype. They do not simplify.
Expr make_int(int64_t value, DType dtype = DType::i64);
Expr make_float(double value, DType dtype = DType::f32);
Expr make_bool(bool value);
Expr make_const(double value, DType dtype);  // int_imm or float_imm by dtype
Expr make_unary(Op op, Expr a);
Expr make_binary(Op op, Expr a, Expr b);     // arithmetic, comparison, logic; a scalar is broadcast to the other's lanes
Expr select(Expr condition, Expr a, Expr b);
Expr fma(Expr a, Expr b, Expr c);            // a * b + c
Expr cast(DType dtype, Expr a);              // float to int truncates towards zero and saturates; int to int wraps; to bool: != 0
Expr bitcast(DType dtype, Expr a);           // the same bits; the widths agree (checked)
Expr broadcast(Expr a, int lanes);
Expr ramp(Expr base, Expr stride, int lanes);  // base, base + stride, ...; of one lane, base
Expr load(std::shared_ptr<const BufferNode> buffer, Expr index);  // index in elements; its lanes are the value's lanes

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);  // ints: floor
Expr operator%(Expr a, Expr b);  // ints: floor
Expr operator-(Expr a);
Expr min(Expr a, Expr b);
Expr max(Expr a, Expr b);
Expr operator<(Expr a, Expr b);
Expr operator<=(Expr a, Expr b);
Expr operator>(Expr a, Expr b);
Expr operator>=(Expr a, Expr b);
Expr operator==(Expr a, Expr b);
Expr operator!=(Expr a, Expr b);
Expr operator&&(Expr a, Expr b);
Expr operator||(Expr a, Expr b);
Expr logical_not(Expr a);

// The value of an int_imm (or its broadcast); false for anything else.
bool as_int(const Expr& e, int64_t* value);
bool is_const(const Expr& e, double value);  // int_imm or float_imm (or its broadcast) of this value

// Rebuilds e with new children, same op, payload and type rules.
Expr with_args(const Expr& e, std::vector<Expr> args);
// Bottom-up rewriting: f gets a node whose children are rewritten already and returns it or its replacement.
Expr rewrite(const Expr& e, const std::function<Expr(const Expr&)>& f);
void visit(const Expr& e, const std::function<void(const Expr&)>& f);  // every node, children first

struct VarBinding {
  Var var;
  Expr value;
};
Expr substitute(const Expr& e, const std::vector<VarBinding>& bindings);
bool uses_var(const Expr& e, const Var& var);

// Structural equality (variables, buffers, tensors by identity) and a hash that agrees with it.
bool equal(const Expr& a, const Expr& b);
size_t hash(const Expr& e);

std::string to_string(const Expr& e);

}  // namespace broach
