// Every operator compiled for this machine with the schedules that the rules choose, against the reference.
#include "codegen/llvm/codegen.h"
#include "driver/host.h"
#include "ops/case_data.h"
#include "ops/compare.h"
#include "passes/assign_layouts.h"
#include "plan/build.h"
#include "reference/reference.h"

namespace broach {
namespace {

// All cases of an operator as one graph: compiling many kernels at once is faster.
struct AllCases {
  Graph graph;
  std::vector<const Node*> nodes;
  std::vector<std::vector<Constant>> node_inputs;
  std::vector<Constant> graph_inputs;
};

bool is_plain(const CaseData& data) {
  for (const auto& value : data.graph.values())
    if (value->type.layout.blocked()) return false;
  return true;
}

void add_case(AllCases& all, const OpDef& op, const CaseData& data) {
  size_t number = all.nodes.size();
  std::vector<Value*> values;
  for (size_t i = 0; i < data.inputs.size(); ++i) {
    if (data.node->inputs[i]->is_constant()) {
      values.push_back(all.graph.add_constant(data.inputs[i]));
      continue;
    }
    values.push_back(all.graph.add_input(fmt::format("case{}_x{}", number, i), data.inputs[i].type()));
    all.graph_inputs.push_back(data.inputs[i]);
  }
  Node* node = all.graph.add(op, values, data.node->attributes->clone(), {fmt::format("case{}", number)});
  all.graph.outputs.insert(all.graph.outputs.end(), node->outputs.begin(), node->outputs.end());
  all.nodes.push_back(node);
  all.node_inputs.push_back(data.inputs);
}

AllCases all_cases(const OpDef& op) {
  AllCases all;
  for (OpCase& c : op.cases()) {
    CaseData data = make_case_data(op, std::move(c));
    if (is_plain(data)) add_case(all, op, data);
  }
  return all;
}

class CompiledOperators : public testing::TestWithParam<const OpDef*> {
 protected:
  // Runs all cases as `prepare` leaves their graph and compares.
  void expect_like_reference(const std::function<void(Graph&)>& prepare) {
    AllCases all = all_cases(*GetParam());
    std::vector<std::vector<Constant>> expected;
    std::vector<int64_t> terms;
    for (size_t i = 0; i < all.nodes.size(); ++i) {
      expected.push_back(reference(*all.nodes[i], all.node_inputs[i]));
      terms.push_back(accumulated_terms(GetParam()->lower(*all.nodes[i], make_placeholders(*all.nodes[i]))));
    }
    std::string text = to_string(all.graph);
    prepare(all.graph);
    LoweredProgram program = build_program(all.graph, target_);
    verify(program);
    run_prologue(program);
    std::vector<Constant> found = run_on_host(program, all.graph_inputs);
    size_t output = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      for (const Constant& e : expected[i]) {
        SCOPED_TRACE(fmt::format("case {} of {}", i, text));
        expect_close(found.at(output++), e, all.node_inputs[i], terms[i]);
        if (HasFatalFailure()) return;
      }
  }

  Target target_ = resolve_target(parse_target("llvm"));
};

TEST_P(CompiledOperators, RowMajorEqualsReference) {
  expect_like_reference([](Graph&) {});
}

TEST_P(CompiledOperators, ChosenLayoutsEqualReference) {
  expect_like_reference([&](Graph& graph) { assign_layouts(graph, target_); });
}

INSTANTIATE_TEST_SUITE_P(All, CompiledOperators, testing::ValuesIn(all_ops()),
                         [](const testing::TestParamInfo<const OpDef*>& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace broach
