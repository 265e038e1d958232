#include "loop/print.h"

#include <unordered_map>
#include <unordered_set>

#include "expr/print.h"

namespace broach {

const char* name_of(ForKind kind) {
  static constexpr const char* names[] = {"for", "parallel", "vector", "unrolled"};
  return names[int(kind)];
}

const char* name_of(Storage storage) {
  static constexpr const char* names[] = {"param", "registers", "stack", "worker_scratch"};
  return names[int(storage)];
}

bool is_statement_word(std::string_view word) {
  for (const char* w : {"for", "parallel", "vector", "unrolled", "alloc", "let", "if", "else", "prefetch", "func"})
    if (word == w) return true;
  return false;
}

namespace {

// What variables and buffers are called in the text. For people: by their own name, numbered where names collide.
// Canonically: by the order in which they are bound, so that the text doesn't depend on names.
class Names : public ExprNames {
 public:
  explicit Names(bool canonical) : canonical_(canonical) {}

  std::string var(const Var& var) override { return find(var.get(), var->name); }
  std::string buffer(const Buffer& buffer) override { return find(buffer.get(), buffer->name); }
  std::string tensor(const std::shared_ptr<const TensorNode>&) override {
    BROACH_CHECK(false, "a tensor is read inside loops");
    return {};
  }

  std::string bind(const Var& var) { return bind(var.get(), var->name, 'v'); }
  std::string bind(const Buffer& buffer) { return bind(buffer.get(), buffer->name, 'b'); }

 private:
  std::string bind(const void* identity, const std::string& name, char kind) {
    if (canonical_) return names_[identity] = fmt::format("{}{}", kind, bound_++);
    return find(identity, name);
  }

  const std::string& find(const void* identity, const std::string& name) {
    auto [it, fresh] = names_.try_emplace(identity);
    if (fresh) it->second = unique(identifier(name));
    return it->second;
  }

  std::string unique(const std::string& name) {
    std::string candidate = name;
    int& number = numbers_[name];
    while (is_reserved(candidate) || is_statement_word(candidate) || used_.contains(candidate)) candidate = fmt::format("{}_{}", name, ++number);
    used_.insert(candidate);
    return candidate;
  }

  bool canonical_;
  int bound_ = 0;
  std::unordered_map<const void*, std::string> names_;
  std::unordered_set<std::string> used_;
  std::unordered_map<std::string, int> numbers_;  // the last number tried per name
};

class Printer {
 public:
  explicit Printer(bool canonical) : names_(canonical) {}

  std::string print(const PrimFunc& f, const std::string& name) {
    out_ += "func " + name + "(";
    for (size_t i = 0; i < f.params.size(); ++i) {
      if (i) out_ += ", ";
      declare(f.params[i]);
    }
    out_ += ")";
    print_body(f.body);
    return std::move(out_);
  }

  std::string print(const Stmt& s) {
    print_stmt(s);
    return std::move(out_);
  }

 private:
  // last: s ends its braces, so a Let needs none of its own.
  void print_stmt(const Stmt& s, bool last = true) {
    switch (s->op) {
      case StmtOp::block:
        for (const Stmt& child : s->body) print_stmt(child, last && &child == &s->body.back());
        return;
      case StmtOp::for_loop: return print_for(s);
      case StmtOp::let: return print_let(s, last);
      case StmtOp::if_then_else:
        start_line("if ");
        out_ += text(s->exprs[0]);
        print_body(s.body(), s->body.size() < 2);
        if (s->body.size() < 2) return;
        out_ += " else";
        return print_body(s->body[1]);
      case StmtOp::store:
        start_line("");
        out_ += names_.buffer(s->buffer) + "[" + text(s->exprs[0]) + "] = " + text(s->exprs[1]) + "\n";
        return;
      case StmtOp::allocate:
        start_line("alloc ");
        declare(s->buffer);
        return print_body(s.body());
      case StmtOp::prefetch:
        start_line("prefetch ");
        out_ += names_.buffer(s->buffer) + "[" + text(s->exprs[0]) + "]\n";
        return;
    }
  }

  void print_let(const Stmt& s, bool last) {
    std::string value = text(s->exprs[0]);  // before the variable is in scope
    start_line("let ");
    out_ += names_.bind(s->var) + " = " + value;
    if (!last) return print_body(s.body());
    out_ += '\n';
    print_stmt(s.body());
  }

  void print_for(const Stmt& s) {
    const Expr &begin = s->exprs[0], &extent = s->exprs[1];
    std::string range;
    bool from_zero = begin.is(Op::int_imm) && begin->int_value == 0;
    if (from_zero)
      range = "0.." + text(extent);
    else if (begin.is(Op::int_imm) && extent.is(Op::int_imm))
      range = fmt::format("{}..{}", begin->int_value, int64_t(uint64_t(begin->int_value) + uint64_t(extent->int_value)));
    else
      range = text(begin) + " ..+ " + text(extent);
    start_line(name_of(s->for_kind));
    out_ += " " + names_.bind(s->var) + " in " + range;
    print_body(s.body());
  }

  void print_body(const Stmt& body, bool end_line = true) {
    out_ += " {\n";
    ++depth_;
    print_stmt(body);
    --depth_;
    start_line("}");
    if (end_line) out_ += '\n';
  }

  void declare(const Buffer& b) {
    fmt::format_to(std::back_inserter(out_), "{}: {}[{}] {}{}", names_.bind(b), info(b->dtype).name, b->elements, name_of(b->storage),
                   b->written ? " written" : "");
  }

  std::string text(const Expr& e) {
    std::string result;
    broach::print(result, e, names_);
    return result;
  }

  void start_line(const char* text) {
    out_.append(size_t(depth_) * 2, ' ');
    out_ += text;
  }

  Names names_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string to_string(const Stmt& s) { return Printer(false).print(s); }
std::string to_string(const PrimFunc& f) { return Printer(false).print(f, identifier(f.name)); }
std::string structural_key(const PrimFunc& f) { return Printer(true).print(f, "f"); }
bool structurally_equal(const PrimFunc& a, const PrimFunc& b) { return structural_key(a) == structural_key(b); }

}  // namespace broach
