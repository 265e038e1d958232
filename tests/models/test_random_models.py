"""Random networks against the naive reference in double. A seed that fails: random_models.random_model(SEED) gives the model."""
import onnx
import pytest
import random_models
from conftest import TARGETS, broach, compile_model, must

SMALL_SEEDS, LARGE_SEEDS = range(60), range(60, 66)
LARGE = {"channels": [3, 24, 58, 116, 232, 1000], "sizes": [7, 14, 28, 56, 97, 112], "most_elements": 300000}


def check(seed, folder, **limits):
    model = random_models.random_model(seed, **limits)
    onnx.save(model, folder / "model.onnx")
    compile_model(folder / "model.onnx", folder / "model.tar", target=TARGETS[seed % len(TARGETS)])
    must(broach("verify", folder / "model.tar", folder / "model.onnx"))


@pytest.mark.parametrize("seed", SMALL_SEEDS)
def test_small_networks(seed, tmp_path):
    check(seed, tmp_path)


@pytest.mark.parametrize("seed", LARGE_SEEDS)
def test_wide_networks(seed, tmp_path):
    check(seed, tmp_path, **LARGE)


def test_the_same_seed_gives_the_same_model():
    assert random_models.random_model(5).SerializeToString() == random_models.random_model(5).SerializeToString()
