#include <map>

#include "expr/parse.h"
#include "te/tensor.h"
#include "te/text.h"

namespace broach {
namespace {

class Parser : public ExprScope {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  std::vector<Tensor> parse() {
    std::vector<Tensor> outputs;
    while (lexer_.peek().kind != TokenKind::end) {
      if (lexer_.accept("placeholder"))
        parse_placeholder();
      else if (lexer_.accept("compute"))
        parse_compute();
      else if (lexer_.accept("output"))
        outputs.push_back(known_tensor());
      else
        lexer_.fail("placeholder, compute or output");
    }
    return outputs;
  }

  Var find_var(std::string_view name) override {
    auto it = vars_.find(name);
    return it == vars_.end() ? nullptr : it->second;
  }

  Expr read(std::string_view name, std::vector<Expr> indices, Expr outside) override {
    auto it = tensors_.find(name);
    if (it == tensors_.end()) return {};
    const Tensor& tensor = it->second;
    bool fits = indices.size() == tensor->shape.size() && (!outside || outside.type() == Type{tensor->dtype, 1});
    for (const Expr& index : indices) fits &= index.type() == Type{};
    if (!fits)
      lexer_.fail_at(lexer_.peek(), fmt::format("the read of {} does not fit: expected {} indices of type i64, and outside a {}", name,
                                                tensor->shape.size(), info(tensor->dtype).name));
    return outside ? read_or(tensor, std::move(indices), std::move(outside)) : broach::read(tensor, std::move(indices));
  }

 private:
  DType parse_type() {
    std::optional<DType> dtype = parse_dtype(lexer_.peek().text);
    if (!dtype) lexer_.fail("a type such as f32");
    lexer_.next();
    return *dtype;
  }

  int64_t parse_extent() {
    Token at = lexer_.peek();
    int64_t extent = lexer_.expect_int("an extent");
    if (extent < 0) lexer_.fail_at(at, "an extent is negative");
    return extent;
  }

  // "[a, b, ...]" with one item per call of `item`.
  void parse_list(const std::function<void()>& item) {
    lexer_.expect("[");
    for (bool first = true; !lexer_.accept("]"); first = false) {
      if (!first) lexer_.expect(",");
      item();
    }
  }

  void add_tensor(const Token& at, Tensor tensor) {
    if (!tensors_.emplace(tensor->name, tensor).second) lexer_.fail_at(at, fmt::format("the tensor '{}' is there already", tensor->name));
  }

  // "name: " and what `parse_rest` reads, which says the type.
  Var add_var(const std::function<DType()>& parse_rest) {
    Token at = lexer_.peek();
    std::string name{lexer_.expect_word("the name of a variable")};
    lexer_.expect(":");
    Var var = make_var(name, parse_rest());
    if (!vars_.emplace(name, var).second) lexer_.fail_at(at, fmt::format("the variable '{}' is there already", name));
    return var;
  }

  Tensor known_tensor() {
    Token at = lexer_.peek();
    auto it = tensors_.find(lexer_.expect_word("the name of a tensor"));
    if (it == tensors_.end()) lexer_.fail_at(at, fmt::format("'{}' is no tensor", at.text));
    return it->second;
  }

  void parse_placeholder() {
    Token at = lexer_.peek();
    std::string name{lexer_.expect_word("the name of a tensor")};
    lexer_.expect(":");
    DType dtype = parse_type();
    std::vector<int64_t> shape;
    parse_list([&] { shape.push_back(parse_extent()); });
    add_tensor(at, placeholder(std::move(name), dtype, std::move(shape)));
  }

  std::vector<Axis> parse_axes() {
    std::vector<Axis> axes;
    parse_list([&] {
      int64_t extent = 0;
      Var var = add_var([&] {
        extent = parse_extent();
        return DType::i64;
      });
      axes.push_back({var, extent});
    });
    return axes;
  }

  Expr parse_value(DType dtype) {
    Token at = lexer_.peek();
    Expr e = parse_expr(lexer_, *this);
    if (e.type() != Type{dtype, 1}) lexer_.fail_at(at, fmt::format("the value is {}, expected {}", info(e.dtype()).name, info(dtype).name));
    return e;
  }

  void parse_compute() {
    vars_.clear();
    Token at = lexer_.peek();
    TensorNode node;
    node.name = lexer_.expect_word("the name of a tensor");
    lexer_.expect(":");
    node.dtype = parse_type();
    node.axes = parse_axes();
    for (const Axis& axis : node.axes) node.shape.push_back(axis.extent);
    if (!lexer_.at("=")) node.reduction = parse_reduction();
    lexer_.expect("=");
    node.result = parse_value(node.dtype);
    add_tensor(at, std::make_shared<const TensorNode>(std::move(node)));
  }

  Reducer parse_reducer() {
    for (int i = 1; i < int(std::size(reducer_names)); ++i)
      if (lexer_.accept(reducer_names[i])) return Reducer(i);
    lexer_.fail("sum, max, min, prod, custom or '='");
  }

  Reduction parse_reduction() {
    Reduction r;
    r.reducer = parse_reducer();
    lexer_.expect("over");
    r.axes = parse_axes();
    lexer_.expect("{");
    do r.acc.push_back(add_var([&] { return parse_type(); }));
    while (lexer_.peek().text != r.acc[0]->name);  // which its first value follows
    for (const Var& acc : r.acc) {
      lexer_.expect(acc->name);
      lexer_.expect("=");
      r.init.push_back(parse_value(acc->dtype));
      lexer_.expect("then");
      r.update.push_back(parse_value(acc->dtype));
    }
    lexer_.expect("}");
    return r;
  }

  Lexer lexer_;
  std::map<std::string, Var, std::less<>> vars_;  // of the tensor that is read
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace

std::vector<Tensor> parse_tensors(std::string_view text) { return Parser(text).parse(); }

}  // namespace broach
