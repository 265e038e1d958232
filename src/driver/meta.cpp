#include "driver/meta.h"

#include <nlohmann/json.hpp>
#include <set>

#include "ops/gather.h"
#include "ops/op_def.h"

namespace broach {
namespace {

using nlohmann::ordered_json;

// Operators whose result holds elements of their first input, unchanged.
bool keeps_elements(const Node& node) {
  return node.op == &op_reshape || node.op == &op_cast || node.op == &op_transpose || node.op == &op_slice || node.op == &op_concat ||
         node.op == &op_expand || node.op == &op_tile;
}

// The extents of the axes that `value` indexes, directly or through what keeps its elements.
void collect_extents(const Value* value, std::set<const Value*>& seen, std::set<int64_t>& extents) {
  if (!seen.insert(value).second) return;
  for (const Node* user : value->users) {
    bool gathers = user->op == &op_gather || user->op == &op_gather_elements;
    if (gathers && user->input(1) == value) {
      const auto& shape = user->inputs[0]->type.shape;
      int64_t axis = user->attrs<GatherAttributes>().axis;
      extents.insert(shape[size_t(axis < 0 ? axis + int64_t(shape.size()) : axis)]);
    }
    if (keeps_elements(*user)) collect_extents(user->output(), seen, extents);
  }
}

ordered_json index_ranges(const Graph& graph) {
  ordered_json ranges = ordered_json::object();
  for (const Value* input : graph.inputs) {
    if (is_float(input->type.dtype)) continue;
    std::set<const Value*> seen;
    std::set<int64_t> extents;
    collect_extents(input, seen, extents);
    if (!extents.empty()) ranges[input->name] = {0, *extents.begin() - 1};
  }
  return ranges;
}

ordered_json shaping_options(const CompileOptions& options) {
  ordered_json object = ordered_json::object();
  CompileOptions defaults;
  if (options.opt_level != defaults.opt_level) object["opt_level"] = options.opt_level;
  if (!options.disabled_passes.empty()) object["disabled_passes"] = options.disabled_passes;
  if (!options.pass_config.empty()) object["pass_config"] = options.pass_config;
  if (!options.desired_layout.empty()) object["desired_layout"] = options.desired_layout;
  return object;
}

}  // namespace

std::string make_meta(const Graph& imported, const CompileOptions& options) {
  ordered_json meta = {{"producer", "broach"}};
  if (auto shaping = shaping_options(options); !shaping.empty()) meta["compile"] = shaping;
  if (auto ranges = index_ranges(imported); !ranges.empty()) meta["index_ranges"] = ranges;
  for (const auto& [key, value] : options.meta) meta[key] = ordered_json::parse(value);
  return meta.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::map<std::string, IndexRange> recorded_index_ranges(const std::string& meta) {
  std::map<std::string, IndexRange> ranges;
  auto object = nlohmann::json::parse(meta, nullptr, false);
  if (!object.is_object() || !object.contains("index_ranges") || !object["index_ranges"].is_object()) return ranges;
  for (const auto& [name, range] : object["index_ranges"].items())
    if (range.is_array() && range.size() == 2 && range[0].is_number_integer() && range[1].is_number_integer() && range[0] <= range[1])
      ranges[name] = {range[0], range[1]};
  return ranges;
}

CompileOptions recorded_options(const std::string& meta, const std::string& module_name) {
  CompileOptions options;
  options.module_name = module_name;
  try {
    auto object = nlohmann::json::parse(meta);
    if (!object.contains("compile")) return options;
    const auto& record = object.at("compile");
    options.opt_level = record.value("opt_level", options.opt_level);
    options.disabled_passes = record.value("disabled_passes", options.disabled_passes);
    options.pass_config = record.value("pass_config", options.pass_config);
    options.desired_layout = record.value("desired_layout", options.desired_layout);
  } catch (const nlohmann::json::exception&) {
    throw_error("the artifact's record of how it was compiled is not in a form that this version knows; compile the model again");
  }
  return options;
}

}  // namespace broach
