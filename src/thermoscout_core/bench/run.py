"""A whole bench: every network in every runtime, in turns."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from thermoscout_core.bench.energy import find_meter
from thermoscout_core.bench.preparation import CALIBRATION_FRAMES, Prepared, prepare
from thermoscout_core.bench.record import BenchRecord, MachineRecord, OptionsRecord
from thermoscout_core.bench.rows import Row
from thermoscout_core.bench.runtimes import RUNTIMES, is_installed
from thermoscout_core.bench.summary import Measured, choice_of, line_of, ratios_of
from thermoscout_core.bench.turn import Job, measure_apart
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import Counts
from thermoscout_core.machine import cpu_name, foreign_load, package_versions
from thermoscout_core.simulation.dataset import example_frames

Item = TypeVar("Item")


class Watch(Protocol):
    """Hands out the work, item by item, while somebody watches its progress."""

    def __call__(self, work: Sequence[Item], name: str) -> Iterable[Item]: ...


def unwatched(work: Sequence[Item], name: str) -> Iterable[Item]:
    """A Watch that nobody looks at."""
    return work


@dataclass(frozen=True)
class BenchOptions:
    """repeats: timed frames of each line, spread over rounds. max_foreign: 0..1; a line during
    which others took more of the machine is marked; refuse_load: and the bench doesn't start.
    data: folder whose first split calibrates int8 and whose split gives trained networks' mAP."""

    threads: int = 2
    repeats: int = 90
    rounds: int = 3
    warm_up: int = 5
    max_foreign: float = 0.05
    refuse_load: bool = False
    data: Path | None = None
    split: str = "val"
    calibration_split: str = "train"


def run_bench(
    rows: Sequence[Row],
    runtimes: Sequence[str],
    options: BenchOptions,
    watch: Watch = unwatched,
) -> BenchRecord:
    """Measure each row in each runtime, each turn in a fresh process, round by round.

    Ctrl-C during the rounds ends them early; what has been measured counts. Raises
    ConfigurationError for an unknown or absent runtime and, if asked, on a busy machine.
    """
    for name in runtimes:
        _require_runtime(name)
    foreign = foreign_load()
    if options.refuse_load and foreign is not None and foreign > options.max_foreign:
        raise ConfigurationError(
            f"others take {100 * foreign:.0f} % of the processors (at most "
            f"{100 * options.max_foreign:.0f} % is allowed); wait, or leave --refuse-load out"
        )
    frames = _calibration_frames(options)
    kinds = sorted({RUNTIMES[name].file for name in runtimes})
    with tempfile.TemporaryDirectory(prefix="thermoscout-bench-") as folder:
        prepared: list[Prepared] = []
        for number, row in enumerate(watch(rows, "building networks")):
            prepared.append(prepare(row, Path(folder) / str(number), frames, kinds))
        measured = [Measured(one, name) for one in prepared for name in runtimes]
        _take_turns(measured, Path(folder), options, watch)
        lines = [line_of(one, _map_50(one, options)) for one in measured]
    return BenchRecord(
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=_machine(foreign),
        options=_options(options),
        lines=lines,
        ratios=ratios_of(lines),
        choice=choice_of(lines),
    )


def _require_runtime(name: str) -> None:
    if name not in RUNTIMES:
        raise ConfigurationError(f"runtime '{name}' is unknown; there are {', '.join(RUNTIMES)}")
    if not is_installed(name):
        raise ConfigurationError(
            f"runtime '{name}' isn't installed (Python package {RUNTIMES[name].package})"
        )


def _calibration_frames(options: BenchOptions) -> list[Counts]:
    if options.data is None:
        return example_frames(CALIBRATION_FRAMES)
    from thermoscout_core.learning.data import open_dataset

    dataset = open_dataset(options.data, options.calibration_split)
    return dataset.spread_frames(CALIBRATION_FRAMES)


def _take_turns(
    measured: Sequence[Measured], folder: Path, options: BenchOptions, watch: Watch
) -> None:
    """Every line once a round, so that a machine that slows down slows all alike."""
    repeats = -(-options.repeats // options.rounds)
    turns = [one for _ in range(options.rounds) for one in measured]
    try:
        for one in watch(turns, "measuring"):
            if one.error is None:
                _take_turn(one, folder / "outputs.npz", repeats, options)
    except KeyboardInterrupt:
        if not any(one.turns for one in measured):
            raise


def _take_turn(one: Measured, outputs: Path, repeats: int, options: BenchOptions) -> None:
    file = one.prepared.files.get(one.kind)
    if file is None:
        one.error = f"no {one.kind} file of this network"
        return
    job = Job(
        runtime=one.runtime,
        file=file,
        inputs=one.prepared.inputs,
        outputs=outputs,
        threads=options.threads,
        warm_up=options.warm_up,
        repeats=repeats,
    )
    turn = measure_apart(job)
    if turn.error is not None:
        one.error = turn.error
        return
    one.turns.append(turn)
    if one.runtime != "torch" or one.prepared.torch_weights:
        with np.load(outputs) as found:
            one.difference = one.prepared.difference(dict(found))


def _map_50(one: Measured, options: BenchOptions) -> float | None:
    """mAP@0.5 of the file that the line runs, by ONNX Runtime; once for each file."""
    prepared = one.prepared
    if options.data is None or not prepared.own_weights or one.kind not in prepared.files:
        return None
    kind = "float32" if one.kind == "torch" else one.kind
    if kind not in prepared.map_50:
        from thermoscout_core.learning.evaluation.run import Request, measure_models

        request = Request(options.data, [options.split], replicates=0)
        (found,) = measure_models(request, [prepared.files[kind]], options.threads)
        prepared.map_50[kind] = found.whole.evaluation.mean_ap
    return prepared.map_50[kind]


def _machine(foreign: float | None) -> MachineRecord:
    meter = find_meter()
    return MachineRecord(
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        system=platform.platform(),
        versions=package_versions(),
        energy_counter=None if meter is None else meter.name,
        foreign_before=foreign,
    )


def _options(options: BenchOptions) -> OptionsRecord:
    data, calibration = options.data, options.calibration_split
    return OptionsRecord(
        threads=options.threads,
        repeats=options.repeats,
        rounds=options.rounds,
        warm_up=options.warm_up,
        max_foreign=options.max_foreign,
        calibration="simulated frames" if data is None else f"{data.name}, {calibration}",
        data=None if data is None else f"{data.name}, {options.split}",
    )
