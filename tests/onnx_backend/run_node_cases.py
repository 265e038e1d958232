"""Runs the ONNX backend's node cases (PyPI onnx 1.22.0) through `broach compile` and `broach run`.

    build/venv/bin/python tests/onnx_backend/run_node_cases.py [--broach PROGRAM] [--filter REGEX] [--verbose]

A case counts when the importer has all its operators (src/importers/onnx/onnx_ops.def) and every input and output is a
tensor of a type that .npz can hold; the others are outside, counted by reason. Outputs are compared as ONNX's own runner does:
same shape and type, |a - b| <= atol + rtol * |b| with the tolerances of the case, by default rtol 1e-3 and atol 1e-7.
Broach plans memory at compile time, so inputs of a case that decide a shape (the table below says which operands do) are put
into the model as constants. How many cases that concerns is printed.
known_failures.txt beside this file lists cases that fail today; one of them that passes, or that does not exist, fails the run.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"
OPERATORS = ROOT / "src" / "importers" / "onnx" / "onnx_ops.def"
KNOWN_FAILURES = Path(__file__).parent / "known_failures.txt"
RTOL, ATOL = 1e-3, 1e-7
TIMEOUT_S = 120

# Operator -> positions of the operands that must be known when compiling: shapes, axes, what padding is filled with.
REDUCTIONS = ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"]
SHAPE_OPERANDS = {
    "CenterCropPad": (1,), "ConstantOfShape": (0,), "CumSum": (1,), "Dropout": (1, 2), "Expand": (1,), "OneHot": (1,), "Pad": (1, 2, 3),
    "Range": (0, 1, 2), "Reshape": (1,), "Resize": (1, 2, 3), "Slice": (1, 2, 3, 4), "Split": (1,), "Squeeze": (1,), "Tile": (1,),
    "TopK": (1,), "Trilu": (1,), "Unsqueeze": (1,), "Upsample": (1,), **{f"Reduce{name}": (1,) for name in REDUCTIONS},
}
NPZ_TYPES = {np.dtype(t) for t in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")}

Outcome = collections.namedtuple("Outcome", "case kind text")  # kind: passed, failed, outside


class Outside(Exception):
    """The case is not one for Broach; the text says why."""


class Failure(Exception):
    pass


def nodes_of(graph):
    """Nodes of a graph or model function and of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs] if attribute.type in (attribute.GRAPH, attribute.GRAPHS) else []:
                yield from nodes_of(inner)


def operators_of(model):
    own = {(f.domain, f.name) for f in model.functions}
    for graph in (model.graph, *model.functions):
        for node in nodes_of(graph):
            if (node.domain, node.op_type) not in own:
                yield node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def read_tensors(folder, kind, values):
    """The input_*.pb or output_*.pb of a data set, by the names of the graph's values."""
    tensors = {}
    for i, value in enumerate(values):
        path = folder / f"{kind}_{i}.pb"
        if value.type.WhichOneof("value") != "tensor_type":
            raise Outside(f"{value.type.WhichOneof('value') or 'untyped'} as {kind}")
        if not path.exists():
            raise Outside(f"{kind} without data")
        array = numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))
        if array.dtype not in NPZ_TYPES:
            raise Outside(f"{kind} of type {onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()}")
        tensors[value.name] = array
    return tensors


def values_behind(graph, names):
    """The values that those of `names` are computed from, these included; what Shape and Size read counts only by its shape."""
    producer = {output: node for node in graph.node for output in node.output}
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name in producer and producer[name].op_type not in ("Shape", "Size"):
                waiting += producer[name].input
    return found


def freeze_shape_operands(model, inputs):
    """Moves inputs that decide shapes into the model as constants. True: there were such."""
    deciding = {node.input[i] for node in nodes_of(model.graph) if node.domain in ("", "ai.onnx")
                for i in SHAPE_OPERANDS.get(node.op_type, ()) if i < len(node.input)}
    frozen = values_behind(model.graph, deciding) & inputs.keys()
    for name in sorted(frozen):
        model.graph.initializer.append(numpy_helper.from_array(inputs.pop(name), name))
    kept = [value for value in model.graph.input if value.name not in frozen]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return bool(frozen)


def execute(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[1]} took more than {TIMEOUT_S} s") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise Failure(f"{command[1]} ended with {done.returncode}: {lines[-1]}")


def compare(actual, expected, tolerances):
    for name, want in expected.items():
        if name not in actual:
            raise Failure(f"output {name} is missing; there are {', '.join(actual)}")
        have = actual[name]
        if have.shape != want.shape or have.dtype != want.dtype:
            raise Failure(f"output {name} is {have.dtype}{list(have.shape)}, expected {want.dtype}{list(want.shape)}")
        try:
            np.testing.assert_allclose(have, want, **tolerances)
        except AssertionError as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            raise Failure(f"output {name}: {'; '.join(lines[:4])}") from None


def run_data_set(broach, case, folder, model_proto, work):
    """Compiles and runs one test_data_set. True: operands were frozen."""
    model = onnx.ModelProto.FromString(model_proto)
    constant = {tensor.name for tensor in model.graph.initializer}
    inputs = read_tensors(folder, "input", [value for value in model.graph.input if value.name not in constant])
    expected = read_tensors(folder, "output", model.graph.output)
    frozen = freeze_shape_operands(model, inputs)
    source, artifact, given, got = (str(Path(work) / name) for name in ("model.onnx", "model.so", "in.npz", "out.npz"))
    Path(source).write_bytes(model.SerializeToString())
    shapes = [f"{name}:[{','.join(map(str, array.shape))}]" for name, array in inputs.items() if has_dynamic_shape(model, name)]
    execute([broach, "compile", source, "-o", artifact, *(["--input-shapes", " ".join(shapes)] if shapes else [])])
    arguments = []
    if inputs:
        np.savez(given, **inputs)
        arguments = ["--inputs", given]
    execute([broach, "run", artifact, *arguments, "--outputs", got])
    settings = json.loads((case / "data.json").read_text()) if (case / "data.json").exists() else {}
    with np.load(got) as actual:
        compare(actual, expected, {"rtol": settings.get("rtol", RTOL), "atol": settings.get("atol", ATOL)})
    return frozen


def has_dynamic_shape(model, name):
    (value,) = (value for value in model.graph.input if value.name == name)
    tensor = value.type.tensor_type
    return not tensor.HasField("shape") or any(dim.WhichOneof("value") != "dim_value" for dim in tensor.shape.dim)


def run_case(broach, operators, case):
    model_proto = (case / "model.onnx").read_bytes()
    try:
        missing = sorted(set(operators_of(onnx.ModelProto.FromString(model_proto))) - operators)
        if missing:
            raise Outside("other operators")
        data_sets = sorted(case.glob("test_data_set_*"))
        if not data_sets:
            raise Outside("no data")
        frozen = False
        for folder in data_sets:
            with tempfile.TemporaryDirectory(prefix="broach-node-") as work:
                frozen |= run_data_set(broach, case, folder, model_proto, work)
        return Outcome(case.name, "passed", "constants" if frozen else "")
    except Outside as reason:
        return Outcome(case.name, "outside", str(reason))
    except Failure as failure:
        return Outcome(case.name, "failed", str(failure))


def read_list(text):
    """First word of every line that is not empty or a comment."""
    return [line.split()[0] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def supported_operators():
    return set(re.findall(r"^BROACH_ONNX_\w+\((\w+)", OPERATORS.read_text(), re.MULTILINE))


def report(outcomes, known):
    """Prints what was found; gives the counts. A failure counts if it is not a known one, or if a known one did not fail."""
    by_case = {outcome.case: outcome for outcome in outcomes}
    failures = [f"{o.case}: {o.text}" for o in outcomes if o.kind == "failed" and o.case not in known]
    for case in sorted(known & by_case.keys()):
        if by_case[case].kind != "failed":
            failures.append(f"{case}: {by_case[case].kind}, but known_failures.txt says that it fails; take it off the list")
    for line in failures:
        print(f"FAILED {line}")
    reasons = collections.Counter(o.text for o in outcomes if o.kind == "outside")
    counts = {"cases": len(outcomes), "passed": sum(o.kind == "passed" and o.case not in known for o in outcomes), "failed": len(failures),
              "known_failures": sum(o.kind == "failed" and o.case in known for o in outcomes), "outside": reasons.total()}
    frozen = sum(o.kind == "passed" and o.text == "constants" for o in outcomes)
    print(f"{frozen} passed with operands made constants; outside: "
          + (", ".join(f"{count} {reason}" for reason, count in reasons.most_common()) or "none"))
    print("ONNX node cases: " + ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items()))
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--broach", default=str(ROOT / "build" / "bin" / "broach"))
    parser.add_argument("--filter", default="", help="only cases whose name this regular expression finds")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--counts", type=Path, help="write the counts there as JSON")
    parser.add_argument("--verbose", action="store_true", help="print every case")
    options = parser.parse_args()
    if not os.access(options.broach, os.X_OK):
        sys.exit(f"{options.broach} is not there: build first")

    operators = supported_operators()
    known = set(read_list(KNOWN_FAILURES.read_text()))
    every_case = sorted(path for path in CASES.iterdir() if (path / "model.onnx").exists())
    gone = known - {case.name for case in every_case}
    if gone:
        sys.exit(f"known_failures.txt lists cases that do not exist: {', '.join(sorted(gone))}")
    cases = [case for case in every_case if re.search(options.filter, case.name)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda case: run_case(options.broach, operators, case), cases))
    if options.verbose:
        for outcome in outcomes:
            print(outcome.kind, outcome.case, outcome.text)
    counts = report(outcomes, known)
    if options.counts:
        options.counts.parent.mkdir(parents=True, exist_ok=True)
        options.counts.write_text(json.dumps(counts))
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


main()
