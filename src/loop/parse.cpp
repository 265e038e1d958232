#include <algorithm>
#include <optional>

#include "expr/parse.h"
#include "loop/print.h"
#include "loop/stmt.h"

namespace broach {
namespace {

class Parser : public ExprScope {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  PrimFunc parse() {
    PrimFunc f;
    lexer_.expect("func");
    f.name = lexer_.expect_word("the function's name");
    lexer_.expect("(");
    while (!lexer_.accept(")")) {
      if (!f.params.empty()) lexer_.expect(",");
      Token at = lexer_.peek();
      f.params.push_back(parse_buffer());
      if (f.params.back()->storage != Storage::param) lexer_.fail_at(at, "a parameter has storage param");
    }
    f.body = parse_body();
    if (lexer_.peek().kind != TokenKind::end) lexer_.fail("the end of the text after the function");
    return f;
  }

  Var find_var(std::string_view name) override { return find(vars_, name); }
  Buffer find_buffer(std::string_view name) override { return find(buffers_, name); }
  Expr load(const Buffer& buffer, Expr index) override { return broach::load(buffer, std::move(index)); }

 private:
  template <class T>
  using Scope = std::vector<std::pair<std::string_view, T>>;  // innermost last

  template <class T>
  static T find(const Scope<T>& scope, std::string_view name) {
    auto it = std::find_if(scope.rbegin(), scope.rend(), [&](const auto& entry) { return entry.first == name; });
    return it == scope.rend() ? nullptr : it->second;
  }

  std::string_view parse_name(const char* what) {
    if (is_statement_word(lexer_.peek().text)) lexer_.fail(what);
    return lexer_.expect_word(what);
  }

  // "acc: f32[96] registers", and binds it.
  Buffer parse_buffer() {
    std::string_view name = parse_name("the name of a buffer");
    lexer_.expect(":");
    std::optional<DType> dtype = parse_dtype(lexer_.peek().text);
    if (!dtype) lexer_.fail("a type such as f32");
    lexer_.next();
    lexer_.expect("[");
    Token at = lexer_.peek();
    int64_t elements = lexer_.expect_int("a number of elements");
    if (elements < 0) lexer_.fail_at(at, "the number of elements is negative");
    lexer_.expect("]");
    Storage storage = parse_storage();
    bool written = lexer_.accept("written");
    buffers_.emplace_back(name, make_buffer(std::string(name), *dtype, elements, storage, written));
    return buffers_.back().second;
  }

  Storage parse_storage() {
    for (Storage s : {Storage::param, Storage::registers, Storage::stack, Storage::worker_scratch})
      if (lexer_.accept(name_of(s))) return s;
    lexer_.fail("param, registers, stack or worker_scratch");
  }

  Stmt parse_body() {
    lexer_.expect("{");
    Stmt body = parse_rest();
    lexer_.expect("}");
    return body;
  }

  // The statements up to the closing brace, which is left.
  Stmt parse_rest() {
    if (++depth_ > 2000) lexer_.fail_at(lexer_.peek(), "statements are nested deeper than 2000 levels");
    std::vector<Stmt> statements;
    while (!lexer_.at("}")) statements.push_back(parse_stmt());
    --depth_;
    return make_block(std::move(statements));
  }

  Stmt parse_stmt() {
    for (ForKind kind : {ForKind::serial, ForKind::parallel, ForKind::vector, ForKind::unrolled})
      if (lexer_.accept(name_of(kind))) return parse_for(kind);
    if (lexer_.accept("alloc")) return parse_allocate();
    if (lexer_.accept("let")) return parse_let();
    if (lexer_.accept("if")) return parse_if();
    if (lexer_.accept("prefetch")) {
      auto [buffer, index] = parse_element();
      return make_prefetch(buffer, index);
    }
    if (lexer_.peek().kind != TokenKind::word) lexer_.fail("a statement");
    auto [buffer, index] = parse_element();
    lexer_.expect("=");
    return make_store(buffer, index, parse_expr(lexer_, *this));
  }

  std::pair<Buffer, Expr> parse_element() {
    Token at = lexer_.peek();
    Buffer buffer = find_buffer(parse_name("the name of a buffer"));
    if (!buffer) lexer_.fail_at(at, fmt::format("'{}' is no buffer in scope", at.text));
    lexer_.expect("[");
    Expr index = parse_expr(lexer_, *this);
    lexer_.expect("]");
    return {buffer, index};
  }

  Stmt parse_for(ForKind kind) {
    std::string_view name = parse_name("the loop's variable");
    lexer_.expect("in");
    Expr begin = parse_expr(lexer_, *this), extent;
    Token at = lexer_.peek();
    if (lexer_.accept("..+")) {
      extent = parse_expr(lexer_, *this);
    } else {
      lexer_.expect("..");
      extent = parse_expr(lexer_, *this);
      if (!begin.is(Op::int_imm) || (begin->int_value != 0 && !extent.is(Op::int_imm)))
        lexer_.fail_at(at, "'..' goes from 0 or between two literals; write begin ..+ extent");
      if (begin->int_value != 0) extent = make_int(int64_t(uint64_t(extent->int_value) - uint64_t(begin->int_value)));
    }
    return with_var(name, DType::i64, [&](const Var& var) { return make_for(var, begin, extent, parse_body(), kind); });
  }

  Stmt parse_let() {
    std::string_view name = parse_name("the variable");
    lexer_.expect("=");
    Expr value = parse_expr(lexer_, *this);
    return with_var(name, value.dtype(), [&](const Var& var) { return make_let(var, value, lexer_.at("{") ? parse_body() : parse_rest()); });
  }

  template <class F>
  Stmt with_var(std::string_view name, DType dtype, F make) {
    Var var = make_var(std::string(name), dtype);
    vars_.emplace_back(name, var);
    Stmt result = make(var);
    vars_.pop_back();
    return result;
  }

  Stmt parse_allocate() {
    Buffer buffer = parse_buffer();
    Stmt body = parse_body();
    buffers_.pop_back();
    return make_allocate(buffer, body);
  }

  Stmt parse_if() {
    Expr condition = parse_expr(lexer_, *this);
    Stmt then_body = parse_body();
    return lexer_.accept("else") ? make_if(condition, then_body, parse_body()) : make_if(condition, then_body);
  }

  Lexer lexer_;
  Scope<Var> vars_;
  Scope<Buffer> buffers_;
  int depth_ = 0;
};

}  // namespace

PrimFunc parse_prim_func(std::string_view text) { return Parser(text).parse(); }

}  // namespace broach
