// Convolutions, pools and matrix products.
#include <algorithm>
#include <numeric>

#include "importers/onnx/conversion.h"
#include "importers/onnx/max_indices.h"
#include "importers/onnx/windows.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/op_def.h"
#include "ops/pool.h"
#include "ops/reduction.h"

namespace broach {
namespace {

void expect_kernel_shape(Conversion& node, const Shape& kernel) {
  std::vector<int64_t> stated = node.ints_attribute("kernel_shape");
  if (!stated.empty() && stated != kernel)
    throw_error("attribute 'kernel_shape' is {}, but its weights have shape {}", to_string(stated), to_string(kernel));
}

// Replaces ceil_mode by larger pads at the end, where that gives the same results. ONNX drops a window that begins in the end's padding.
void resolve_ceil_mode(PoolAttributes& pool, const Shape& input) {
  size_t rank = input.size();
  std::vector<int64_t> pads = pool.pads;
  for (size_t i = 0; i < rank; ++i) {
    int64_t covered = input[i] + pads[i] + pads[rank + i], window = (pool.kernel[i] - 1) * pool.dilations[i] + 1;
    if (covered < window) return;  // inference refuses it
    int64_t last = (covered - window + pool.strides[i] - 1) / pool.strides[i];  // index of the last window
    if (last * pool.strides[i] >= input[i] + pads[i]) --last;
    pads[rank + i] = std::max(pads[rank + i], last * pool.strides[i] + window - input[i] - pads[i]);
  }
  if (pool.count_include_pad && pads != pool.pads) return;  // the larger padding would be counted
  pool.pads = pads;
  pool.ceil_mode = false;
}

PoolAttributes read_pool(Conversion& node) {
  PoolAttributes pool;
  Shape input = spatial(node.shape(0));
  pool.kernel = node.required<std::vector<int64_t>>("kernel_shape");
  WindowAttributes window = read_window(node, pool.kernel, input);
  pool.strides = window.strides;
  pool.dilations = window.dilations;
  pool.pads = window.pads;
  pool.ceil_mode = node.bool_attribute("ceil_mode", false);
  pool.count_include_pad = node.bool_attribute("count_include_pad", false);
  if (pool.ceil_mode) resolve_ceil_mode(pool, input);
  return pool;
}

std::vector<Value*> convert_global_pool(Conversion& node, const OpDef& op) {
  ReduceAttributes attributes;
  attributes.axes.resize(spatial(node.shape(0)).size());
  std::iota(attributes.axes.begin(), attributes.axes.end(), 2);
  return {node.add(op, {node.input(0)}, attributes)};
}

}  // namespace

std::vector<Value*> convert_Conv(Conversion& node) {
  Shape kernel = spatial(node.shape(1));
  expect_kernel_shape(node, kernel);
  WindowAttributes window = read_window(node, kernel, spatial(node.shape(0)));
  ConvAttributes attributes;
  attributes.strides = window.strides;
  attributes.dilations = window.dilations;
  attributes.pads = window.pads;
  attributes.group = node.int_attribute("group", 1);
  std::vector<Value*> inputs = {node.input(0), node.input(1)};
  if (node.input(2)) inputs.push_back(node.input(2));
  return {node.add(op_conv, inputs, attributes)};
}

std::vector<Value*> convert_MaxPool(Conversion& node) {
  bool column_major = node.bool_attribute("storage_order", false);  // of the indices
  PoolAttributes pool = read_pool(node);
  Value* largest = node.add(op_max_pool, {node.input(0)}, pool);
  if (node.output_count() < 2) return {largest};
  return {largest, max_indices(node, pool, spatial(largest->type.shape), column_major)};
}

std::vector<Value*> convert_AveragePool(Conversion& node) { return {node.add(op_average_pool, {node.input(0)}, read_pool(node))}; }

std::vector<Value*> convert_GlobalAveragePool(Conversion& node) { return convert_global_pool(node, op_reduce_mean); }
std::vector<Value*> convert_GlobalMaxPool(Conversion& node) { return convert_global_pool(node, op_reduce_max); }

// alpha * A' B' + beta * C; C is broadcast.
std::vector<Value*> convert_Gemm(Conversion& node) {
  for (size_t i = 0; i < 2; ++i)
    if (node.rank(i) != 2) throw_error("its input {} has shape {}, a matrix was expected", i, to_string(node.shape(i)));
  if (node.opset() < 11 && !node.input(2)) throw_error("before opset 11 its input C is needed, but it is missing");
  MatmulAttributes attributes;
  attributes.trans_a = node.bool_attribute("transA", false);
  attributes.trans_b = node.bool_attribute("transB", false);
  double alpha = node.float_attribute("alpha", 1), beta = node.float_attribute("beta", 1);
  Value* result = node.add(op_matmul, {node.input(0), node.input(1)}, attributes);
  if (alpha != 1) result = node.add(op_mul, {result, node.float_like(result, alpha)});
  Value* c = node.input(2);
  if (!c || beta == 0) return {result};
  if (beta != 1) c = node.add(op_mul, {c, node.float_like(c, beta)});
  Shape product = result->type.shape;
  result = node.add(op_add, {result, c});
  if (result->type.shape != product) throw_error("its input C of shape {} does not broadcast to {}", to_string(c->type.shape), to_string(product));
  return {result};
}

}  // namespace broach
