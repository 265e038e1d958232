"""`make install` into an empty folder: the programs run from there, and examples/c builds by pkg-config and by CMake."""
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import TensorProto, helper

BUILD = Path(os.environ.get("BROACH_BUILD", ROOT / "build"))
RUN_C = ROOT / "examples" / "c" / "run.c"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """The installation, moved after it was made: nothing in it may know where it was put."""
    first = tmp_path_factory.mktemp("installed") / "first"
    run("cmake", "--install", BUILD, "--prefix", first)
    return first.rename(first.with_name("moved"))


@pytest.fixture(scope="module")
def artifact(prefix, tmp_path_factory):
    """x + 1, compiled by the installed program."""
    folder = tmp_path_factory.mktemp("model")
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "xy"]
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    graph = helper.make_graph([helper.make_node("Add", ["x", "one"], ["y"])], "plus_one", value[:1], value[1:], [one])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
    run(prefix / "bin" / "tvmc", "compile", folder / "model.onnx", "-o", folder / "model.tar")
    np.array([1, 2, 3], np.float32).tofile(folder / "x.bin")
    return folder / "model.tar"


def check_program(program, artifact, **options):
    output = run(program, artifact, artifact.with_name("x.bin"), **options)
    assert output == "y: shape [3], values 2 3 4\n"


def pkg_config(prefix, *arguments):
    return run("pkg-config", *arguments, env={**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}).split()


def test_what_is_installed(prefix):
    for file in ("bin/broach", "bin/tvmc", "bin/run_model", "lib/libbroach_runtime.so", "lib/libbroach_runtime.a",
                 "include/broach/runtime.h", "include/broach/runtime.hpp", "include/broach/abi.h"):
        assert (prefix / file).exists(), file
    assert {path.suffix for path in (prefix / "include" / "broach").iterdir()} == {".h", ".hpp"}
    assert run(prefix / "bin" / "tvmc", "--version") == run(BUILD / "bin" / "tvmc", "--version")


def test_pkg_config(prefix, artifact, tmp_path):
    flags = pkg_config(prefix, "--cflags", "--libs", "broach-runtime")
    run("gcc", "-std=c99", "-Wall", "-Werror", RUN_C, "-o", tmp_path / "run", *flags)
    check_program(tmp_path / "run", artifact, env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")})


def test_cmake_package(prefix, artifact, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(f"""
        cmake_minimum_required(VERSION 3.25)
        project(user LANGUAGES C)
        find_package(broach 0.1 REQUIRED)
        foreach(library runtime runtime_static)
          add_executable(run_${{library}} {RUN_C})
          target_link_libraries(run_${{library}} PRIVATE broach::${{library}})
        endforeach()
        """)
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "build")
    for library in ("runtime", "runtime_static"):
        check_program(tmp_path / "build" / f"run_{library}", artifact)


def test_the_compiler_as_a_library(prefix, tmp_path):
    """A C program that includes compiler.h and nothing else links by both ways; what it calls is tested in tests/driver."""
    if not (ROOT / "include" / "broach" / "compiler.h").exists():
        pytest.skip("this version has no compiler library")
    (tmp_path / "use.c").write_text('#include "broach/compiler.h"\nint main(void) { return 0; }\n')
    flags = pkg_config(prefix, "--cflags", "--libs", "broach")
    run("gcc", "-std=c99", "-Wall", "-Werror", "-Wl,--no-as-needed", tmp_path / "use.c", "-o", tmp_path / "use", *flags)
    run(tmp_path / "use", env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")})
    (tmp_path / "CMakeLists.txt").write_text("""
        cmake_minimum_required(VERSION 3.25)
        project(user LANGUAGES C)
        find_package(broach REQUIRED)
        add_executable(use use.c)
        target_link_libraries(use PRIVATE broach::compiler)
        """)
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "build")
    run(tmp_path / "build" / "use")
