"""Models with faults: one sentence, exit code 4, no file left, and at once however much the model claims."""
import time

import numpy as np
import onnx
import pytest
from conftest import broach
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
AT_ONCE_S = 10  # of the clock, on a machine that does other things too
X = helper.make_tensor_value_info("x", FLOAT, [2, 3])


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"{op.lower()}_{outputs[0] if outputs else ''}", **attributes)


def model(nodes, inputs=(X,), outputs=("y",), weights=(), opset=17):
    graph = helper.make_graph(nodes, "faulty", list(inputs), [onnx.ValueInfoProto(name=o) for o in outputs], list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def weight(dims, **fields):
    return TensorProto(name="w", data_type=FLOAT, dims=dims, **fields)


def shape_input(*extents):
    return helper.make_tensor_value_info("x", FLOAT, extents)


def ints(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def field(number, content):
    """A field of a protobuf message that holds bytes or a message."""
    size, length = [], len(content)
    while length >= 128:
        size.append(length % 128 + 128)
        length //= 128
    return bytes([number * 8 + 2, *size, length]) + content


def nested_ifs(depth):
    """If in If in If: made by hand, because onnx refuses to write so many."""
    graph = b""
    for _ in range(depth):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    return field(7, graph) + field(8, bytes([16, 17]))


BIG = 1 << 40
FAULTS = {
    "cycle": (model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]),
              "'b' is used but nothing before it computes it"),
    "missing value": (model([node("Add", ["x", "nowhere"], ["y"])]), "node 'add_y' (Add): 'nowhere' is used but nothing before it computes it"),
    "missing output": (model([node("Relu", ["x"], ["z"])]), "'y' is used but nothing before it computes it"),
    "no outputs": (model([node("Relu", ["x"], ["y"])], outputs=()), "the model has no outputs"),
    "name taken twice": (model([node("Relu", ["x"], ["y"]), node("Abs", ["x"], ["y"])]), "the name 'y' is taken twice"),
    "input taken twice": (model([node("Relu", ["x"], ["y"])], inputs=(X, X)), "the name 'x' is taken twice"),
    "cut raw_data": (model([node("Add", ["x", "w"], ["y"])], weights=[weight([2, 3], raw_data=b"1234567")]),
                     "tensor 'w': it holds 7 bytes, its type f32[2, 3] needs 24"),
    "too few elements": (model([node("Add", ["x", "w"], ["y"])], weights=[weight([2, 3], float_data=[1, 2])]),
                         "it holds 2 elements, its type f32[2, 3] needs 6"),
    "negative dim": (model([node("Add", ["x", "w"], ["y"])], weights=[weight([-2, 3])]), "[-2, 3] has a negative dimension"),
    "dims that overflow": (model([node("Add", ["x", "w"], ["y"])], weights=[weight([1 << 33, 1 << 33])]), "has 2^40 elements or more"),
    "dims that overflow beside a zero": (model([node("Add", ["x", "w"], ["y"])], weights=[weight([1 << 62, 1 << 62, 0])]), "2^40 elements or more"),
    "large weight without data": (model([node("Add", ["x", "w"], ["y"])], weights=[weight([1 << 20, 1 << 18])]), "it holds 0 elements"),
    "large input": (model([node("Relu", ["x"], ["y"])], inputs=[shape_input(1 << 20, 1 << 20)]), "has 2^40 elements or more"),
    "large constant": (model([node("ConstantOfShape", ["s"], ["c"]), node("Add", ["x", "c"], ["y"])], weights=[ints("s", 1 << 20, 1 << 20)]),
                       "has 2^40 elements or more"),
    "large expansion": (model([node("Expand", ["x", "s"], ["y"])], weights=[ints("s", BIG, 2, 3)]), "has 2^40 elements or more"),
    "large tile": (model([node("Tile", ["x", "s"], ["y"])], weights=[ints("s", BIG, BIG)]), "at most 2^40 elements"),
    "large pad": (model([node("Pad", ["x", "s"], ["y"])], weights=[ints("s", 0, 0, BIG, BIG)]), "2^40 elements or more"),
    "large range": (model([node("Range", ["a", "b", "d"], ["r"]), node("Relu", ["x"], ["y"])],
                          weights=[ints("a"), ints("b", 0), ints("d")]), "one element was expected"),
    "endless range": (model([node("Range", ["a", "b", "d"], ["y"])],
                            weights=[numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "a"), (1, "b"), (0, "d"))]), "has no end"),
    "split into many": (model([node("Split", ["x", "s"], ["y", "z"], axis=0)], weights=[ints("s", BIG, -BIG + 2)]), "do not fit an axis of extent 2"),
    "huge window": (model([node("MaxPool", ["x"], ["y"], kernel_shape=[1 << 40, 1])], inputs=[shape_input(1, 1, 4, 4)]), "window"),
    "shapes that do not fit": (model([node("Gemm", ["x", "w"], ["y"])], weights=[weight([4, 5], float_data=[0] * 20)]),
                               "node 'gemm_y' (Gemm): "),
    "unknown attribute": (model([node("Relu", ["x"], ["y"], slope=0.1)]), "attribute 'slope' is not supported in opset 17"),
    "attribute of another type": (model([node("Concat", ["x", "x"], ["y"], axis="1")]), "attribute 'axis' is a string, an int was expected"),
    "opset too old": (model([node("Relu", ["x"], ["y"])], opset=6), "the model uses opset 6 of ONNX, supported are 7 to 27"),
    "opset too new": (model([node("Relu", ["x"], ["y"])], opset=28), "the model uses opset 28 of ONNX, supported are 7 to 27"),
    "unsupported operators": (model([node("STFT", ["x"], ["a"]), node("Det", ["x"], ["b"]), node("Det", ["a"], ["c"]),
                                     helper.make_node("Fancy", ["b"], ["y"], domain="com.example")]),
                              "operators that are not supported: STFT (1 node: 'stft_a'), Det (2 nodes: 'det_b', 'det_c'), com.example::Fancy (1 node: 'y')"),
    "an unsupported operator and an unknown attribute": (
        model([node("Det", ["x"], ["a"]), node("Relu", ["x"], ["y"], slope=0.1)]),
        "operators that are not supported: Det (1 node: 'det_a'); node 'relu_y' (Relu): attribute 'slope' is not supported in opset 17"),
    "nesting": (nested_ifs(12), "not supported: If (12 nodes: "),
    "deep nesting": (nested_ifs(30000), "not an ONNX model"),
}


def expect_refusal(path, part, folder):
    began = time.monotonic()
    done = broach("compile", path, "-o", folder / "model.tar")
    assert time.monotonic() - began < AT_ONCE_S
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1 and part in done.stderr, done.stderr
    assert not (folder / "model.tar").exists()


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name, tmp_path):
    faulty, part = FAULTS[name]
    (tmp_path / "model.onnx").write_bytes(faulty if isinstance(faulty, bytes) else faulty.SerializeToString())
    expect_refusal(tmp_path / "model.onnx", part, tmp_path)


def test_several_faults_are_told_together(tmp_path):
    onnx.save(model([node("Relu", ["x"], ["a"], slope=0.1), node("Abs", ["x"], ["b"], slope=0.1), node("Add", ["a", "b"], ["y"])]), tmp_path / "m.onnx")
    done = broach("compile", tmp_path / "m.onnx", "-o", tmp_path / "model.tar")
    assert "node 'relu_a' (Relu)" in done.stderr and "node 'abs_b' (Abs)" in done.stderr and "(Add)" not in done.stderr


@pytest.mark.parametrize("location, part", [("../weights.bin", "nothing outside it is read"), ("/etc/passwd", "nothing outside it is read"),
                                            ("none.bin", "none.bin"), ("", "nothing outside it is read")])
def test_external_data_stays_in_the_folder(location, part, tmp_path):
    (tmp_path / "weights.bin").write_bytes(bytes(24))
    (tmp_path / "inner").mkdir()
    external = weight([2, 3], data_location=TensorProto.EXTERNAL, external_data=[onnx.StringStringEntryProto(key="location", value=location)])
    (tmp_path / "inner" / "model.onnx").write_bytes(model([node("Add", ["x", "w"], ["y"])], weights=[external]).SerializeToString())
    expect_refusal(tmp_path / "inner" / "model.onnx", part, tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"PK\3\4 not a model", b"\x08\x08"], ids=["empty", "zeros", "zip", "header"])
def test_what_is_no_model(content, tmp_path):
    (tmp_path / "model.onnx").write_bytes(content)
    expect_refusal(tmp_path / "model.onnx", "model", tmp_path)


def test_every_prefix_of_a_model_ends_in_an_error_or_a_result(tmp_path):
    whole = model([node("Add", ["x", "w"], ["y"])], weights=[weight([2, 3], float_data=[1] * 6)]).SerializeToString()
    for size in range(1, len(whole), 7):
        (tmp_path / "model.onnx").write_bytes(whole[:size])
        assert broach("compile", tmp_path / "model.onnx", "-o", tmp_path / "model.tar").returncode in (0, 4), size
