"""One turn: a network in a runtime, in a process of its own.

python -m thermoscout_core.bench.turn < job.json > result.json

A fresh process each time, so that memory is counted from nothing and no runtime warms another's
caches or keeps its threads spinning.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from thermoscout_core.bench.energy import find_meter
from thermoscout_core.bench.runtimes import RUNTIMES
from thermoscout_core.errors import ThermoscoutError
from thermoscout_core.machine import CpuClock, peak_rss_mib


class Job(BaseModel):
    """file: what the runtime loads. inputs, outputs: npz files of tensors by name, read and
    written."""

    runtime: str
    file: Path
    inputs: Path
    outputs: Path
    threads: int
    warm_up: int
    repeats: int


class Turn(BaseModel):
    """times_s: of each call. load_s: from the file to the first answer. foreign: share of the
    machine that others took meanwhile. energy_j: over all timed calls. error: why there is none
    of it."""

    times_s: list[float] = []
    load_s: float = 0.0
    peak_rss_mib: float | None = None
    foreign: float | None = None
    energy_j: float | None = None
    error: str | None = None


def measure(job: Job) -> Turn:
    """Load, warm up, time; in this process."""
    tensors = dict(np.load(job.inputs))
    begun_s = time.perf_counter()
    infer = RUNTIMES[job.runtime].load(job.file, job.threads)
    np.savez(job.outputs, **infer(tensors))  # type: ignore[arg-type]
    load_s = time.perf_counter() - begun_s
    for _ in range(job.warm_up):
        infer(tensors)
    times_s = []
    meter = find_meter()
    if meter is not None:
        meter.start()
    clock = CpuClock.now()
    for _ in range(job.repeats):
        started_s = time.perf_counter()
        infer(tensors)
        times_s.append(time.perf_counter() - started_s)
    foreign = CpuClock.now().foreign_since(clock)
    energy_j = None if meter is None else meter.stop_j()
    return Turn(
        times_s=times_s,
        load_s=load_s,
        peak_rss_mib=peak_rss_mib(),
        foreign=foreign,
        energy_j=energy_j,
    )


def measure_apart(job: Job) -> Turn:
    """The same in a fresh process. A runtime that fails gives a Turn with its error."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(job.threads),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    finished = subprocess.run(
        [sys.executable, "-m", __name__],
        input=job.model_dump_json(),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if finished.returncode != 0:
        lines = finished.stderr.strip().splitlines() or [f"exit code {finished.returncode}"]
        return Turn(error=lines[-1])
    return Turn.model_validate_json(finished.stdout.splitlines()[-1])


def main() -> None:
    """Read a job, print its result; what libraries print goes to stderr."""
    job = Job.model_validate_json(sys.stdin.read())
    result_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        turn = measure(job)
    except ThermoscoutError as error:
        turn = Turn(error=str(error))
    result_stream.write(turn.model_dump_json() + "\n")
    result_stream.flush()


if __name__ == "__main__":
    main()
