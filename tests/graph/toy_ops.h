#pragma once
// A few operators, so that graphs can be tested without the real ones.
#include "graph/op_def.h"

namespace broach {

struct AllFields : AttributesOf<AllFields> {
  int64_t count = 1;
  double factor = 0.5;
  bool flag = false;
  std::string word = "plain";
  DType dtype = DType::f32;
  Layout layout = {};
  std::vector<int64_t> ints;
  std::vector<double> doubles;
  static constexpr auto fields = std::tuple{
      field("count", &AllFields::count), field("factor", &AllFields::factor), field("flag", &AllFields::flag), field("word", &AllFields::word),
      field("dtype", &AllFields::dtype), field("layout", &AllFields::layout), field("ints", &AllFields::ints), field("doubles", &AllFields::doubles)};
};

template <class T>
std::unique_ptr<Attributes> toy_attributes() {
  return std::make_unique<T>();
}

inline std::vector<TensorType> first_type(const Node& node) {
  if (!node.input(0)) throw_error("an input is missing");
  return {node.input(0)->type};
}
// Two results, each half as long along axis 0.
inline std::vector<TensorType> half_types(const Node& node) {
  TensorType type = first_type(node)[0];
  if (type.shape.empty() || type.shape[0] % 2 != 0) throw_error("shape {} has no halves", to_string(type.shape));
  type.shape[0] /= 2;
  return {type, type};
}

inline const OpDef toy_neg{"neg", "-x", toy_attributes<NoAttributes>, first_type};
inline const OpDef toy_join{"join", "any inputs", toy_attributes<AllFields>, first_type};
inline const OpDef toy_halves{"halves", "two halves", toy_attributes<NoAttributes>, half_types};

inline const OpDef* find_toy(std::string_view name) {
  for (const OpDef* op : {&toy_neg, &toy_join, &toy_halves})
    if (name == op->name) return op;
  return nullptr;
}

inline Graph parse_toy(std::string_view text) { return parse_graph(text, {}, find_toy); }

}  // namespace broach
