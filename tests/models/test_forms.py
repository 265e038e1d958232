"""Operators in the form of each opset that changed them, one node a model, against ONNX Runtime without optimisation."""
import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import broach, compile_model, expect_close, run_artifact
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
RNG = np.random.default_rng(11)
IMAGE = RNG.standard_normal((2, 4, 6, 5)).astype(np.float32)
ROWS = RNG.standard_normal((3, 7)).astype(np.float32)
F, I = np.float32, np.int64


def form(op, opset, inputs, attributes=None, outputs=1, label=""):
    return pytest.param(op, opset, inputs, attributes or {}, outputs, id=f"{op}-{opset}{'-' + label if label else ''}")


def constants(*values):
    return [None if v is None else np.asarray(v) for v in values]


C4 = [np.abs(RNG.standard_normal(4)).astype(F) + 0.5 for _ in range(4)]

FORMS = [
    form("Clip", 7, [IMAGE], {"min": -0.5, "max": 0.5}),
    form("Clip", 10, [IMAGE], {"max": 0.5}),
    form("Clip", 11, [IMAGE, *constants(F(-0.5), F(0.5))]),
    form("Clip", 12, [IMAGE, *constants(None, F(0.5))]),
    form("Clip", 13, [IMAGE, *constants(F(-0.5))]),
    form("Clip", 13, [np.arange(-5, 5, dtype=np.int32), *constants(np.int32(-2), np.int32(3))], label="int32"),
    form("Clip", 13, [IMAGE], label="plain"),
    form("Dropout", 7, [IMAGE], {"ratio": 0.3}),
    form("Dropout", 10, [IMAGE], {"ratio": 0.3}),
    form("Dropout", 12, [IMAGE, *constants(F(0.3), np.bool_(False))]),
    form("Dropout", 13, [IMAGE, *constants(F(0.3))], {}, 2),
    form("BatchNormalization", 7, [IMAGE, *C4], {"epsilon": 1e-3}),
    form("BatchNormalization", 9, [IMAGE, *C4], {"momentum": 0.5}),
    form("BatchNormalization", 14, [IMAGE, *C4], {"training_mode": 0}),
    form("BatchNormalization", 15, [IMAGE, *C4]),
    form("Upsample", 7, [IMAGE], {"scales": [1.0, 1.0, 2.0, 3.0], "mode": "nearest"}),
    form("Upsample", 9, [IMAGE, *constants(F([1, 1, 2, 2]))], {"mode": "linear"}),
    form("Resize", 10, [IMAGE, *constants(F([1, 1, 2, 0.5]))], {"mode": "nearest"}),
    form("Resize", 10, [IMAGE, *constants(F([1, 1, 2, 2]))], {"mode": "linear"}, label="linear"),
    form("Resize", 11, [IMAGE, *constants(F([]), F([1, 1, 2, 2]))], {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    form("Resize", 13, [IMAGE, *constants(None, None, I([2, 4, 9, 8]))], {"mode": "cubic"}),
    form("Resize", 18, [IMAGE, *constants(None, None, I([9, 8]))], {"axes": [2, 3], "mode": "linear"}),
    form("Resize", 18, [IMAGE, *constants(None, None, I([9, 8]))], {"axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}, label="aspect"),
    form("Resize", 19, [IMAGE, *constants(None, F([1, 1, 2, 2]))], {"coordinate_transformation_mode": "half_pixel_symmetric", "mode": "linear"}),
    form("Pad", 7, [IMAGE], {"pads": [0, 0, 1, 2, 0, 1, 0, 3], "value": 1.5}),
    form("Pad", 10, [IMAGE], {"pads": [0, 0, 1, 2, 0, 0, 1, 1], "mode": "reflect"}),
    form("Pad", 11, [IMAGE, *constants(I([0, 0, 1, 2, 0, 0, 0, 3]), F(2))]),
    form("Pad", 13, [IMAGE, *constants(I([0, 0, -1, 2, 0, 0, 0, -3]))]),
    form("Pad", 18, [IMAGE, *constants(I([1, 2, 0, 3]), F(1), I([2, -1]))]),
    form("Pad", 19, [IMAGE, *constants(I([0, 0, 1, 2, 0, 0, 0, 3]))], {"mode": "wrap"}),
    form("Slice", 7, [IMAGE], {"starts": [1, -3], "ends": [3, 99], "axes": [1, 3]}),
    form("Slice", 10, [IMAGE, *constants(I([-1]), I([-99]), I([2]), I([-2]))]),
    form("Slice", 11, [IMAGE, *constants(I([1, 0]), I([2, 3]))]),
    form("Slice", 13, [IMAGE, *constants(np.int32([1]), np.int32([3]), np.int32([-3]))]),
    form("Squeeze", 7, [ROWS[:, None, :, None]], {"axes": [1, 3]}),
    form("Squeeze", 11, [ROWS[:, None, :, None]], {"axes": [-1]}),
    form("Squeeze", 13, [ROWS[:, None, :, None], *constants(I([1]))]),
    form("Squeeze", 21, [ROWS[:, None, :, None]]),
    form("Unsqueeze", 7, [ROWS], {"axes": [0, 3]}),
    form("Unsqueeze", 11, [ROWS], {"axes": [-1]}),
    form("Unsqueeze", 13, [ROWS, *constants(I([1, -1]))]),
    form("Split", 7, [IMAGE], {"axis": 1}, 2),
    form("Split", 11, [IMAGE], {"axis": -1, "split": [1, 3, 1]}, 3),
    form("Split", 13, [IMAGE, *constants(I([1, 3]))], {"axis": 1}, 2),
    form("Split", 18, [IMAGE], {"axis": 3, "num_outputs": 2}, 2),
    form("ReduceSum", 7, [IMAGE], {"axes": [1, -1], "keepdims": 0}),
    form("ReduceSum", 13, [IMAGE, *constants(I([1, -1]))]),
    form("ReduceSum", 13, [IMAGE], {"noop_with_empty_axes": 1}, label="noop"),
    form("ReduceMean", 11, [IMAGE], {"axes": [2, 3]}),
    form("ReduceMean", 18, [IMAGE, *constants(I([2, 3]))], {"keepdims": 0}),
    form("ReduceMax", 13, [IMAGE]),
    form("ReduceL2", 18, [IMAGE, *constants(I([1]))]),
    form("ReduceLogSumExp", 13, [IMAGE], {"axes": [-1]}),
    form("Softmax", 7, [IMAGE], {"axis": 2}),
    form("Softmax", 11, [IMAGE]),
    form("Softmax", 13, [IMAGE]),
    form("LogSoftmax", 9, [IMAGE], {"axis": 1}),
    form("LogSoftmax", 13, [IMAGE], {"axis": 1}),
    form("GroupNormalization", 21, [IMAGE, *C4[:2]], {"num_groups": 2, "epsilon": 1e-2}),
    form("InstanceNormalization", 7, [IMAGE, *C4[:2]], {"epsilon": 1e-2}),
    form("LayerNormalization", 17, [ROWS, RNG.standard_normal(7).astype(F)], {"epsilon": 1e-2}),
    form("LRN", 7, [IMAGE], {"size": 3}),
    form("Gelu", 20, [IMAGE], {"approximate": "tanh"}),
    form("HardSwish", 14, [IMAGE]),
    form("Mish", 18, [IMAGE]),
    form("AveragePool", 7, [IMAGE], {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0], "count_include_pad": 1}),
    form("AveragePool", 10, [IMAGE], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    form("AveragePool", 19, [IMAGE], {"kernel_shape": [2, 2], "dilations": [2, 1]}),
    form("MaxPool", 8, [IMAGE], {"kernel_shape": [2, 2], "strides": [2, 1]}, 2),
    form("MaxPool", 10, [IMAGE], {"kernel_shape": [2, 3], "dilations": [2, 1], "pads": [1, 0, 0, 1]}),
    form("MaxPool", 12, [IMAGE], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]}),
    form("Reshape", 7, [IMAGE, *constants(I([0, -1, 5]))]),
    form("Reshape", 14, [IMAGE, *constants(I([2, 0, -1]))], {"allowzero": 0}),
    form("Flatten", 9, [IMAGE], {"axis": 2}),
    form("Flatten", 11, [IMAGE], {"axis": -1}),
    form("Gemm", 7, [ROWS, RNG.standard_normal((4, 7)).astype(F), RNG.standard_normal((3, 1)).astype(F)], {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    form("Gemm", 11, [ROWS, RNG.standard_normal((7, 4)).astype(F)]),
    form("Cast", 9, [IMAGE], {"to": TensorProto.INT32}),
    form("Cast", 13, [np.arange(6, dtype=np.int32)], {"to": TensorProto.DOUBLE}),
    form("Max", 8, [IMAGE, RNG.standard_normal((4, 1, 1)).astype(F), RNG.standard_normal(5).astype(F)]),
    form("Sum", 8, [IMAGE, RNG.standard_normal((4, 1, 1)).astype(F)]),
    form("Mean", 13, [IMAGE, RNG.standard_normal((4, 1, 1)).astype(F)]),
    form("PRelu", 9, [IMAGE, RNG.standard_normal((4, 1, 1)).astype(F)]),
    form("Gather", 11, [IMAGE, *constants(I([[0, -1], [2, 1]]))], {"axis": 1}),
    form("GatherElements", 13, [ROWS, *constants(I([[0, -1], [2, 1]]))], {"axis": 1}),
    form("Shape", 13, [IMAGE]),
    form("Shape", 15, [IMAGE], {"start": -3, "end": -1}),
    form("DepthToSpace", 7, [IMAGE], {"blocksize": 2}),
    form("DepthToSpace", 13, [IMAGE], {"blocksize": 2, "mode": "CRD"}),
    form("ArgMax", 12, [np.round(IMAGE)], {"axis": 1, "select_last_index": 1}),
    form("Expand", 8, [ROWS, *constants(I([2, 1, 1]))]),
    form("Tile", 13, [ROWS, *constants(I([2, 3]))]),
    form("Where", 9, [ROWS > 0, *constants(F(1), ROWS)]),
    form("Trilu", 14, [ROWS, *constants(I(1))], {"upper": 0}),
    form("OneHot", 11, [np.array([0, 2, -1]), *constants(I(4), F([0.5, 2]))], {"axis": 0}),
    form("Conv", 11, [IMAGE, RNG.standard_normal((6, 2, 3, 3)).astype(F)], {"group": 2, "auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    form("Conv", 22, [IMAGE, RNG.standard_normal((4, 1, 3, 3)).astype(F), C4[0]], {"group": 4, "pads": [2, 1, 0, 1], "dilations": [2, 1]}),
]


def one_node(op, opset, inputs, attributes, outputs):
    names = ["" if value is None else f"in{i}" for i, value in enumerate(inputs)]
    results = [f"out{i}" for i in range(outputs)]
    weights = [numpy_helper.from_array(np.asarray(v), f"in{i}") for i, v in enumerate(inputs) if i > 0 and v is not None]
    first = helper.make_tensor_value_info("in0", helper.np_dtype_to_tensor_dtype(inputs[0].dtype), inputs[0].shape)
    graph = helper.make_graph([helper.make_node(op, names, results, name="node", **attributes)], "form", [first],
                              [onnx.ValueInfoProto(name=r) for r in results], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def run_reference(model, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, inputs)


@pytest.mark.parametrize("op, opset, inputs, attributes, outputs", FORMS)
def test_form(op, opset, inputs, attributes, outputs, tmp_path):
    model = one_node(op, opset, inputs, attributes, outputs)
    expected = run_reference(model, {"in0": inputs[0]})
    onnx.save(model, tmp_path / "model.onnx")
    compile_model(tmp_path / "model.onnx", tmp_path / "model.tar")
    found = run_artifact(tmp_path / "model.tar", {"in0": inputs[0]}, tmp_path)
    for i, value in enumerate(expected):
        expect_close(found[f"out{i}"], value, f"out{i}")


def test_group_normalization_of_opset_18_has_one_scale_a_group(tmp_path):
    scale, bias = F([0.5, 2]), F([1, -1])
    onnx.save(one_node("GroupNormalization", 18, [IMAGE, scale, bias], {"num_groups": 2, "epsilon": 1e-2}, 1), tmp_path / "model.onnx")
    compile_model(tmp_path / "model.onnx", tmp_path / "model.tar")
    groups = IMAGE.astype(np.float64).reshape(2, 2, -1)
    normalised = (groups - groups.mean(2, keepdims=True)) / np.sqrt(groups.var(2, keepdims=True) + 1e-2)
    expected = (normalised * scale[:, None] + bias[:, None]).reshape(IMAGE.shape)
    expect_close(run_artifact(tmp_path / "model.tar", {"in0": IMAGE}, tmp_path)["out0"], expected)


def dense(weight):
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "dense",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 7])], [onnx.ValueInfoProto(name="y")], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


WEIGHT = RNG.standard_normal((7, 4)).astype(F)


def expect_dense(folder):
    compile_model(folder / "model.onnx", folder / "model.tar", {"x": (3, 7)})
    expect_close(run_artifact(folder / "model.tar", {"x": ROWS}, folder)["y"], ROWS @ WEIGHT)


def test_initialisers_may_be_listed_as_inputs(tmp_path):
    model = dense(numpy_helper.from_array(WEIGHT, "w"))
    model.ir_version = 3
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, WEIGHT.shape))
    onnx.save(model, tmp_path / "model.onnx")
    expect_dense(tmp_path)


def test_weights_may_be_in_a_file_of_their_own(tmp_path):
    onnx.save(dense(numpy_helper.from_array(WEIGHT, "w")), tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").stat().st_size >= WEIGHT.nbytes
    expect_dense(tmp_path)


def test_open_dims_are_asked_for(tmp_path):
    onnx.save(dense(numpy_helper.from_array(WEIGHT, "w")), tmp_path / "model.onnx")
    done = broach("compile", tmp_path / "model.onnx", "-o", tmp_path / "model.tar")
    assert done.returncode == 4 and "input 'x' has open dims [batch, 7]" in done.stderr and "--input-shapes" in done.stderr
    expect_dense(tmp_path)
