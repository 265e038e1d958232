"""The commands of README.md's "In use" block do what it says, one after the other, in a folder with a model, a picture and labels."""
import os
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import ROOT
from network import Network

BUILD = Path(os.environ.get("BROACH_BUILD", ROOT / "build"))


def shell_lines(heading):
    text = (ROOT / "README.md").read_text().split(f"## {heading}\n")[1]
    block = text.split("```sh\n")[1].split("```")[0]
    return [line for line in block.splitlines() if line.strip()]


def commands():
    return [shlex.split(line, comments=True) for line in shell_lines("In use") if line.startswith("build/bin/")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    (folder / "build").symlink_to(BUILD)
    net = Network("small", opset=17, size=32)
    x = net.relu(net.conv("input", "conv", 16, 3, stride=2, bias=True), "relu")
    net.save(folder / "model.onnx", net.classifier(x, "fc", classes=5))
    assert onnx.load(folder / "model.onnx").graph.output
    (folder / "labels.txt").write_text("".join(f"class {i}\n" for i in range(5)))
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    (folder / "cat.png").write_bytes(b"P6 60 40 255\n" + pixels.tobytes())  # any format that is read; its name does not matter
    return folder


def test_there_are_commands():
    assert {command[1] for command in commands()} >= {"check", "compile", "run", "verify"}


def test_in_use(folder):
    for command in commands():
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        if "--image" in command:
            assert "class " in done.stdout and done.stdout.count("id=") == 5


def test_what_readme_links_to_is_there():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
