"""The networks that scripts build: the demo's against the reference of the same weights, the others against their definition."""
import os
from pathlib import Path

import demo_model
import make_models
import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import ROOT
from network import same_pads


def run(path, value):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: value})[0]


def test_demo_model_equals_the_reference():
    folder = ROOT / "build" / "demo"
    demo_model.main(folder)
    labels = (folder / "imagenet_labels.txt").read_text().splitlines()
    assert len(labels) == 1000 and labels[0] == "tench, Tinca tinca" and labels[285] == "Egyptian cat"
    models = Path(os.environ.get("BROACH_TEST_MODELS", ROOT.parent / "shared" / "models"))
    reference = models / "reference" / "efficientnet_lite0.onnx.npz"
    if not reference.exists():
        pytest.skip(f"{reference} is not there")
    stored = np.load(reference)
    expected = stored["output:logits"]
    actual = run(folder / "efficientnet_lite0.onnx", stored["input:input"])
    assert np.abs(actual - expected).max() <= 1e-4 * np.abs(expected).max()


def test_resnet50_v2_is_of_opset_7_and_in_range():
    path = Path(os.environ.get("BROACH_GENERATED_MODELS", ROOT / "build" / "models")) / "resnet50_v2.onnx"
    model = onnx.load(path)
    assert model.opset_import[0].version == 7 and model.ir_version == 3
    assert len(model.graph.input) == 1 + len(model.graph.initializer)
    output = run(path, np.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(np.float32))
    assert output.shape == (1, 1000) and np.isfinite(output).all() and 0.1 < output.std() < 100


@pytest.mark.parametrize("build, channels", [(make_models.resnet18, 384), (make_models.mobilenet_v2, 1280)])
def test_variants_have_their_width_size_and_batch(tmp_path, build, channels):
    path = tmp_path / "variant.onnx"
    build(path, 0.75, 96, 2)
    model = onnx.load(path)
    dense = next(tensor for tensor in model.graph.initializer if tensor.name == "fc.weight")
    assert list(dense.dims) == [1000, channels]
    output = run(path, np.random.default_rng(0).standard_normal((2, 3, 96, 96)).astype(np.float32))
    assert output.shape == (2, 1000) and np.isfinite(output).all() and 0.01 < output.std() < 100


@pytest.mark.parametrize("size, kernel, stride, pads", [(224, 3, 2, (0, 1)), (112, 3, 1, (1, 1)), (112, 5, 2, (1, 2)), (7, 3, 2, (1, 1)),
                                                        (8, 1, 2, (0, 0))])
def test_same_pads(size, kernel, stride, pads):
    assert same_pads(size, kernel, stride) == pads
