"""The bench itself, on small networks."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from thermoscout_core.bench.record import BenchRecord, bench_schema  # noqa: E402
from thermoscout_core.bench.turn import Job, measure_apart  # noqa: E402
from thermoscout_core.cli import app  # noqa: E402
from thermoscout_core.resources import resource_path  # noqa: E402

SCHEMA = "config/schema/bench.schema.json"


def bench(*arguments: str) -> BenchRecord:
    fixed = ("--repeats", "3", "--warm-up", "1", "--threads", "1", "--max-foreign", "100")
    result = CliRunner().invoke(app, ["bench", *fixed, "--json", *arguments])
    assert result.exit_code == 0, result.output
    return BenchRecord.model_validate_json(result.stdout)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "out"


@pytest.fixture(scope="module")
def measured(output: Path) -> BenchRecord:
    """Two networks in three runtimes, at a size that is soon done."""
    return bench(
        *("--models", "mobilenet_v1_ssd300,kenet_ssd300", "--input-size", "96x96"),
        *("--runtimes", "torch,onnxruntime,onnxruntime-int8"),
        *("--rounds", "1", "--output", str(output)),
    )


def test_every_network_has_a_line_in_every_runtime(measured: BenchRecord) -> None:
    lines = {(line.model, line.runtime) for line in measured.lines}
    assert len(lines) == len(measured.lines) == 6
    for line in measured.lines:
        assert line.error is None and line.input_size_px == (96, 96)
        assert line.p50_ms is not None and line.p95_ms is not None
        assert 0 < line.p50_ms <= line.p95_ms
        assert line.peak_rss_mib is None or line.peak_rss_mib > 10


def test_random_weights_are_said_to_be_random_and_have_no_accuracy(measured: BenchRecord) -> None:
    assert {line.weights for line in measured.lines} == {"random"}
    assert {line.map_50 for line in measured.lines} == {None}


def test_float32_runtimes_agree_and_int8_is_smaller(measured: BenchRecord) -> None:
    lines = {line.runtime: line for line in measured.lines if line.model == "mobilenet_v1_ssd300"}
    for runtime in ("torch", "onnxruntime"):
        difference = lines[runtime].difference
        assert difference is not None and difference <= 1e-4
    sizes = [lines[runtime].file_bytes or 0 for runtime in ("onnxruntime-int8", "onnxruntime")]
    assert 0 < sizes[0] < sizes[1] / 3


def test_counts_are_the_published_ones_whatever_the_runtime(measured: BenchRecord) -> None:
    for line in measured.lines:
        if line.model == "mobilenet_v1_ssd300":
            assert line.parameters == 5_796_089


def test_json_markdown_and_picture_are_written(measured: BenchRecord, output: Path) -> None:
    written = BenchRecord.model_validate_json((output / "bench.json").read_text())
    assert written == measured
    assert "| MobileNet-SSD | 96×96 | ONNX Runtime |" in (output / "bench.md").read_text()
    picture = cv2.imread(str(output / "bench.png"))
    assert picture.shape[0] > 200 and np.ptp(picture) > 100


def test_the_json_obeys_the_shipped_schema(measured: BenchRecord) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = resource_path(SCHEMA).read_text(encoding="utf-8")
    assert schema == bench_schema(), f"run: python -m thermoscout_core.bench.record > {SCHEMA}"
    jsonschema.validate(json.loads(measured.model_dump_json()), json.loads(schema))


def test_a_trained_file_has_its_accuracy_and_its_weights(
    tiny_weights: Path, small_dataset: Path, tmp_path: Path
) -> None:
    from thermoscout_core.detection.postprocess import Selection
    from thermoscout_core.learning.export import ExportOptions, export_onnx

    export_onnx(tiny_weights, tmp_path / "tiny.onnx", ExportOptions(Selection(0.3)), [])
    (line,) = bench(
        *("--models", str(tmp_path / "tiny.onnx"), "--runtimes", "torch"),
        *("--data", str(small_dataset), "--rounds", "1"),
    ).lines
    assert line.weights == "trained" and line.map_50 is not None
    assert line.difference is not None and line.difference <= 1e-4


def test_a_runtime_that_fails_leaves_its_reason(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"no network")
    np.savez(tmp_path / "inputs.npz", images=np.zeros((1, 3, 8, 8), np.float32))
    job = Job(
        runtime="onnxruntime",
        file=foreign,
        inputs=tmp_path / "inputs.npz",
        outputs=tmp_path / "outputs.npz",
        threads=1,
        warm_up=0,
        repeats=1,
    )
    turn = measure_apart(job)
    assert turn.times_s == [] and "foreign.onnx" in (turn.error or "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--runtimes", "caffe"), "caffe"),
        (("--models", "resnet"), "resnet"),
        (("--models", "vgg16_ssd300", "--input-size", "300"), "300"),
    ],
)
def test_what_is_unknown_is_named_in_one_line(arguments: tuple[str, ...], named: str) -> None:
    result = CliRunner().invoke(app, ["bench", *arguments])
    assert result.exit_code == 2 and named in result.output and "Traceback" not in result.output


def test_an_int8_file_isn_t_rounded_once_more() -> None:
    record = bench(
        *("--models", "small", "--runtimes", "onnxruntime,onnxruntime-int8", "--rounds", "1")
    )
    errors = {line.runtime: line.error for line in record.lines}
    assert errors["onnxruntime"] is None and "no int8 file" in str(errors["onnxruntime-int8"])
