#include <map>

#include "ops/op_def.h"

namespace broach {

const std::vector<const OpDef*>& all_ops() {
  static const std::vector<const OpDef*> ops{
#define BROACH_OP(name) &op_##name,
#include "ops/ops.def"
#undef BROACH_OP
  };
  return ops;
}

const OpDef* find_op(std::string_view name) {
  static const std::map<std::string_view, const OpDef*> by_name = [] {
    std::map<std::string_view, const OpDef*> map;
    for (const OpDef* op : all_ops()) map.emplace(op->name, op);
    return map;
  }();
  auto it = by_name.find(name);
  return it == by_name.end() ? nullptr : it->second;
}

}  // namespace broach
