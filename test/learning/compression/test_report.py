"""What is made of measured steps: refusals, the one that is taken, the front, the report."""

from pathlib import Path
from typing import Any

import pytest

from thermoscout_core.learning.compression.budget import best_of, shortfalls
from thermoscout_core.learning.compression.pareto import (
    baseline_map,
    pareto_front,
    points_of,
)
from thermoscout_core.learning.compression.records import (
    CompressionRecord,
    GateRecord,
    LatencyRecord,
    Measures,
    StepRecord,
)
from thermoscout_core.learning.compression.report import write_report
from thermoscout_core.learning.compression.step import Budget


def step_of(
    title: str, map_50: float, p50_ms: float, size: int, refused: Any = (), do: str = "quantise"
) -> StepRecord:
    gate = GateRecord(
        folding_difference=0,
        folding_worst_layer=None,
        onnx_difference=0,
        map_torch=map_50,
        map_onnx=map_50,
    )
    latency = LatencyRecord(
        runtime="onnxruntime", p50_ms=p50_ms, p95_ms=p50_ms, dense_p50_ms=10, foreign=0
    )
    measures = Measures(
        parameters=1, nonzero=1, macs=1, onnx_bytes=size, map_50=map_50, latencies=[latency]
    )
    return StepRecord(
        title=title,
        do=do,
        fingerprint=title,
        settings={},
        gate=gate,
        measures=measures,
        refused=list(refused),
    )


DENSE = step_of("dense", 0.5, 10, 1000, do="dense")


def test_shortfalls_say_what_is_missing() -> None:
    worse = step_of("worse", 0.47, 12, 900)
    found = shortfalls(
        worse.measures, DENSE.measures, Budget(map_loss=0.01, faster=1.0, smaller=2.0)
    )
    assert [line.split(":")[0] for line in found] == [
        "blinder",
        "slower than asked",
        "larger than asked",
    ]
    assert shortfalls(worse.measures, DENSE.measures, Budget(map_loss=0.03, faster=0.8)) == []


def test_a_few_bytes_of_notes_make_no_file_larger() -> None:
    taught = step_of("taught", 0.52, 10, 1003, do="distil")
    assert shortfalls(taught.measures, DENSE.measures, Budget(faster=0.9)) == []


def test_of_those_that_meet_the_goal_the_most_accurate_fast_one_is_taken() -> None:
    steps = [
        step_of("slow", 0.52, 5, 100),
        step_of("fast", 0.5, 4.1, 500),
        step_of("fastest", 0.495, 4, 500),
        step_of("refused", 0.5, 1, 100, ["blinder"]),
    ]
    chosen, unmet = best_of(steps, DENSE, Budget())
    assert chosen is not None and chosen.title == "fast" and unmet == []


def test_the_front_is_of_what_nothing_beats() -> None:
    points = [(3.0, 0.5), (1.0, 0.3), (2.0, 0.2), (2.5, 0.5)]
    assert pareto_front(points) == [(1.0, 0.3), (2.5, 0.5)]


def record_of(*steps: StepRecord) -> CompressionRecord:
    return CompressionRecord(
        date="2026-11-21",
        machine={"processor": "one", "cores": 2},
        data="frames, val",
        dense=DENSE,
        steps=list(steps),
        chosen=None,
    )


SMALLER = record_of(
    step_of("input 0.8", 0.44, 6, 1000, do="rescale"),
    step_of("input 0.6", 0.30, 4, 1000, do="rescale"),
    step_of("width 0.5", 0.20, 5, 300, do="rescale"),
)


@pytest.mark.parametrize(("at_ms", "wanted"), [(8, 0.47), (5, 0.37), (10, 0.5), (20, 0.5)])
def test_the_baseline_of_a_time_lies_between_the_nearest_two(at_ms: float, wanted: float) -> None:
    assert baseline_map([record_of(), SMALLER], at_ms) == pytest.approx(wanted)


def test_nothing_cheap_may_be_so_fast() -> None:
    assert baseline_map([record_of(), SMALLER], 3.9) is None


def test_steps_of_another_dense_model_stand_on_the_first_ones_scale() -> None:
    wide = step_of("wide", 0.5, 40, 4000, do="dense")
    wide.measures.latencies[0] = LatencyRecord(
        runtime="onnxruntime", p50_ms=40, p95_ms=40, dense_p50_ms=40, foreign=0
    )
    thin = step_of("thin", 0.5, 20, 1000)
    thin.measures.latencies[0] = thin.measures.latencies[0].model_copy(
        update={"dense_p50_ms": 40.0}
    )
    other = record_of(thin).model_copy(update={"dense": wide})
    points = points_of([record_of(step_of("fast", 0.4, 5, 100)), other])
    assert [(p.title, p.time_ms(DENSE)) for p in points] == [
        ("dense", 10),
        ("wide", 40),
        ("fast", 5),
        ("thin", 20),
    ]


def test_the_report_sets_each_step_against_the_baselines_of_another_recipe(
    tmp_path: Path,
) -> None:
    record = record_of(step_of("pruned", 0.49, 8, 400, do="prune_filters"))
    text = write_report(record, tmp_path, [SMALLER]).read_text()
    assert "- **pruned**: 0.4700; the step is +2.0 points from it" in text
    assert (tmp_path / "pareto.png").stat().st_size > 10_000
    for without in (record, SMALLER):
        assert "the same time" not in write_report(without, tmp_path).read_text()
