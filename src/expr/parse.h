#pragma once
// Reading the text of expressions. Lexer and ExprParser are the base of the parsers of loops and tensor expressions.
#include <string_view>

#include "expr/expr.h"

namespace broach {

enum class TokenKind : uint8_t { word, number, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  // points into the lexer's text; a number includes its suffix
  int line = 1, column = 1;
};

// Splits text into words, numbers and symbols, skipping blanks and comments (`#` to the end of the line).
class Lexer {
 public:
  explicit Lexer(std::string_view text);  // keeps a view: text must outlive it

  const Token& peek() const { return token_; }
  Token next();                            // returns the current token and steps on
  bool at(std::string_view symbol) const;  // the current token is this word or symbol
  bool accept(std::string_view symbol);    // at, and steps on
  void expect(std::string_view symbol);    // accept or fail
  std::string_view expect_word(const char* what);
  int64_t expect_int(const char* what);                       // a number without suffix, with an optional minus sign
  [[noreturn]] void fail(const std::string& expected) const;  // "line 2, column 7: found 'x', expected ..."
  [[noreturn]] void fail_at(const Token& token, const std::string& why) const;  // "line 2, column 7: why"

 private:
  void skip_blanks();
  void step(size_t count);
  std::string_view text_;
  size_t position_ = 0;
  int line_ = 1, column_ = 1;
  Token token_;
};

// Resolves the names met in an expression.
class ExprScope {
 public:
  virtual ~ExprScope() = default;
  virtual Var find_var(std::string_view name) = 0;  // null: unknown
  virtual std::shared_ptr<const BufferNode> find_buffer(std::string_view) { return nullptr; }
  virtual Expr load(const std::shared_ptr<const BufferNode>& /*buffer*/, Expr /*index*/) { return {}; }
  // outside is null for a plain read. Null result: unknown.
  virtual Expr read(std::string_view /*tensor*/, std::vector<Expr> /*indices*/, Expr /*outside*/) { return {}; }
};

// Parses one expression at the lexer. Throws Error naming line and column.
Expr parse_expr(Lexer& lexer, ExprScope& scope);

}  // namespace broach
