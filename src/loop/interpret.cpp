// A tree-walking interpreter. Statements and expressions are first turned into arrays in which every variable,
// constant and intermediate value has its place, so that running looks nothing up.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "expr/evaluate.h"
#include "loop/stmt.h"

namespace broach {
namespace {

struct Memory {
  std::string name;
  DType dtype;
  int64_t elements;
  char* data = nullptr;
  std::vector<char> own = {};          // of an allocation
  std::vector<uint32_t> written = {};  // per element of an allocation: the generation that wrote it
  uint32_t generation = 0;             // counts the entries of the Allocate
};

struct Node {
  Op op;
  DType dtype, operand;  // of the result; of the operands (select: of the arms)
  int lanes;
  int args[3] = {-1, -1, -1};
  size_t value = 0;  // its first lane in values
  Memory* memory = nullptr;
  bool shared = false;  // used by several parents
  uint64_t stamp = 0;   // the statement execution that computed it
};

struct Code {
  StmtOp op;
  size_t var = 0;  // in values
  int exprs[2] = {-1, -1};
  Memory* memory = nullptr;
  std::vector<Code> body = {};
};

class Machine {
 public:
  Machine(const PrimFunc& f, const std::vector<void*>& arguments) : f_(f) {
    BROACH_CHECK(arguments.size() == f.params.size(), "{} has {} parameters, {} arguments were given", f.name, f.params.size(), arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) memory_of(f.params[i]).data = static_cast<char*>(arguments[i]);
    code_ = compile(f.body);
  }

  void run() { run(code_); }

 private:
  // Compiling.
  Memory& memory_of(const Buffer& b) {
    auto [it, fresh] = memories_.try_emplace(b.get(), Memory{b->name, b->dtype, b->elements});
    return it->second;
  }

  size_t reserve(int lanes) {
    values_.resize(values_.size() + size_t(lanes));
    return values_.size() - size_t(lanes);
  }

  Code compile(const Stmt& s) {
    Code code{s->op};
    nodes_of_statement_.clear();
    for (size_t i = 0; i < s->exprs.size(); ++i) code.exprs[i] = compile(s->exprs[i]);
    if (s->var) code.var = vars_[s->var.get()] = reserve(1);
    if (s->buffer) code.memory = &memory_of(s->buffer);
    if (s.is(StmtOp::allocate)) {
      Memory& m = *code.memory;
      m.own.resize(size_t(m.elements * byte_size(m.dtype)));
      m.written.resize(size_t(m.elements));
      m.data = m.own.data();
    }
    for (const Stmt& child : s->body) code.body.push_back(compile(child));
    return code;
  }

  int compile(const Expr& e) {
    auto seen = nodes_of_statement_.find(e.get());
    if (seen != nodes_of_statement_.end()) {
      nodes_[size_t(seen->second)].shared = true;
      return seen->second;
    }
    Node node{e->op, e.dtype(), e->args.empty() ? e.dtype() : e.arg(e.is(Op::select) ? 1 : 0).dtype(), e.lanes()};
    for (size_t i = 0; i < e->args.size(); ++i) node.args[i] = compile(e->args[i]);
    node.value = e.is(Op::var) ? vars_.at(e->var.get()) : reserve(e.lanes());
    if (e.is(Op::int_imm)) values_[node.value] = make_scalar(e->int_value, e.dtype());
    if (e.is(Op::float_imm)) values_[node.value] = make_scalar(e->float_value, e.dtype());
    if (e.is(Op::load)) node.memory = &memory_of(e->buffer);
    nodes_.push_back(node);
    return nodes_of_statement_[e.get()] = int(nodes_.size()) - 1;
  }

  // Running.
  void run(const Code& code) {
    switch (code.op) {
      case StmtOp::for_loop: {
        ++now_;
        int64_t begin = eval(code.exprs[0])->i, extent = eval(code.exprs[1])->i;
        for (int64_t i = 0; i < extent; ++i) {
          values_[code.var].i = begin + i;
          run(code.body[0]);
        }
        return;
      }
      case StmtOp::block:
        for (const Code& child : code.body) run(child);
        return;
      case StmtOp::let:
        ++now_;
        values_[code.var] = *eval(code.exprs[0]);
        return run(code.body[0]);
      case StmtOp::if_then_else:
        ++now_;
        if (eval(code.exprs[0])->i)
          run(code.body[0]);
        else if (code.body.size() > 1)
          run(code.body[1]);
        return;
      case StmtOp::store: return store(code);
      case StmtOp::allocate: ++code.memory->generation; return run(code.body[0]);
      case StmtOp::prefetch: return;
    }
  }

  void store(const Code& code) {
    ++now_;
    const Scalar *index = eval(code.exprs[0]), *value = eval(code.exprs[1]);
    Memory& m = *code.memory;
    int lanes = nodes_[size_t(code.exprs[0])].lanes;
    for (int lane = 0; lane < lanes; ++lane) {
      int64_t i = index[lane].i;
      if (uint64_t(i) >= uint64_t(m.elements)) fail_outside(m, i, "written");
      if (!m.written.empty()) m.written[size_t(i)] = m.generation;
      if (m.dtype == DType::f32) {
        auto single = float(value[lane].f);
        std::memcpy(m.data + i * 4, &single, 4);
      } else if (is_float(m.dtype)) {
        store_double(m.dtype, m.data, i, value[lane].f);
      } else {
        store_int(m.dtype, m.data, i, value[lane].i);
      }
    }
  }

  Scalar load(const Memory& m, int64_t i) {
    if (uint64_t(i) >= uint64_t(m.elements)) fail_outside(m, i, "read");
    if (!m.written.empty() && m.written[size_t(i)] != m.generation)
      throw InternalError(fmt::format("interpreting {}: element {} of {} is read before it is written", f_.name, i, m.name));
    if (m.dtype == DType::f32) {
      float single;
      std::memcpy(&single, m.data + i * 4, 4);
      return {0, single};
    }
    if (is_float(m.dtype)) return {0, load_as_double(m.dtype, m.data, i)};
    return {load_as_int(m.dtype, m.data, i), 0};
  }

  [[noreturn]] void fail_outside(const Memory& m, int64_t i, const char* what) {
    throw InternalError(fmt::format("interpreting {}: element {} of {} is {}, which has {} elements", f_.name, i, m.name, what, m.elements));
  }

  // The lanes of a node, valid until it is computed again. Lanes that mask_ excludes are arbitrary.
  const Scalar* eval(int number) {
    Node& node = nodes_[size_t(number)];
    Scalar* out = &values_[node.value];
    if (node.op <= Op::var) return out;
    if (node.shared) {
      if (node.stamp == now_) return out;
      node.stamp = mask_ ? 0 : now_;
    }
    switch (node.op) {
      case Op::load: eval_load(node, out); break;
      case Op::select: eval_select(node, out); break;
      case Op::broadcast: std::fill_n(out, node.lanes, *eval_scalar(node.args[0])); break;
      case Op::ramp: eval_ramp(node, out); break;
      case Op::reduce_add:
      case Op::reduce_max:
      case Op::reduce_min:
      case Op::reduce_mul: {
        const Scalar* lanes = eval(node.args[0]);
        *out = reduce_lanes(node.op, node.dtype, {lanes, lanes + nodes_[size_t(node.args[0])].lanes});
        break;
      }
      default: eval_operator(node, out);
    }
    return out;
  }

  // eval without the call where there is nothing to compute.
  const Scalar* operand(int number) {
    const Node& node = nodes_[size_t(number)];
    return node.op <= Op::var ? &values_[node.value] : eval(number);
  }

  // For the scalar under a vector: it is wanted if any lane is.
  const Scalar* eval_scalar(int number) {
    const uint8_t* mask = std::exchange(mask_, nullptr);
    const Scalar* result = eval(number);
    mask_ = mask;
    return result;
  }

  void eval_load(const Node& node, Scalar* out) {
    const Scalar* index = eval(node.args[0]);
    for (int lane = 0; lane < node.lanes; ++lane)
      if (!mask_ || mask_[lane]) out[lane] = load(*node.memory, index[lane].i);
  }

  void eval_ramp(const Node& node, Scalar* out) {
    Scalar operands[3] = {*eval_scalar(node.args[1]), {}, *eval_scalar(node.args[0])};
    for (int lane = 0; lane < node.lanes; ++lane) {
      operands[1] = make_scalar(int64_t(lane), node.dtype);
      out[lane] = apply_operator(Op::fma, node.dtype, node.dtype, operands);
    }
  }

  void eval_select(const Node& node, Scalar* out) {
    const Scalar* condition = eval(node.args[0]);
    if (node.lanes == 1) {
      *out = *eval(node.args[condition->i ? 1 : 2]);
      return;
    }
    const uint8_t* outer = mask_;
    std::vector<uint8_t> mask(size_t(node.lanes));
    for (int arm : {1, 2}) {
      bool any = false;
      for (int lane = 0; lane < node.lanes; ++lane) {
        mask[size_t(lane)] = (condition[lane].i != 0) == (arm == 1) && (!outer || outer[lane]);
        any |= mask[size_t(lane)] != 0;
      }
      if (!any) continue;
      mask_ = mask.data();
      const Scalar* value = eval(node.args[arm]);
      for (int lane = 0; lane < node.lanes; ++lane)
        if (mask[size_t(lane)]) out[lane] = value[lane];
      mask_ = outer;
    }
  }

  void eval_operator(const Node& node, Scalar* out) {
    const Scalar* a = operand(node.args[0]);
    const Scalar* b = node.args[1] < 0 ? a : operand(node.args[1]);
    const Scalar* c = node.args[2] < 0 ? a : operand(node.args[2]);
    if (node.operand == DType::f32 && eval_f32(node, out, a, b, c)) return;
    if (node.operand == DType::i64 && eval_i64(node, out, a, b)) return;
    for (int lane = 0; lane < node.lanes; ++lane) {
      Scalar operands[3] = {a[lane], b[lane], c[lane]};
      out[lane] = apply_operator(node.op, node.operand, node.dtype, operands);
    }
  }

  // What kernels are made of, without the detour; results are those of apply_operator.
  static bool eval_f32(const Node& node, Scalar* out, const Scalar* a, const Scalar* b, const Scalar* c) {
    for (int lane = 0; lane < node.lanes; ++lane) {
      auto x = float(a[lane].f), y = float(b[lane].f);
      switch (node.op) {
        case Op::add: out[lane].f = x + y; break;
        case Op::sub: out[lane].f = x - y; break;
        case Op::mul: out[lane].f = x * y; break;
        case Op::fma: out[lane].f = std::fmaf(x, y, float(c[lane].f)); break;
        default: return false;
      }
    }
    return true;
  }

  static bool eval_i64(const Node& node, Scalar* out, const Scalar* a, const Scalar* b) {
    for (int lane = 0; lane < node.lanes; ++lane) {
      int64_t x = a[lane].i, y = b[lane].i;
      switch (node.op) {
        case Op::add: out[lane].i = int64_t(uint64_t(x) + uint64_t(y)); break;
        case Op::sub: out[lane].i = int64_t(uint64_t(x) - uint64_t(y)); break;
        case Op::mul: out[lane].i = int64_t(uint64_t(x) * uint64_t(y)); break;
        case Op::lt: out[lane].i = x < y; break;
        case Op::le: out[lane].i = x <= y; break;
        default: return false;
      }
    }
    return true;
  }

  const PrimFunc& f_;
  std::unordered_map<const BufferNode*, Memory> memories_;
  std::unordered_map<const VarNode*, size_t> vars_;
  std::unordered_map<const ExprNode*, int> nodes_of_statement_;
  std::vector<Node> nodes_;
  std::vector<Scalar> values_;
  Code code_;
  uint64_t now_ = 0;
  const uint8_t* mask_ = nullptr;  // lanes of the select arm that is computed; null: all
};

}  // namespace

void interpret(const PrimFunc& f, const std::vector<void*>& arguments) {
  verify(f);
  Machine(f, arguments).run();
}

}  // namespace broach
