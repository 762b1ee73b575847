"""From lines to ratios, choice and text."""

from pathlib import Path

import pytest

from thermoscout_core.bench import tables
from thermoscout_core.bench.record import (
    BenchRecord,
    LineRecord,
    MachineRecord,
    OptionsRecord,
)
from thermoscout_core.bench.rows import choose_rows
from thermoscout_core.bench.summary import choice_of, ratios_of
from thermoscout_core.errors import ConfigurationError


def line(model: str, runtime: str, p50_ms: float | None, **known: object) -> LineRecord:
    figures = dict.fromkeys(LineRecord.model_fields)
    figures |= {
        "model": model,
        "title": model,
        "input_size_px": (300, 300),
        "runtime": runtime,
        "weights": "random",
        "frames": 90,
        "p50_ms": p50_ms,
        "p95_ms": p50_ms,
        "difference": 0.0,
    }
    return LineRecord.model_validate(figures | known)


def record(*lines: LineRecord) -> BenchRecord:
    return BenchRecord(
        date="2026-01-02T03:04:05+00:00",
        machine=MachineRecord(
            cpu="a CPU",
            cores=4,
            system="Linux",
            versions={"numpy": "2"},
            energy_counter=None,
            foreign_before=0.0,
        ),
        options=OptionsRecord(
            threads=2,
            repeats=90,
            rounds=3,
            warm_up=5,
            max_foreign=0.05,
            calibration="simulated frames",
            data=None,
        ),
        lines=list(lines),
        ratios=ratios_of(lines),
        choice=choice_of(lines),
    )


def test_ratios_stand_beside_the_seed_s() -> None:
    lines = [
        line("mobilenet_v1_ssd300", "onnxruntime", 10.0),
        line("mobilenet_v1_ssd300", "opencv", 20.0),
        line("vgg16_ssd300", "onnxruntime", 200.0),
    ]
    (ratio,) = ratios_of(lines)
    assert ratio.ratio == 20.0 and ratio.seed_000 == pytest.approx(10.29)


def test_a_ratio_prefers_mobilenet_at_the_same_input() -> None:
    wide = {"input_size_px": (512, 384)}
    lines = [
        line("mobilenet_v1_ssd300", "torch", 10.0),
        line("mobilenet_v1_ssd300", "torch", 25.0, **wide),
        line("vgg16_ssd300", "torch", 500.0, **wide),
        line("yolov3", "torch", 90.0, input_size_px=(416, 416)),
    ]
    vgg, yolo = ratios_of(lines)
    assert (vgg.ratio, vgg.baseline_size_px) == (20.0, (512, 384))
    assert (yolo.ratio, yolo.baseline_size_px) == (9.0, (300, 300))


def test_a_line_without_time_has_no_ratio() -> None:
    lines = [line("mobilenet_v1_ssd300", "torch", None), line("vgg16_ssd300", "torch", 5.0)]
    assert ratios_of(lines) == []


def test_the_fastest_exact_runtime_of_the_trained_network_is_chosen() -> None:
    trained = {"weights": "trained"}
    lines = [
        line("yolov3", "opencv", 0.1),
        line("mine", "onnxruntime", 7.0, **trained),
        line("mine", "onnxruntime-int8", 3.0, **trained, difference=0.1),
        line("mine", "opencv", 5.0, **trained, difference=0.01),
        line("mine", "openvino", 6.0, **trained),
    ]
    choice = choice_of(lines)
    assert choice is not None and (choice.model, choice.runtime) == ("mine", "openvino")
    assert choice.default_over == {"openvino": pytest.approx(1.167, abs=1e-3)}
    said = tables.verdict(record(*lines))
    assert "OpenVINO, 6.00 ms" in said and "17 % more time than OpenVINO" in said


def test_without_an_exact_runtime_none_is_named() -> None:
    lines = [line("mine", "onnxruntime", 7.0, difference=0.1)]
    assert choice_of(lines) is None
    assert "No exact runtime" in tables.verdict(record(*lines))


def test_markdown_marks_times_of_a_busy_machine() -> None:
    text = tables.markdown(record(line("mine", "torch", 7.0, foreign=0.4)))
    assert "7.00\\*" in text and "took up to 40 %" in text
    assert "*" not in tables.markdown(record(line("mine", "torch", 7.0, foreign=0.04)))


def test_a_bench_that_was_stopped_says_so() -> None:
    stopped = record(line("mine", "torch", 7.0, frames=30))
    assert "only 30 frames" in tables.markdown(stopped)
    assert "only" not in tables.markdown(record(line("mine", "torch", 7.0)))


def test_figures_that_do_not_exist_are_said_not_to() -> None:
    cells = tables.cells(line("mine", "torch", None, error="no such thing"), 0.05)
    assert set(cells[4:]) == {"n/a", "0e+00"} and cells[3] == "random weights"
    text = tables.markdown(record(line("mine", "torch", None, error="no such thing")))
    assert "mine in torch: no such thing" in text


def test_networks_with_random_weights_come_at_each_input_size(tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.touch()
    rows = choose_rows(["small", "vgg16_ssd300", str(mine)], [(300, 300), (512, 384)])
    assert [(row.name, row.input_size_px) for row in rows] == [
        ("small", None),
        ("vgg16_ssd300", (300, 300)),
        ("vgg16_ssd300", (512, 384)),
        ("mine", None),
    ]


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'resnet'.*vgg16_ssd300"):
        choose_rows(["resnet"])
