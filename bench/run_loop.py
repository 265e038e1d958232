"""One engine with one model in a process of its own: python bench/run_loop.py ENGINE MODEL THREADS OUTPUTS.npz

Pins itself to the first THREADS CPUs it may use, opens the model, runs it once, saves the outputs, prints one JSON line
{"target", "first_ns"}: the time from opening to the end of the first run. Then each line "SECONDS" on standard input is
answered by the times in ns of single runs that filled that many seconds, on one line. Ends at the end of its input.
"""
import json
import os
import sys
import time

import numpy as np

from engines import ENGINES

WARM_UP_RUNS = 2  # after each wait the caches hold the other engine's data


def measure(run, seconds):
    for _ in range(WARM_UP_RUNS):
        run()
    clock = time.perf_counter_ns
    times = []
    last = clock()
    end = last + int(seconds * 1e9)
    while last < end or not times:
        begin = clock()
        run()
        last = clock()
        times.append(last - begin)
    return times


def main(engine, model, threads, outputs):
    threads = int(threads)
    cpus = sorted(os.sched_getaffinity(0))
    if threads > len(cpus):
        sys.exit(f"{threads} threads were asked for, this process may use {len(cpus)} CPUs")
    os.sched_setaffinity(0, cpus[:threads])
    if engine == "ort":
        import onnxruntime  # noqa: F401  loading the library is not part of opening a model
    begin = time.perf_counter_ns()
    loaded = ENGINES[engine](model, threads)
    loaded.run()
    first = time.perf_counter_ns() - begin
    np.savez(outputs, *loaded.outputs())
    print(json.dumps({"target": loaded.target, "first_ns": first}), flush=True)
    for line in sys.stdin:
        print(*measure(loaded.run, float(line)), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
