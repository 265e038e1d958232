#include <map>
#include <set>

#include "expr/print.h"
#include "te/tensor.h"
#include "te/text.h"

namespace broach {
namespace {

// Names that are unique and no words of the grammar: the own one, numbered where it is taken.
class UniqueNames {
 public:
  const std::string& of(const void* identity, const std::string& name) {
    auto [it, fresh] = names_.try_emplace(identity);
    if (fresh) {
      std::string base = identifier(name), candidate = base;
      for (int i = 1; is_reserved(candidate) || taken_.contains(candidate); ++i) candidate = fmt::format("{}_{}", base, i);
      taken_.insert(candidate);
      it->second = candidate;
    }
    return it->second;
  }

 private:
  std::map<const void*, std::string> names_;
  std::set<std::string> taken_;
};

class Printer : public ExprNames {
 public:
  std::string var(const Var& var) override { return vars_.of(var.get(), var->name); }
  std::string buffer(const std::shared_ptr<const BufferNode>&) override {
    BROACH_CHECK(false, "a buffer is loaded inside a tensor expression");
    return {};
  }
  std::string tensor(const Tensor& tensor) override { return tensors_.of(tensor.get(), tensor->name); }

  void print(const Tensor& t) {
    vars_ = {};
    if (t->is_placeholder()) {
      add("placeholder {}: {}[{}]\n", tensor(t), info(t->dtype).name, fmt::join(t->shape, ", "));
      return;
    }
    add("compute {}: {}[", tensor(t), info(t->dtype).name);
    print_axes(t->axes);
    out_ += ']';
    if (t->is_reduction()) print_reduction(t->reduction);
    out_ += " = ";
    broach::print(out_, t->result, *this);
    out_ += '\n';
  }

  void print_output(const Tensor& t) { add("output {}\n", tensor(t)); }
  std::string take() { return std::move(out_); }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void print_axes(const std::vector<Axis>& axes) {
    const char* comma = "";
    for (const Axis& axis : axes) {
      add("{}{}: {}", comma, var(axis.var), axis.extent);
      comma = ", ";
    }
  }

  void print_reduction(const Reduction& r) {
    add(" {} over [", reducer_names[int(r.reducer)]);
    print_axes(r.axes);
    out_ += "] {\n";
    for (size_t i = 0; i < r.acc.size(); ++i) add("  {}: {}\n", var(r.acc[i]), info(r.acc[i]->dtype).name);
    for (size_t i = 0; i < r.acc.size(); ++i) {
      add("  {} = ", var(r.acc[i]));
      broach::print(out_, r.init[i], *this);
      out_ += " then ";
      broach::print(out_, r.update[i], *this);
      out_ += '\n';
    }
    out_ += '}';
  }

  UniqueNames vars_, tensors_;
  std::string out_;
};

}  // namespace

std::string to_string(const Tensor& tensor) {
  Printer printer;
  printer.print(tensor);
  return printer.take();
}

std::string to_string(const std::vector<Tensor>& outputs) {
  Printer printer;
  for (const Tensor& tensor : reachable(outputs)) printer.print(tensor);
  for (const Tensor& output : outputs) printer.print_output(output);
  return printer.take();
}

}  // namespace broach
