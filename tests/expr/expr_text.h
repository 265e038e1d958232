#pragma once
// Expressions from text for the tables of these tests.
#include <map>
#include <sstream>

#include "expr/parse.h"
#include "expr/simplify.h"

namespace broach {

// Any name is a variable: i64, or of the type that follows an underscore ("x_f32", "n_i8").
class TextScope : public ExprScope {
 public:
  Var find_var(std::string_view name) override {
    Var& var = vars_[std::string(name)];
    if (!var) var = make_var(std::string(name), dtype_of(name));
    return var;
  }

  Expr parse(std::string_view text) {
    Lexer lexer(text);
    return parse_expr(lexer, *this);
  }

  // "x=0..55 t=0..3"
  Bounds bounds(const std::string& text) {
    Bounds result;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      size_t equals = word.find('='), dots = word.find("..");
      Interval interval{std::stoll(word.substr(equals + 1)), std::stoll(word.substr(dots + 2))};
      result.set(find_var(word.substr(0, equals)), interval);
    }
    return result;
  }

 private:
  static DType dtype_of(std::string_view name) {
    size_t at = name.find('_');
    std::optional<DType> dtype = at == name.npos ? std::nullopt : parse_dtype(name.substr(at + 1));
    return dtype.value_or(DType::i64);
  }

  std::map<std::string, Var> vars_;
};

}  // namespace broach
