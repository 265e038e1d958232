#include "importers/onnx/model_inputs.h"

#include <algorithm>

#include "importers/onnx/names.h"
#include "importers/onnx/tensor_data.h"
#include "onnx_subset.pb.h"
#include "support/errors.h"

namespace broach {
namespace {

using broach_onnx::ValueInfoProto;
using Dimension = broach_onnx::TensorShapeProto::Dimension;

bool is_open(const Dimension& dim) { return !dim.has_dim_value() || dim.dim_value() < 0; }

std::string dim_text(const Dimension& dim) {
  if (!is_open(dim)) return std::to_string(dim.dim_value());
  return dim.dim_param().empty() ? "?" : printable(dim.dim_param());
}

std::string dims_text(const ValueInfoProto& input) {
  std::vector<std::string> dims;
  for (auto& dim : input.type().tensor_type().shape().dim()) dims.push_back(dim_text(dim));
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

void check_given(const ValueInfoProto& input, const Shape& given) {
  if (!input.type().tensor_type().has_shape()) return;
  auto& dims = input.type().tensor_type().shape().dim();
  // Some exporters write 0 for an open dim.
  auto dim_fits = [](const Dimension& dim, int64_t extent) {
    return extent >= 0 && (is_open(dim) || dim.dim_value() == 0 || dim.dim_value() == extent);
  };
  bool fits = size_t(dims.size()) == given.size();
  for (int i = 0; fits && i < dims.size(); ++i) fits = dim_fits(dims[i], given[size_t(i)]);
  if (!fits)
    throw_error("shape {} was given for input {}, which has shape {} in the model", to_string(given), quote_name(input.name()), dims_text(input));
}

// Extents of the names of dims, as the given shapes say.
using Extents = std::map<std::string, int64_t>;

void bind(const ValueInfoProto& input, const Shape& given, Extents& extents) {
  auto& dims = input.type().tensor_type().shape().dim();
  for (int i = 0; i < dims.size(); ++i) {
    if (!is_open(dims[i]) || dims[i].dim_param().empty()) continue;
    auto [at, is_new] = extents.emplace(dims[i].dim_param(), given[size_t(i)]);
    if (!is_new && at->second != given[size_t(i)])
      throw_error("the given shapes make dim '{}' of the model {} and {}; it has one extent", at->first, at->second, given[size_t(i)]);
  }
}

// The shape, or nothing if a dim stays open.
std::optional<Shape> shape_of(const ValueInfoProto& input, const Extents& extents) {
  if (!input.type().tensor_type().has_shape()) return std::nullopt;
  Shape shape;
  for (auto& dim : input.type().tensor_type().shape().dim()) {
    auto known = is_open(dim) ? extents.find(dim.dim_param()) : extents.end();
    if (is_open(dim) && known == extents.end()) return std::nullopt;
    shape.push_back(is_open(dim) ? known->second : dim.dim_value());
  }
  return shape;
}

DType dtype_of(const ValueInfoProto& input) {
  if (!input.type().has_tensor_type()) throw_error("input {} is not a tensor; only tensors are supported", quote_name(input.name()));
  int type = input.type().tensor_type().elem_type();
  if (auto dtype = dtype_of_onnx(type)) return *dtype;
  throw_error("input {} has element type {}, which is not supported", quote_name(input.name()), onnx_dtype_name(type));
}

std::string example(const ValueInfoProto& input) {
  std::vector<std::string> dims;
  for (auto& dim : input.type().tensor_type().shape().dim()) dims.push_back(is_open(dim) ? "1" : dim_text(dim));
  return fmt::format("{}:[{}]", printable(input.name()), fmt::join(dims, ","));
}

[[noreturn]] void fail_open(const std::vector<const ValueInfoProto*>& open) {
  std::vector<std::string> found, examples;
  for (auto* input : open) {
    bool ranked = input->type().tensor_type().has_shape();
    found.push_back(fmt::format("input {} has {}", quote_name(input->name()), ranked ? "open dims " + dims_text(*input) : "no shape"));
    examples.push_back(example(*input));
  }
  throw_error("{}; give the shape, as in --input-shapes \"{}\"", fmt::join(found, ", "), fmt::join(examples, " "));
}

void check_names(const std::vector<const ValueInfoProto*>& inputs, const std::map<std::string, Shape>& given) {
  std::vector<std::string> names;
  for (auto* input : inputs) names.push_back(quote_name(input->name()));
  for (auto& [name, shape] : given)
    if (std::find(names.begin(), names.end(), quote_name(name)) == names.end())
      throw_error("a shape was given for input {}, but the model's inputs are {}", quote_name(name), fmt::join(names, ", "));
}

}  // namespace

std::vector<ModelInput> resolve_inputs(const broach_onnx::GraphProto& graph, const std::set<std::string>& initialized,
                                       const std::map<std::string, Shape>& given) {
  std::vector<const ValueInfoProto*> inputs, open;
  for (auto& input : graph.input())
    if (!initialized.count(input.name())) inputs.push_back(&input);
  check_names(inputs, given);

  Extents extents;
  for (auto* input : inputs) {
    auto shape = given.find(input->name());
    if (shape == given.end()) continue;
    check_given(*input, shape->second);
    bind(*input, shape->second, extents);
  }
  std::vector<ModelInput> resolved;
  for (auto* input : inputs) {
    DType dtype = dtype_of(*input);
    auto shape = given.find(input->name());
    auto dims = shape == given.end() ? shape_of(*input, extents) : shape->second;
    if (dims)
      resolved.push_back({input->name(), {dtype, *dims}});
    else
      open.push_back(input);
  }
  if (!open.empty()) fail_open(open);
  return resolved;
}

}  // namespace broach
