"""Broach beside ONNX Runtime on one machine: `make bench`, or build/venv/bin/python bench/bench.py [OPTIONS].

Each engine runs in a process of its own, both pinned to the same CPUs. They take turns in short rounds; the one that
waits is stopped by SIGSTOP, so that its spinning threads take nothing from the other. Ratio: Broach's median by ONNX
Runtime's; below 1 Broach is faster. Error: largest difference of the outputs by the largest output.
"""
import argparse
import atexit
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from make_models import VARIANTS, make_models

ROOT = Path(__file__).resolve().parent.parent
BROACH = ROOT / "build" / "bin" / "broach"
GENERATED = Path(os.environ.get("BROACH_GENERATED_MODELS", ROOT / "build" / "models"))
WORK = ROOT / "build" / "bench"
NETWORKS = ["resnet18", "resnet50", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v2"]
VARIANT_NAMES = [f"{network}_{variant}" for network in ("resnet18", "mobilenet_v2") for variant in VARIANTS]
LIMIT, VARIANT_LIMIT, COMPILE_LIMIT_S, FIRST_LIMIT_MS = 1.15, 1.3, 20, 100
ROUND_S = 0.3
FIRST_REPEATS = 5


class Worker:
    """A process of run_loop.py. It is stopped whenever it is not measuring."""

    def __init__(self, engine, model, threads, outputs):
        command = [sys.executable, str(ROOT / "bench" / "run_loop.py"), engine, str(model), str(threads), str(outputs)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # a stopped process would outlive an interrupted bench
        self.facts = json.loads(self.answer())
        self.process.send_signal(signal.SIGSTOP)
        self.times, self.outputs = [], outputs

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{' '.join(self.process.args)} ended early")
        return line

    def measure(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.times += map(int, self.answer().split())
        self.process.send_signal(signal.SIGSTOP)

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait()


def cpu_description():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict((part.strip() for part in line.split(":", 1)) for line in lines if ":" in line)
    flags = set(fields.get("flags", fields.get("Features", "")).split())
    extensions = [name for flag, name in (("avx512f", "AVX-512"), ("avx512_vnni", "VNNI"), ("avx2", "AVX2"), ("fma", "FMA"),
                                          ("asimd", "NEON"), ("sve", "SVE")) if flag in flags]
    return f"{fields.get('model name', 'unknown CPU')}, {len(os.sched_getaffinity(0))} CPUs, {' '.join(extensions)}"


def model_path(name):
    return (GENERATED if name in NETWORKS else WORK) / f"{name}.onnx" if "/" not in name else Path(name)


def compile_model(model, artifact, mcpu):
    """Seconds that the compiler took."""
    target = "llvm" + (f" -mcpu={mcpu}" if mcpu else "")
    begin = time.monotonic()
    subprocess.run([BROACH, "compile", model, "-o", artifact, "--target", target], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def artifact_of(name, mcpu):
    """The compiled model; compiled again when the model or the compiler is newer."""
    model, artifact = model_path(name), WORK / f"{Path(name).stem}{'-' + mcpu if mcpu else ''}.tar"
    if not artifact.exists() or artifact.stat().st_mtime < max(model.stat().st_mtime, BROACH.stat().st_mtime):
        compile_model(model, artifact, mcpu)
    return artifact


def milliseconds(times):
    return {"median_ms": statistics.median(times) / 1e6, "min_ms": min(times) / 1e6, "runs": len(times)}


def largest_error(actual, expected):
    with np.load(actual) as a, np.load(expected) as b:
        return max(float(np.abs(a[key] - b[key]).max() / np.abs(b[key]).max()) for key in b.files)


def compare(name, threads, options, folder):
    sources = {"broach": lambda: artifact_of(name, options.mcpu), "ort": lambda: model_path(name)}
    workers = {engine: Worker(engine, sources[engine](), threads, Path(folder) / f"{engine}.npz") for engine in options.engines}
    for _ in range(options.rounds):
        for worker in workers.values():
            worker.measure(ROUND_S)
    row = {"model": name, "threads": threads}
    for engine, worker in workers.items():
        row[engine] = milliseconds(worker.times) | {"target": worker.facts["target"]}
        worker.close()
    if len(workers) == 2:
        row["ratio"] = row["broach"]["median_ms"] / row["ort"]["median_ms"]
        row["limit"] = VARIANT_LIMIT if name in VARIANT_NAMES else LIMIT
        row["error"] = largest_error(workers["broach"].outputs, workers["ort"].outputs)
    return row


def print_row(row):
    text = f"{row['model']:24}{row['threads']:8}"
    for engine in ("broach", "ort"):
        text += f"{row[engine]['median_ms']:15.3f}{row[engine]['min_ms']:12.3f}" if engine in row else f"{'-':>15}{'-':>12}"
    if "ratio" in row:
        text += f"{row['ratio']:9.3f}{row['error']:11.1e}" + (f"  over {row['limit']}" if row["ratio"] > row["limit"] else "")
    print(text, flush=True)


def first_inference(name, options, folder):
    """Milliseconds from opening to the end of the first run in a fresh process, the median of a few, by engine."""
    result = {}
    for engine in options.engines:
        source = artifact_of(name, options.mcpu) if engine == "broach" else model_path(name)
        times = []
        for _ in range(FIRST_REPEATS):
            worker = Worker(engine, source, 1, Path(folder) / "first.npz")
            worker.close()
            times.append(worker.facts["first_ns"] / 1e6)
        result[engine] = statistics.median(times)
    return result


def measure_start(options, folder):
    facts = {}
    if "broach" in options.engines:
        seconds = facts["compile_resnet50_s"] = compile_model(model_path("resnet50"), Path(folder) / "resnet50.tar", options.mcpu)
        print(f"compile resnet50: {seconds:.1f} s (limit {COMPILE_LIMIT_S} s)")
    first = facts["first_mobilenet_v2_ms"] = first_inference("mobilenet_v2", options, folder)
    print("open and first inference of mobilenet_v2, 1 thread:", ", ".join(f"{e} {ms:.1f} ms" for e, ms in first.items()),
          f"(limit {FIRST_LIMIT_MS} ms)")
    return facts


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=NETWORKS + VARIANT_NAMES, help="names of the list below, or paths of .onnx files")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15, help=f"turns of {ROUND_S} s for each engine (15)")
    parser.add_argument("--mcpu", default="", help="CPU that Broach compiles for (this one); haswell shows AVX2")
    parser.add_argument("--engines", nargs="+", choices=["broach", "ort"], default=["broach", "ort"])
    parser.add_argument("--no-start", action="store_true", help="leave out compile time and first inference")
    parser.add_argument("--json", type=Path, help="write the results there as well")
    parser.epilog = "models: " + " ".join(NETWORKS + VARIANT_NAMES)
    return parser.parse_args()


def main():
    options = parse_options()
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "tools" / "make_models"], check=True)
    make_models(WORK)
    print(f"{cpu_description()}; Broach for {options.mcpu or 'this CPU'}")
    print(f"{'model':24}{'threads':>8}{'Broach median':>15}{'min (ms)':>12}{'ORT median':>15}{'min (ms)':>12}{'ratio':>9}{'error':>11}")
    results = {"cpu": cpu_description(), "mcpu": options.mcpu, "rows": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.models:
            for threads in options.threads:
                results["rows"].append(compare(name, threads, options, folder))
                print_row(results["rows"][-1])
        if not options.no_start:
            results["start"] = measure_start(options, folder)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


main()
