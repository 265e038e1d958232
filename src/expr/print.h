#pragma once
// Expressions as text. The grammar is in docs/ir.md; expr/parse.h reads it back.
#include <string>

#include "expr/expr.h"

namespace broach {

// Gives the names that stand in the text. Expressions know variables by identity only; who prints decides what they
// are called.
class ExprNames {
 public:
  virtual ~ExprNames() = default;
  virtual std::string var(const Var& var) = 0;
  virtual std::string buffer(const std::shared_ptr<const BufferNode>& buffer) = 0;
  virtual std::string tensor(const std::shared_ptr<const TensorNode>& tensor) = 0;
};

void print(std::string& out, const Expr& e, ExprNames& names);

// `name` with what is not a letter, digit or underscore replaced by one; never empty, never starting with a digit.
std::string identifier(const std::string& name);
bool is_reserved(const std::string& name);  // a function or literal of the grammar

}  // namespace broach
