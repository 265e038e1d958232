#include <charconv>
#include <unordered_map>

#include "graph/op_def.h"
#include "graph/text.h"

namespace broach {
namespace {

// Reads words and signs of the text; every fault names its line.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw_error("graph text, line {}: {}", line_, fmt::format(format, std::forward<Args>(args)...));
  }
  bool at_end() { return skip_blanks(), at_ == text_.size(); }
  bool accept(std::string_view sign) {
    Scanner before = *this;
    skip_blanks();
    if (text_.substr(at_).starts_with(sign)) return at_ += sign.size(), true;
    *this = before;  // the line of what was read last stays the line of its faults
    return false;
  }
  void expect(std::string_view sign) {
    if (!accept(sign)) fail("'{}' expected", sign);
  }
  // A plain word or a quoted one, unescaped.
  std::string word() {
    skip_blanks();
    if (accept("\"")) return quoted_rest();
    size_t begin = at_;
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
    if (begin == at_) fail("a name expected");
    return std::string(text_.substr(begin, at_ - begin));
  }
  template <class T>
  T number() {
    skip_blanks();
    T value{};
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("a number expected");
    at_ = size_t(end - text_.data());
    return value;
  }
  template <class T>
  std::vector<T> numbers() {
    std::vector<T> values;
    expect("[");
    if (accept("]")) return values;
    do values.push_back(number<T>());
    while (accept(","));
    expect("]");
    return values;
  }
  DType dtype() {
    std::string name = word();
    if (auto dtype = parse_dtype(name)) return *dtype;
    fail("'{}' is no element type", name);
  }
  Layout layout() {
    std::string name = word();
    Layout layout;
    if (name == "plain") return layout;
    auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), layout.block);
    if (name[0] != 'c' || error != std::errc() || *end || layout.block < 1) fail("'{}' is no layout", name);
    return layout;
  }
  TensorType type() {
    TensorType type;
    type.dtype = dtype();
    type.shape = numbers<int64_t>();
    if (accept(":")) type.layout = layout();
    element_count(type.shape);
    return type;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) line_ += text_[at_++] == '\n';
  }
  std::string quoted_rest() {
    std::string result;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size() && text_[at_] == 'x') {
        int code = 0;
        size_t last = std::min(at_ + 3, text_.size());
        auto [end, error] = std::from_chars(text_.data() + at_ + 1, text_.data() + last, code, 16);
        if (error != std::errc()) fail("'\\x' needs two digits");
        at_ = size_t(end - text_.data());
        c = char(code);
      } else if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
      }
      result += c;
    }
    if (at_ == text_.size() || text_[at_] != '"') fail("a quotation has no end");
    ++at_;
    return result;
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

// Fills the field called `wanted`.
class AttributeReader : public AttributeVisitor {
 public:
  AttributeReader(Scanner& in, std::string wanted) : in_(in), wanted_(std::move(wanted)) {}
  bool found = false;
  void visit(const char* name, int64_t& value) override {
    read(name, value, [&] { return in_.number<int64_t>(); });
  }
  void visit(const char* name, double& value) override {
    read(name, value, [&] { return in_.number<double>(); });
  }
  void visit(const char* name, std::string& value) override {
    read(name, value, [&] { return in_.word(); });
  }
  void visit(const char* name, DType& value) override {
    read(name, value, [&] { return in_.dtype(); });
  }
  void visit(const char* name, Layout& value) override {
    read(name, value, [&] { return in_.layout(); });
  }
  void visit(const char* name, bool& value) override {
    read(name, value, [&] {
      std::string word = in_.word();
      if (word != "true" && word != "false") in_.fail("'{}' is neither true nor false", word);
      return word == "true";
    });
  }
  void visit(const char* name, std::vector<int64_t>& value) override {
    read(name, value, [&] { return in_.numbers<int64_t>(); });
  }
  void visit(const char* name, std::vector<double>& value) override {
    read(name, value, [&] { return in_.numbers<double>(); });
  }

 private:
  template <class T, class Read>
  void read(const char* name, T& value, Read read) {
    if (name != wanted_) return;
    found = true;
    value = read();
  }
  Scanner& in_;
  std::string wanted_;
};

class Parser {
 public:
  Parser(std::string_view text, const std::function<Constant(const std::string&, const TensorType&)>& constants,
         const std::function<const OpDef*(std::string_view)>& find_op)
      : in_(text), constants_(constants), find_op_(find_op) {}

  Graph parse() {
    in_.expect("graph");
    graph_.name = in_.word();
    in_.expect("{");
    while (!in_.accept("}")) statement();
    if (!in_.at_end()) in_.fail("nothing expected after the graph");
    return std::move(graph_);
  }

 private:
  void statement() {
    if (in_.accept("%")) return node();
    std::string keyword = in_.word();
    if (keyword == "input") {
      in_.expect("%");
      auto [name, type] = typed_name();
      define(name, graph_.add_input(name, type));
    } else if (keyword == "constant") {
      constant();
    } else if (keyword == "output") {
      output();
    } else {
      in_.fail("'{}' is no statement", keyword);
    }
  }

  std::pair<std::string, TensorType> typed_name() {
    std::string name = in_.word();
    in_.expect(":");
    return {name, in_.type()};
  }

  void define(const std::string& name, Value* value) {
    if (value->name != name || !values_.emplace(name, value).second) in_.fail("the name '{}' is taken twice", name);
  }

  void constant() {
    in_.expect("@");
    auto [name, type] = typed_name();
    Constant value = in_.accept("=") ? written(type) : constants_ ? constants_(name, type) : Constant();
    if (!value) in_.fail("constant '{}' has no data", name);
    if (value.type() != type) in_.fail("constant '{}' has type {} in the data", name, to_string(value.type()));
    define(name, graph_.add_constant(std::move(value), name));
  }

  Constant written(const TensorType& type) {
    std::vector<double> floats;
    std::vector<int64_t> ints;
    if (type.dtype == DType::f32)
      for (float value : in_.numbers<float>()) floats.push_back(value);  // rounded once, as it was printed
    else if (is_float(type.dtype))
      floats = in_.numbers<double>();
    else
      ints = in_.numbers<int64_t>();
    size_t count = is_float(type.dtype) ? floats.size() : ints.size();
    if (int64_t(count) != element_count(type.shape)) in_.fail("{} values for a constant of type {}", count, to_string(type));
    return is_float(type.dtype) ? Constant::of_floats(floats, type.shape, type.dtype) : Constant::of_ints(ints, type.shape, type.dtype);
  }

  void node() {
    std::vector<std::pair<std::string, TensorType>> results = {typed_name()};
    while (in_.accept(",")) {
      in_.expect("%");
      results.push_back(typed_name());
    }
    in_.expect("=");
    std::string op_name = in_.word();
    const OpDef* op = find_op_(op_name);
    if (!op) in_.fail("'{}' is no operator", op_name);
    in_.expect("(");
    std::vector<Value*> inputs;
    if (!in_.accept(")")) {
      inputs = values();
      in_.expect(")");
    }
    auto attributes = op->make_attributes();
    if (in_.accept("{")) read_attributes(*op, *attributes);
    add_node(*op, std::move(inputs), std::move(attributes), results);
  }

  void add_node(const OpDef& op, std::vector<Value*> inputs, std::unique_ptr<Attributes> attributes,
                const std::vector<std::pair<std::string, TensorType>>& results) {
    Origin origin;
    if (in_.accept("#")) {
      do origin.push_back(in_.word());
      while (in_.accept(","));
    }
    Node* node = nullptr;
    try {
      node = graph_.add(op, std::move(inputs), std::move(attributes), std::move(origin), results[0].first);
    } catch (const Error& error) {
      in_.fail("{}: {}", op.name, error.what());
    }
    if (node->outputs.size() != results.size()) in_.fail("{} has {} results", op.name, node->outputs.size());
    for (size_t i = 0; i < results.size(); ++i) {
      auto& [name, type] = results[i];
      Value* value = node->outputs[i];
      if (value->type.dtype != type.dtype || value->type.shape != type.shape) in_.fail("{} gives {}", op.name, to_string(value->type));
      value->type = type;
      if (value->name != name) graph_.rename(value, name);
      define(name, value);
    }
  }

  void read_attributes(const OpDef& op, Attributes& attributes) {
    if (in_.accept("}")) return;
    do {
      AttributeReader reader(in_, in_.word());
      in_.expect(":");
      attributes.accept(reader);
      if (!reader.found) in_.fail("{} has no such attribute", op.name);
    } while (in_.accept(","));
    in_.expect("}");
  }

  void output() {
    Value* of = value();
    if (!of) in_.fail("an output is a value");
    graph_.add_output(of, in_.accept("as ") ? in_.word() : of->name);
  }

  // "%x, none, @w"
  std::vector<Value*> values() {
    std::vector<Value*> values;
    do values.push_back(value());
    while (in_.accept(","));
    return values;
  }

  Value* value() {
    if (in_.accept("none")) return nullptr;
    if (!in_.accept("%") && !in_.accept("@")) in_.fail("a value expected");
    std::string name = in_.word();
    auto at = values_.find(name);
    if (at == values_.end()) in_.fail("'{}' is not defined before its use", name);
    return at->second;
  }

  Scanner in_;
  const std::function<Constant(const std::string&, const TensorType&)>& constants_;
  const std::function<const OpDef*(std::string_view)>& find_op_;
  Graph graph_;
  std::unordered_map<std::string, Value*> values_;
};

}  // namespace

Graph parse_graph(std::string_view text, const std::function<Constant(const std::string&, const TensorType&)>& constants,
                  const std::function<const OpDef*(std::string_view)>& find_op) {
  return Parser(text, constants, find_op).parse();
}

}  // namespace broach
