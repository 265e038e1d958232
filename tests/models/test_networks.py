"""Whole networks, compiled and run: against stored references, against ONNX Runtime, and against the naive reference in double."""
import numpy as np
import onnxruntime
import pytest
from conftest import GIVEN, TARGETS, broach, compile_model, expect_close, must, run_artifact

GIVEN_MODELS = ["squeezenet1_1_fp32", "mobilenet_v2_1.0_224_float", "efficientnet_lite0", "mnist_cntk_opset7", "resnet18_w8_random",
                "light_densenet121", "light_inception_v1", "light_resnet50", "light_shufflenet", "light_squeezenet", "light_vgg19",
                "ultraface_rfb_320", "yolox_nano_coco"]
WITH_REAL_WEIGHTS = {"squeezenet1_1_fp32", "mobilenet_v2_1.0_224_float", "efficientnet_lite0", "mnist_cntk_opset7"}
LARGE = {"light_vgg19", "light_densenet121", "light_resnet50", "light_inception_v1", "yolox_nano_coco"}  # for one target only, to save time
SKELETONS = ["resnet18", "resnet50", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v2", "encoder4"]
MADE = [*SKELETONS, "resnet50_v2"]


def best(values):
    return np.argsort(-values.ravel(), kind="stable")[:5].tolist()


@pytest.mark.parametrize("name", GIVEN_MODELS)
def test_given_models_equal_their_references(name, tmp_path):
    model, reference = GIVEN / f"{name}.onnx", GIVEN / "reference" / f"{name}.onnx.npz"
    if not reference.exists():
        pytest.skip(f"{reference} is not there")
    stored = np.load(reference)
    inputs = {key.removeprefix("input:"): stored[key] for key in stored.files if key.startswith("input:")}
    for target in TARGETS[:1] if name in LARGE else TARGETS:
        compile_model(model, tmp_path / "model.tar", {key: value.shape for key, value in inputs.items()}, target)
        outputs = run_artifact(tmp_path / "model.tar", inputs, tmp_path)
        for key in stored.files:
            if key.startswith("output:"):
                output = key.removeprefix("output:")
                expect_close(outputs[output], stored[key], f"{output} for {target}")
                if name in WITH_REAL_WEIGHTS:
                    assert best(outputs[output]) == best(stored[key])


def random_inputs(session):
    rng = np.random.default_rng(3)
    inputs = {}
    for value in session.get_inputs():
        shape = [extent if isinstance(extent, int) else 1 for extent in value.shape]
        inputs[value.name] = rng.standard_normal(shape).astype(np.float32) if "float" in value.type else rng.integers(0, 100, shape)
    return inputs


@pytest.mark.parametrize("name", MADE)
def test_made_models_equal_onnx_runtime(name, generated_models, tmp_path):
    model = generated_models / f"{name}.onnx"
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    inputs = random_inputs(session)
    expected = dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs)))
    for target in TARGETS:
        compile_model(model, tmp_path / "model.tar", {key: value.shape for key, value in inputs.items()}, target)
        outputs = run_artifact(tmp_path / "model.tar", inputs, tmp_path)
        for key, value in expected.items():
            expect_close(outputs[key], value, f"{key} for {target}")
            assert best(outputs[key]) == best(value)


@pytest.mark.parametrize("name", SKELETONS)
def test_skeletons_equal_the_naive_reference(name, generated_models, tmp_path):
    model = generated_models / f"{name}.onnx"
    compile_model(model, tmp_path / "model.tar")
    must(broach("verify", tmp_path / "model.tar", model))
