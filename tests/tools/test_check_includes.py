"""tools/check_includes finds each kind of forbidden include, names its file and line, and lets the others be."""
import subprocess

import pytest
from conftest import ROOT


def check(root, file, line):
    path = root / file
    path.parent.mkdir(parents=True)
    path.write_text(f"#pragma once\n{line}\n")
    return subprocess.run([ROOT / "tools" / "check_includes", root], capture_output=True, text=True)


@pytest.mark.parametrize("file, line", [
    ("src/loop/a.cpp", '#include "schedule/schedule.h"'),
    ("src/graph/a.h", "#include <llvm/IR/Module.h>"),
    ("src/graph/a.h", '#  include "te/tensor.h"'),
    ("src/graph/a.h", '#include "graph.h"'),
    ("src/runtime/a.cpp", "#include <fmt/core.h>"),
    ("src/runtime/a.cpp", '#include "graph/graph.h"'),
    ("src/ops/a.cpp", '#include "driver/compile.h"'),
    ("src/cli/a.cpp", "#include <iostream>"),
    ("include/broach/runtime.h", '#include "support/errors.h"'),
])
def test_forbidden(tmp_path, file, line):
    done = check(tmp_path, file, line)
    assert done.returncode == 1 and done.stdout.startswith(f"{file}:2: ") and done.stdout.count("\n") == 1


def test_folder_without_a_row(tmp_path):
    done = check(tmp_path, "src/unknown/a.cpp", "#include <vector>")
    assert done.returncode == 1 and "src/unknown/a.cpp:1: src/unknown is not in the table" in done.stdout


@pytest.mark.parametrize("file, line", [
    ("src/importers/onnx/a.cpp", '#include "onnx_subset.pb.h"'),
    ("src/loop/a.cpp", '#include "te/tensor.h"'),
    ("src/codegen/llvm/a.cpp", "#include <llvm/IR/Module.h>"),
    ("src/codegen/llvm/a.cpp", '#include "broach/abi.h"'),
    ("src/runtime/a.cpp", '#include "broach/runtime.h"'),
    ("src/cli/a.cpp", '#include "driver/compile.h"'),
    ("src/graph/a.h", "#include <vector>"),
    ("include/broach/runtime.hpp", '#include "broach/runtime.h"'),
])
def test_allowed(tmp_path, file, line):
    done = check(tmp_path, file, line)
    assert done.returncode == 0 and done.stdout == ""
