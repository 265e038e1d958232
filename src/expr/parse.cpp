#include "expr/parse.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace broach {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// "1.5e-3f": digits, fraction, exponent, suffix. "0..4" is 0 followed by "..".
size_t number_length(std::string_view text) {
  size_t n = 0;
  auto digits = [&] {
    while (n < text.size() && is_digit(text[n])) ++n;
  };
  digits();
  if (n + 1 < text.size() && text[n] == '.' && is_digit(text[n + 1])) ++n, digits();
  if (n < text.size() && text[n] == 'e') {
    size_t sign = n + 1 < text.size() && (text[n + 1] == '-' || text[n + 1] == '+') ? 1 : 0;
    if (n + 1 + sign < text.size() && is_digit(text[n + 1 + sign])) n += 1 + sign, digits();
  }
  while (n < text.size() && is_word(text[n])) ++n;
  return n;
}

size_t symbol_length(std::string_view text) {
  for (std::string_view symbol : {"..+", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", ".."})
    if (text.starts_with(symbol)) return symbol.size();
  return 1;
}

}  // namespace

Lexer::Lexer(std::string_view text) : text_(text) { next(); }

void Lexer::step(size_t count) {
  for (size_t i = 0; i < count; ++i, ++position_) {
    bool newline = text_[position_] == '\n';
    line_ += newline;
    column_ = newline ? 1 : column_ + 1;
  }
}

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (c == '#')
      step(std::min(text_.find('\n', position_), text_.size()) - position_);
    else if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
      step(1);
    else
      return;
  }
}

Token Lexer::next() {
  Token before = token_;
  skip_blanks();
  std::string_view rest = text_.substr(position_);
  token_ = {TokenKind::end, {}, line_, column_};
  if (rest.empty()) return before;
  size_t length = 0;
  if (is_digit(rest[0])) {
    token_.kind = TokenKind::number;
    length = number_length(rest);
  } else if (is_word(rest[0])) {
    token_.kind = TokenKind::word;
    while (length < rest.size() && is_word(rest[length])) ++length;
  } else {
    token_.kind = TokenKind::symbol;
    length = symbol_length(rest);
  }
  token_.text = rest.substr(0, length);
  step(length);
  return before;
}

bool Lexer::at(std::string_view symbol) const { return token_.kind != TokenKind::end && token_.text == symbol; }

bool Lexer::accept(std::string_view symbol) {
  if (!at(symbol)) return false;
  next();
  return true;
}

void Lexer::expect(std::string_view symbol) {
  if (!accept(symbol)) fail(fmt::format("'{}'", symbol));
}

std::string_view Lexer::expect_word(const char* what) {
  if (token_.kind != TokenKind::word) fail(what);
  return next().text;
}

int64_t Lexer::expect_int(const char* what) {
  bool negative = accept("-");
  uint64_t magnitude = 0;
  const char* last = token_.text.data() + token_.text.size();
  auto [end, status] = std::from_chars(token_.text.data(), last, magnitude);
  uint64_t largest = uint64_t(std::numeric_limits<int64_t>::max()) + negative;
  if (token_.kind != TokenKind::number || status != std::errc() || end != last || magnitude > largest) fail(what);
  next();
  return int64_t(negative ? 0 - magnitude : magnitude);
}

void Lexer::fail(const std::string& expected) const {
  if (token_.kind == TokenKind::end) fail_at(token_, fmt::format("found the end of the text, expected {}", expected));
  fail_at(token_, fmt::format("found '{}', expected {}", token_.text, expected));
}

void Lexer::fail_at(const Token& token, const std::string& why) const { throw_error("line {}, column {}: {}", token.line, token.column, why); }

namespace {

struct Infix {
  Op op;
  int strength;
};

std::optional<Infix> infix(const Token& token) {
  static constexpr std::pair<Op, int> table[] = {{Op::logical_or, 1}, {Op::logical_and, 2}, {Op::bit_or, 3},      {Op::bit_xor, 4}, {Op::bit_and, 5},
                                                 {Op::eq, 6},         {Op::ne, 6},          {Op::lt, 7},          {Op::le, 7},      {Op::gt, 7},
                                                 {Op::ge, 7},         {Op::shift_left, 8},  {Op::shift_right, 8}, {Op::add, 9},     {Op::sub, 9},
                                                 {Op::mul, 10},       {Op::div, 10},        {Op::mod, 10}};
  if (token.kind != TokenKind::symbol) return std::nullopt;
  for (auto [op, strength] : table)
    if (token.text == traits(op).text) return Infix{op, strength};
  return std::nullopt;
}

// Operators that are written as a call of their operands alone.
std::optional<Op> function(std::string_view name) {
  for (int i = int(Op::rem); i <= int(Op::is_inf); ++i) {
    Op op = Op(i);
    if (op == Op::cast || op == Op::bitcast || op == Op::broadcast || op == Op::ramp) continue;
    if (is_word(traits(op).text[0]) && name == traits(op).text) return op;
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(Lexer& lexer, ExprScope& scope) : lexer_(lexer), scope_(scope) {}

  Expr parse(int strength) {
    Nesting nesting(*this);
    Expr left = parse_unary();
    for (;;) {
      std::optional<Infix> next = infix(lexer_.peek());
      if (!next || next->strength < strength) return left;
      Token at = lexer_.next();
      Expr right = parse(next->strength + 1);
      left = checked(at, {left, right}, [&] { return make_binary(next->op, left, right); });
    }
  }

 private:
  // Text can come from a file, so depth is an input like any other.
  struct Nesting {
    explicit Nesting(Parser& p) : parser(p) {
      if (++parser.depth_ > 2000) parser.lexer_.fail_at(parser.lexer_.peek(), "the expression is nested deeper than 2000 levels");
    }
    ~Nesting() { --parser.depth_; }
    Parser& parser;
  };

  // Builders report operands that do not fit as broken invariants; here they are the text's fault.
  template <class F>
  Expr checked(const Token& at, const std::vector<Expr>& operands, F make) {
    try {
      return make();
    } catch (const InternalError&) {
      std::string types;
      for (const Expr& e : operands) types += fmt::format("{}{}x{}", types.empty() ? "" : ", ", info(e.dtype()).name, e.lanes());
      lexer_.fail_at(at, fmt::format("operands of '{}' do not fit together: {}", at.text, types));
    }
  }

  Expr parse_unary() {
    Nesting nesting(*this);
    Token at = lexer_.peek();
    if (lexer_.accept("!")) return make_unary(Op::logical_not, parse_unary());
    if (lexer_.accept("~")) return make_unary(Op::bit_not, parse_unary());
    if (lexer_.accept("-")) return parse_negative();
    if (lexer_.accept("(")) {
      Expr e = parse(1);
      lexer_.expect(")");
      return e;
    }
    if (at.kind == TokenKind::number) return parse_number(false);
    if (at.kind != TokenKind::word) lexer_.fail("an expression");
    return parse_word();
  }

  Expr parse_negative() {
    if (lexer_.peek().kind == TokenKind::number) return parse_number(true);
    if (std::optional<Expr> special = parse_special(true)) return *special;
    return make_unary(Op::neg, parse_unary());
  }

  // inf_f32, nan_f16, ...
  std::optional<Expr> parse_special(bool negative) {
    std::string_view text = lexer_.peek().text;
    if (!text.starts_with("inf_") && !text.starts_with("nan_")) return std::nullopt;
    std::optional<DType> dtype = parse_dtype(text.substr(4));
    if (!dtype || !is_float(*dtype)) return std::nullopt;
    double value = text[0] == 'i' ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    lexer_.next();
    return make_float(negative ? -value : value, *dtype);
  }

  Expr parse_number(bool negative) {
    Token token = lexer_.next();
    std::string_view text = token.text;
    const char *first = text.data(), *last = first + text.size();
    uint64_t magnitude = 0;
    auto [end, status] = std::from_chars(first, last, magnitude);
    bool integer = end == last || (*end != '.' && *end != 'e' && *end != 'f' && *end != 'b');
    if (!integer) return parse_float(token, negative);
    std::optional<DType> dtype = end == last ? DType::i64 : parse_dtype({end, size_t(last - end)});
    if (status != std::errc() || !dtype || !is_int(*dtype) || !fits(*dtype, magnitude, negative))
      lexer_.fail_at(token, fmt::format("'{}' is no integer literal (such as 5, 5i32 or 5u8) in the range of its type", text));
    return make_int(int64_t(negative ? 0 - magnitude : magnitude), *dtype);
  }

  static bool fits(DType dtype, uint64_t magnitude, bool negative) {
    int bits = info(dtype).bits;
    if (is_unsigned_int(dtype)) return (!negative || magnitude == 0) && (bits == 64 || magnitude >> bits == 0);
    return magnitude <= (uint64_t(1) << (bits - 1)) - !negative;
  }

  Expr parse_float(const Token& token, bool negative) {
    const char *first = token.text.data(), *last = first + token.text.size();
    double value = 0;
    auto [end, status] = std::from_chars(first, last, value);
    std::string_view suffix(end, size_t(last - end));
    std::optional<DType> dtype = suffix == "f" ? DType::f32 : parse_dtype(suffix);
    // Not by way of double, which would round twice.
    float single = 0;
    if (dtype && *dtype == DType::f32) value = std::from_chars(first, last, single).ec == std::errc() ? single : HUGE_VAL;
    if (status != std::errc() || !dtype || !is_float(*dtype) || value == HUGE_VAL)
      lexer_.fail_at(token, fmt::format("'{}' is no float literal (such as 0.5f, 0.5f64 or 0.5f16) in the range of its type", token.text));
    return make_float(negative ? -value : value, *dtype);
  }

  Expr parse_word() {
    Token name = lexer_.peek();
    if (std::optional<Expr> special = parse_special(false)) return *special;
    lexer_.next();
    if (name.text == "true" || name.text == "false") return make_bool(name.text == "true");
    if (lexer_.accept("[")) return parse_load(name);
    if (lexer_.accept("(")) return parse_call(name);
    Var var = scope_.find_var(name.text);
    if (!var) lexer_.fail_at(name, fmt::format("'{}' is no variable in scope", name.text));
    return var;
  }

  Expr parse_load(const Token& name) {
    auto buffer = scope_.find_buffer(name.text);
    if (!buffer) lexer_.fail_at(name, fmt::format("'{}' is no buffer in scope", name.text));
    Expr index = parse(1);
    lexer_.expect("]");
    return scope_.load(buffer, std::move(index));
  }

  Expr parse_call(const Token& name) {
    if (name.text == "cast" || name.text == "bitcast") return parse_conversion(name);
    if (name.text == "broadcast" || name.text == "ramp") return parse_vector(name);
    if (name.text == "read_or") return parse_read_or();
    if (std::optional<Op> op = function(name.text)) return build_call(name, *op, parse_arguments());
    return known_read(name, scope_.read(name.text, parse_arguments(), {}));
  }

  std::vector<Expr> parse_arguments() {
    std::vector<Expr> args;
    while (!lexer_.accept(")")) {
      if (!args.empty()) lexer_.expect(",");
      args.push_back(parse(1));
    }
    return args;
  }

  Expr build_call(const Token& name, Op op, std::vector<Expr> args) {
    if (int(args.size()) != traits(op).arity)
      lexer_.fail_at(name, fmt::format("{} has {} operands, expected {}", name.text, args.size(), traits(op).arity));
    return checked(name, args, [&] {
      if (op == Op::select) return select(args[0], args[1], args[2]);
      if (op == Op::fma) return fma(args[0], args[1], args[2]);
      return args.size() == 2 ? make_binary(op, args[0], args[1]) : make_unary(op, args[0]);
    });
  }

  Expr parse_conversion(const Token& name) {
    std::optional<DType> dtype = parse_dtype(lexer_.peek().text);
    if (!dtype) lexer_.fail("a type such as f32");
    lexer_.next();
    lexer_.expect(",");
    Expr value = parse(1);
    lexer_.expect(")");
    if (name.text == "cast") return cast(*dtype, value);
    return checked(name, {value}, [&] { return bitcast(*dtype, value); });
  }

  Expr parse_vector(const Token& name) {
    Expr base = parse(1), stride;
    lexer_.expect(",");
    if (name.text == "ramp") {
      stride = parse(1);
      lexer_.expect(",");
    }
    int64_t lanes = lexer_.expect_int("a number of lanes");
    if (lanes < 1 || lanes > 65535) lexer_.fail_at(name, fmt::format("{} lanes, expected 1 to 65535", lanes));
    lexer_.expect(")");
    return checked(name, {base}, [&] { return stride ? ramp(base, stride, int(lanes)) : broadcast(base, int(lanes)); });
  }

  Expr parse_read_or() {
    Token tensor = lexer_.peek();
    lexer_.expect_word("the name of a tensor");
    lexer_.expect("(");
    std::vector<Expr> indices = parse_arguments();
    lexer_.expect(",");
    Expr outside = parse(1);
    lexer_.expect(")");
    return known_read(tensor, scope_.read(tensor.text, std::move(indices), std::move(outside)));
  }

  Expr known_read(const Token& name, Expr e) {
    if (!e) lexer_.fail_at(name, fmt::format("'{}' is no function", name.text));
    return e;
  }

  Lexer& lexer_;
  ExprScope& scope_;
  int depth_ = 0;
};

}  // namespace

Expr parse_expr(Lexer& lexer, ExprScope& scope) { return Parser(lexer, scope).parse(1); }

}  // namespace broach
