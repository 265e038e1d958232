// Every operator of ops.def: documented, with cases, and its tensor expressions and loops equal to the reference.
#include "expr/simplify.h"
#include "loop/passes/passes.h"
#include "ops/case_data.h"
#include "ops/compare.h"
#include "reference/reference.h"
#include "schedule/lower.h"
#include "te/evaluate_te.h"

namespace broach {
namespace {

class Operators : public testing::TestWithParam<const OpDef*> {};

std::string describe(const CaseData& data, size_t number) { return fmt::format("case {}: {}", number, to_string(data.graph)); }

TEST_P(Operators, IsDocumented) {
  const OpDef& op = *GetParam();
  ASSERT_NE(op.doc, nullptr);
  std::string doc = op.doc;
  EXPECT_GE(doc.size(), 30u) << "what goes in, what comes out";
  EXPECT_EQ(doc.back(), '.');
  EXPECT_EQ(find_op(op.name), &op);
  ASSERT_NE(op.cases, nullptr);
  EXPECT_GE(op.cases().size(), 3u);
}

TeValues to_te(const Constant& x) {
  TeValues values(size_t(x.elements()));
  for (int64_t i = 0; i < x.elements(); ++i) values[size_t(i)] = {is_float(x.type().dtype) ? 0 : x.int_at(i), x.float_at(i)};
  return values;
}

Constant to_constant(const TeValues& values, const Tensor& tensor) {
  std::vector<double> floats;
  std::vector<int64_t> ints;
  for (const Scalar& v : values) is_float(tensor->dtype) ? floats.push_back(v.f) : ints.push_back(v.i);
  if (is_float(tensor->dtype)) return Constant::of_floats(floats, tensor->shape, tensor->dtype);
  return Constant::of_ints(ints, tensor->shape, tensor->dtype);
}

TEST_P(Operators, ExpressionsEqualReference) {
  const OpDef& op = *GetParam();
  size_t number = 0;
  for (OpCase& c : op.cases()) {
    CaseData data = make_case_data(op, std::move(c));
    SCOPED_TRACE(describe(data, number++));
    std::vector<Tensor> inputs = make_placeholders(*data.node), outputs = op.lower(*data.node, inputs);
    std::vector<Tensor> stages = inline_stages(outputs);
    std::vector<Constant> expected = reference(*data.node, data.inputs);
    ASSERT_EQ(outputs.size(), data.node->outputs.size());
    TeEvaluator evaluator;
    for (size_t i = 0; i < inputs.size(); ++i) evaluator.set(inputs[i], to_te(data.inputs[i]));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const TensorType& type = data.node->outputs[i]->type;
      EXPECT_EQ(to_string(TensorType{outputs[i]->dtype, outputs[i]->shape, type.layout}), to_string(type)) << "lowering and inference";
      Constant found = to_constant(evaluator.values(outputs[i]), outputs[i]);
      expect_close(found, expected[i], data.inputs, accumulated_terms(outputs));
      // Inlining changes no operation, so no bit.
      EXPECT_TRUE(found == to_constant(evaluator.values(stages[i]), stages[i])) << "after inline_stages";
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Operators, ExpressionsPrintAndParse) {
  const OpDef& op = *GetParam();
  for (OpCase& c : op.cases()) {
    CaseData data = make_case_data(op, std::move(c));
    std::string text = to_string(op.lower(*data.node, make_placeholders(*data.node)));
    EXPECT_EQ(to_string(parse_tensors(text)), text);
  }
}

// Memory of one tensor: what is not an element (padding lanes) holds NaN or a large integer.
class Memory {
 public:
  explicit Memory(const TensorType& type) : buffer_(TensorBuffer::of(type)), bytes_(size_t(buffer_.bytes()) + 1) {
    for (int64_t i = 0; i < buffer_.elements(); ++i) store_double(type.dtype, bytes_.data(), i, is_float(type.dtype) ? NAN : 77);
  }
  Memory(const TensorType& type, const Constant& values) : Memory(type) {
    for_each_element([&](int64_t i, int64_t offset) {
      is_float(type.dtype) ? store_double(type.dtype, bytes_.data(), offset, values.float_at(i))
                           : store_int(type.dtype, bytes_.data(), offset, values.int_at(i));
    });
  }

  Constant read() const {
    std::vector<double> floats;
    std::vector<int64_t> ints;
    for_each_element([&](int64_t, int64_t offset) {
      is_float(buffer_.dtype) ? floats.push_back(load_as_double(buffer_.dtype, bytes_.data(), offset))
                              : ints.push_back(load_as_int(buffer_.dtype, bytes_.data(), offset));
    });
    if (is_float(buffer_.dtype)) return Constant::of_floats(floats, buffer_.shape, buffer_.dtype);
    return Constant::of_ints(ints, buffer_.shape, buffer_.dtype);
  }

  const TensorBuffer& buffer() const { return buffer_; }
  void* data() { return bytes_.data(); }

 private:
  void for_each_element(const std::function<void(int64_t i, int64_t offset)>& f) const {
    std::vector<int64_t> pitches = row_major_pitches(buffer_.shape);
    for (int64_t i = 0; i < element_count(buffer_.shape); ++i) {
      std::vector<Expr> indices;
      for (size_t k = 0; k < pitches.size(); ++k) indices.emplace_back(i / pitches[k] % buffer_.shape[k]);
      f(i, buffer_.offset(indices) ? evaluate_int(buffer_.offset(indices)) : 0);
    }
  }

  TensorBuffer buffer_;
  std::vector<std::byte> bytes_;
};

TEST_P(Operators, LoopsEqualReference) {
  const OpDef& op = *GetParam();
  size_t number = 0;
  for (OpCase& c : op.cases()) {
    CaseData data = make_case_data(op, std::move(c));
    SCOPED_TRACE(describe(data, number++));
    std::vector<Tensor> inputs = make_placeholders(*data.node), outputs = op.lower(*data.node, inputs);
    std::vector<Constant> expected = reference(*data.node, data.inputs);
    std::vector<Memory> memory;
    std::vector<GroupTensor> group;
    std::vector<TensorBuffer> output_buffers;
    Schedule schedule(outputs);
    std::vector<Tensor> read = reachable(schedule.outputs());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (std::find(read.begin(), read.end(), inputs[i]) == read.end()) continue;
      memory.emplace_back(data.node->inputs[i]->type, data.inputs[i]);
      group.push_back({inputs[i], memory.back().buffer()});
    }
    size_t first_output = memory.size();
    for (const Value* output : data.node->outputs) {
      memory.emplace_back(output->type);
      output_buffers.push_back(memory.back().buffer());
    }
    PrimFunc f = run_loop_pipeline(lower(schedule, op.name, group, output_buffers).function);
    std::vector<void*> arguments;
    for (Memory& m : memory) arguments.push_back(m.data());
    interpret(f, arguments);
    for (size_t i = 0; i < expected.size(); ++i) expect_close(memory[first_output + i].read(), expected[i], data.inputs, accumulated_terms(outputs));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operators, testing::ValuesIn(all_ops()),
                         [](const testing::TestParamInfo<const OpDef*>& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace broach
