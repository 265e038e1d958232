#pragma once
// Tensor expressions computed element by element, by their definition. Slow.
#include <map>
#include <vector>

#include "expr/evaluate.h"
#include "te/tensor.h"

namespace broach {

// Elements in row-major order.
using TeValues = std::vector<Scalar>;

class TeEvaluator {
 public:
  // Values of placeholders must be set before what reads them is asked for.
  void set(const Tensor& tensor, TeValues values) { values_[tensor] = std::move(values); }

  const TeValues& values(const Tensor& tensor) {
    for (const Tensor& t : reachable({tensor}))
      if (!values_.contains(t)) values_[t] = compute(*t);
    return values_.at(tensor);
  }

 private:
  using Environment = std::vector<std::pair<Var, Scalar>>;

  static void for_each_point(const std::vector<Axis>& axes, size_t axis, Environment& env, const std::function<void()>& f) {
    if (axis == axes.size()) return f();
    env.push_back({axes[axis].var, {}});
    size_t place = env.size() - 1;
    for (int64_t i = 0; i < axes[axis].extent; ++i) {
      env[place].second.i = i;
      for_each_point(axes, axis + 1, env, f);
    }
    env.pop_back();
  }

  TeValues compute(const TensorNode& t) {
    BROACH_CHECK(!t.is_placeholder(), "no values for {}", t.name);
    TeValues result;
    Environment env;
    const Reduction& r = t.reduction;
    for_each_point(t.axes, 0, env, [&] {
      size_t first = env.size();
      for (size_t k = 0; k < r.acc.size(); ++k) env.push_back({r.acc[k], evaluate(r.init[k], env)});
      if (t.is_reduction())
        for_each_point(r.axes, 0, env, [&] {
          std::vector<Scalar> next;
          for (const Expr& update : r.update) next.push_back(evaluate(update, env));
          for (size_t k = 0; k < next.size(); ++k) env[first + k].second = next[k];
        });
      result.push_back(evaluate(t.result, env));
      env.resize(first);
    });
    return result;
  }

  Scalar evaluate(const Expr& e, const Environment& env) {
    switch (e->op) {
      case Op::int_imm: return make_scalar(e->int_value, e.dtype());
      case Op::float_imm: return make_scalar(e->float_value, e.dtype());
      case Op::read:
      case Op::read_or: return read(e, env);
      case Op::select: return evaluate(evaluate(e.arg(0), env).i ? e.arg(1) : e.arg(2), env);
      case Op::var:
        for (const auto& [var, value] : env)
          if (var == e->var) return value;
        BROACH_CHECK(false, "variable {} is not in scope", e->var->name);
      default: break;
    }
    std::vector<Scalar> operands;
    for (const Expr& arg : e->args) operands.push_back(evaluate(arg, env));
    return apply_operator(e->op, e.arg(0).dtype(), e.dtype(), operands.data());
  }

  Scalar read(const Expr& e, const Environment& env) {
    int64_t offset = 0;
    for (size_t k = 0; k < e->tensor->shape.size(); ++k) {
      int64_t index = evaluate(e->args[k], env).i, extent = e->tensor->shape[k];
      bool inside = index >= 0 && index < extent;
      if (!inside && e.is(Op::read_or)) return evaluate(e->args.back(), env);
      BROACH_CHECK(inside, "index {} of axis {} of {} is outside of 0..{}", index, k, e->tensor->name, extent - 1);
      offset = offset * extent + index;
    }
    return values_.at(e->tensor)[size_t(offset)];
  }

  std::map<Tensor, TeValues> values_;
};

}  // namespace broach
