#include "expr/print.h"

#include <cmath>
#include <map>
#include <utility>

namespace broach {
namespace {

// Binding strength of infix operators, C's; 0 for what prints otherwise.
int precedence(Op op) {
  switch (op) {
    case Op::logical_or: return 1;
    case Op::logical_and: return 2;
    case Op::bit_or: return 3;
    case Op::bit_xor: return 4;
    case Op::bit_and: return 5;
    case Op::eq:
    case Op::ne: return 6;
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge: return 7;
    case Op::shift_left:
    case Op::shift_right: return 8;
    case Op::add:
    case Op::sub: return 9;
    case Op::mul:
    case Op::div:
    case Op::mod: return 10;
    case Op::logical_not:
    case Op::bit_not: return 11;
    default: return 0;
  }
}

void print_int(std::string& out, const ExprNode& e) {
  DType dtype = e.type.dtype;
  if (dtype == DType::boolean)
    out += e.int_value ? "true" : "false";
  else if (is_unsigned_int(dtype))
    fmt::format_to(std::back_inserter(out), "{}{}", uint64_t(e.int_value), info(dtype).name);
  else
    fmt::format_to(std::back_inserter(out), "{}{}", e.int_value, dtype == DType::i64 ? "" : info(dtype).name);
}

void print_float(std::string& out, const ExprNode& e) {
  DType dtype = e.type.dtype;
  double value = e.float_value;
  if (!std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), "{}_{}", std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", info(dtype).name);
    return;
  }
  std::string digits = dtype == DType::f64 ? fmt::format("{}", value) : fmt::format("{}", float(value));
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  out += digits;
  out += dtype == DType::f32 ? "f" : info(dtype).name;
}

class Printer {
 public:
  Printer(std::string& out, ExprNames& names) : out_(out), names_(names) {}

  void print(const Expr& e) {
    switch (e->op) {
      case Op::int_imm: return print_int(out_, *e);
      case Op::float_imm: return print_float(out_, *e);
      case Op::var: out_ += names_.var(e->var); return;
      case Op::load:
        out_ += names_.buffer(e->buffer);
        out_ += '[';
        print(e.arg(0));
        out_ += ']';
        return;
      case Op::read: return print_read(e, e->args.size());
      case Op::read_or:
        out_ += "read_or(";
        print_read(e, e->args.size() - 1);
        out_ += ", ";
        print(e->args.back());
        out_ += ')';
        return;
      case Op::cast:
      case Op::bitcast: return print_call(e, info(e.dtype()).name, {});
      case Op::broadcast:
      case Op::ramp: return print_call(e, {}, fmt::to_string(e.lanes()));
      default: break;
    }
    int strength = precedence(e->op);
    if (strength == 0) return print_call(e, {}, {});
    if (e->args.size() == 2) print_operand(e.arg(0), precedence(e.arg(0)->op) >= strength);
    bool spaced = e->args.size() == 2;
    if (spaced) out_ += ' ';
    out_ += traits(e->op).text;
    if (spaced) out_ += ' ';
    // The right operand of the same strength needs parentheses: the tree must survive, not the value only.
    print_operand(e->args.back(), precedence(e->args.back()->op) > strength);
  }

 private:
  void print_operand(const Expr& e, bool bare) {
    bare |= precedence(e->op) == 0;
    if (!bare) out_ += '(';
    print(e);
    if (!bare) out_ += ')';
  }

  void print_read(const Expr& e, size_t rank) {
    out_ += names_.tensor(e->tensor);
    out_ += '(';
    for (size_t i = 0; i < rank; ++i) {
      if (i) out_ += ", ";
      print(e->args[i]);
    }
    out_ += ')';
  }

  void print_call(const Expr& e, const std::string& first, const std::string& last) {
    out_ += traits(e->op).text;
    out_ += '(';
    const char* comma = "";
    auto separate = [&] { out_ += std::exchange(comma, ", "); };
    if (!first.empty()) separate(), out_ += first;
    for (const Expr& arg : e->args) separate(), print(arg);
    if (!last.empty()) separate(), out_ += last;
    out_ += ')';
  }

  std::string& out_;
  ExprNames& names_;
};

// For to_string of an expression alone: variables by their names, which may collide.
class PlainNames : public ExprNames {
 public:
  std::string var(const Var& var) override { return identifier(var->name); }
  std::string buffer(const std::shared_ptr<const BufferNode>& buffer) override { return numbered("buffer", buffer.get()); }
  std::string tensor(const std::shared_ptr<const TensorNode>& tensor) override { return numbered("tensor", tensor.get()); }

 private:
  std::string numbered(const char* prefix, const void* identity) {
    return fmt::format("{}{}", prefix, numbers_.try_emplace(identity, numbers_.size()).first->second);
  }
  std::map<const void*, size_t> numbers_;
};

}  // namespace

void print(std::string& out, const Expr& e, ExprNames& names) { Printer(out, names).print(e); }

std::string to_string(const Expr& e) {
  if (!e) return "<none>";
  std::string out;
  PlainNames names;
  print(out, e, names);
  return out;
}

std::string identifier(const std::string& name) {
  std::string result;
  for (char c : name) result += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  if (result.empty() || (result[0] >= '0' && result[0] <= '9')) result.insert(result.begin(), '_');
  return result;
}

bool is_reserved(const std::string& name) {
  if (name == "true" || name == "false" || parse_dtype(name)) return true;
  if (name.starts_with("inf_") || name.starts_with("nan_")) return bool(parse_dtype(name.substr(4)));
  for (int op = 0; op <= int(Op::is_inf); ++op)
    if (name == traits(Op(op)).text || name == traits(Op(op)).name) return true;
  return false;
}

}  // namespace broach
