"""From the turns to the figures of the table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from thermoscout_core.bench.preparation import Prepared
from thermoscout_core.bench.record import ChoiceRecord, LineRecord, RatioRecord
from thermoscout_core.bench.rows import BASELINE, SEED_RATIOS
from thermoscout_core.bench.runtimes import RUNTIMES
from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.bench.turn import Turn
from thermoscout_core.detection.backends import DEFAULT_RUNTIME

EXACT = 1e-4
"""A float32 runtime whose outputs differ by more has changed the network."""


@dataclass
class Measured:
    """One network in one runtime: its turns so far, and how its outputs differ."""

    prepared: Prepared
    runtime: str
    turns: list[Turn] = field(default_factory=list)
    difference: float | None = None
    error: str | None = None

    @property
    def kind(self) -> str:
        """Of the file that the runtime loads."""
        return RUNTIMES[self.runtime].file


def line_of(measured: Measured, map_50: float | None) -> LineRecord:
    """The figures of one network in one runtime."""
    prepared, turns = measured.prepared, measured.turns
    times_s = [time_s for turn in turns for time_s in turn.times_s]
    percentiles = percentiles_ms(times_s)
    trained = prepared.own_weights and (measured.runtime != "torch" or prepared.torch_weights)
    file = prepared.files.get(measured.kind)
    return LineRecord(
        model=prepared.row.name,
        title=prepared.row.title,
        input_size_px=prepared.input_size_px,
        runtime=measured.runtime,
        weights="trained" if trained else "random",
        map_50=round(map_50, 4) if trained and map_50 is not None else None,
        parameters=prepared.parameters,
        macs=prepared.macs,
        file_bytes=None if file is None else file.stat().st_size,
        frames=len(times_s),
        p50_ms=percentiles.get("p50"),
        p95_ms=percentiles.get("p95"),
        images_per_s=round(len(times_s) / sum(times_s), 2) if times_s else None,
        load_s=round(statistics.median(turn.load_s for turn in turns), 3) if turns else None,
        peak_rss_mib=_largest([turn.peak_rss_mib for turn in turns], 1),
        energy_j=_energy_j(turns),
        foreign=_largest([turn.foreign for turn in turns], 3),
        difference=measured.difference,
        error=measured.error,
    )


def ratios_of(lines: Sequence[LineRecord]) -> list[RatioRecord]:
    """Of the networks in seed 000's table, against MobileNet-SSD at the same input size, or where
    it has no such line, at its own."""
    ratios = []
    for line in lines:
        if line.model not in SEED_RATIOS or line.p50_ms is None:
            continue
        baselines = [
            other
            for other in lines
            if other.model == BASELINE and other.runtime == line.runtime and other.p50_ms
        ]
        baselines.sort(key=lambda other: other.input_size_px != line.input_size_px)
        for baseline in baselines[:1]:
            assert baseline.p50_ms is not None
            ratios.append(
                RatioRecord(
                    model=line.model,
                    input_size_px=line.input_size_px,
                    baseline_size_px=baseline.input_size_px,
                    runtime=line.runtime,
                    ratio=round(line.p50_ms / baseline.p50_ms, 3),
                    seed_000=round(SEED_RATIOS[line.model], 2),
                )
            )
    return ratios


def choice_of(lines: Sequence[LineRecord]) -> ChoiceRecord | None:
    """The fastest exact runtime of the first trained network (else of the first); None when no
    exact one was measured."""
    trained = [line for line in lines if line.weights == "trained"] or list(lines)
    times_ms = {
        line.runtime: line.p50_ms
        for line in lines
        if trained
        and (line.model, line.input_size_px) == (trained[0].model, trained[0].input_size_px)
        and line.p50_ms is not None
        and is_exact(line)
    }
    if not times_ms:
        return None
    fastest = min(times_ms, key=times_ms.__getitem__)
    default_ms = times_ms.get(DEFAULT_RUNTIME)
    return ChoiceRecord(
        model=trained[0].model,
        runtime=fastest,
        p50_ms=times_ms[fastest],
        default_runtime=DEFAULT_RUNTIME,
        default_over={
            name: round(default_ms / time_ms, 3)
            for name, time_ms in times_ms.items()
            if default_ms is not None and name != DEFAULT_RUNTIME
        },
    )


def is_exact(line: LineRecord) -> bool:
    """It computes in float32, and its outputs are the network's."""
    known = line.difference is not None and line.difference <= EXACT
    return RUNTIMES[line.runtime].exact and known


def _largest(values: Sequence[float | None], digits: int) -> float | None:
    known = [value for value in values if value is not None]
    return round(max(known), digits) if known else None


def _energy_j(turns: Sequence[Turn]) -> float | None:
    """Per frame."""
    known = [(turn.energy_j, len(turn.times_s)) for turn in turns if turn.energy_j is not None]
    frames = sum(count for _, count in known)
    return round(sum(energy_j for energy_j, _ in known) / frames, 4) if frames else None
