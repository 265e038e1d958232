"""Compiling and running with the built program, and where models are."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BROACH = os.environ.get("BROACH_PROGRAM", str(ROOT / "build" / "bin" / "broach"))
TIMEOUT_S = 300
GIVEN = Path(os.environ.get("BROACH_TEST_MODELS", ROOT.parent / "shared" / "models"))
GENERATED = Path(os.environ.get("BROACH_GENERATED_MODELS", ROOT / "build" / "models"))
TOLERANCE = 1e-4  # of an output's largest magnitude

sys.path.insert(0, str(Path(__file__).parent))


def host_targets():
    """Targets whose code this machine can run: its own, and older ones of its architecture."""
    flags = Path("/proc/cpuinfo").read_text().split()
    targets = ["llvm"]
    if "avx2" in flags and "fma" in flags:
        targets.append("llvm -mcpu=haswell")
    if "sse4_2" in flags:
        targets.append("llvm -mcpu=x86-64-v2")
    return targets


TARGETS = host_targets()


def broach(*arguments, timeout=TIMEOUT_S):
    return subprocess.run([BROACH, *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=timeout)


def must(done):
    assert done.returncode == 0, f"{done.args[1]} ended with {done.returncode}: {done.stderr}"
    return done


def compile_model(model, artifact, shapes=None, target="llvm"):
    given = ["--input-shapes", " ".join(f"{name}:[{','.join(map(str, shape))}]" for name, shape in shapes.items())] if shapes else []
    return must(broach("compile", model, "-o", artifact, "--target", target, *given))


def run_artifact(artifact, inputs, folder):
    np.savez(folder / "inputs.npz", **inputs)
    must(broach("run", artifact, "--inputs", folder / "inputs.npz", "-o", folder / "outputs.npz"))
    with np.load(folder / "outputs.npz") as outputs:
        return {name: outputs[name] for name in outputs.files}


def expect_close(found, expected, name=""):
    assert found.shape == expected.shape, name
    if not np.issubdtype(expected.dtype, np.floating):
        np.testing.assert_array_equal(found, expected, err_msg=name)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(found), finite, err_msg=name)
    if finite.any():
        error = np.abs(found.astype(np.float64) - expected)[finite].max()
        assert error <= TOLERANCE * np.abs(expected[finite]).max(), f"{name}: error {error}"


@pytest.fixture(scope="session")
def generated_models():
    subprocess.run([ROOT / "tools" / "make_models"], check=True, capture_output=True, env={**os.environ, "BROACH_GENERATED_MODELS": str(GENERATED)})
    return GENERATED
