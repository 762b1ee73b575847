"""thermoscout engine, as far as a machine without a GPU goes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THERMOSCOUT_ENGINES", str(tmp_path / "engines"))
    return tmp_path / "engines"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["engine", *(str(argument) for argument in arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["engine", *(str(argument) for argument in arguments)])
    assert result.exit_code == 2, result.output
    return result.output


def needs_rtx() -> None:
    try:
        from thermoscout_core.detection.engines.library import IS_RTX
    except ModuleNotFoundError:
        pytest.skip("no TensorRT: pip install 'thermoscout[tensorrt-rtx]'")
    if not IS_RTX:
        pytest.skip("only TensorRT for RTX builds without a GPU")


def test_an_empty_cache_says_where_it_is(cache: Path) -> None:
    assert run("list") == f"no engines in {cache}\n"


def test_an_engine_is_built_for_a_gpu_that_is_not_here_and_listed(cache: Path) -> None:
    needs_rtx()
    arguments = (
        *("build", "--precision", "float16", "--with-preprocessing", "640x512"),
        *("--compute-capability", "8.6"),
    )
    told = run(*arguments)
    assert "built in" in told and "float16" in told and "Half" in told
    assert "when it is first loaded" in told and "runtime: tensorrt" in told
    assert "already there" in run(*arguments)
    assert "float16" in run("list") and "8.6" in run("list")
    assert len(list(cache.glob("*.plan"))) == 1
    (made,) = cache.glob("models/*")
    assert made.name.endswith("-float16-640x512.onnx")


def test_a_calibrator_that_is_not_there_is_refused_with_the_way_out() -> None:
    needs_rtx()
    message = refusal("build", "--calibrator")
    assert "has no calibrator" in message and "--precision int8" in message


def test_suppression_goes_into_the_file_when_asked_for(cache: Path) -> None:
    needs_rtx()
    run("build", "--with-suppression", "--compute-capability", "8.6")
    (made,) = cache.glob("models/*")
    assert made.name.endswith("-float32-suppressed.onnx")


def test_verify_without_a_gpu_says_what_is_missing() -> None:
    message = refusal("verify")
    assert message.startswith("thermoscout: ") and ("pip install" in message or "GPU" in message)


def test_bench_writes_one_record_of_the_whole_way(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    run("bench", "--runtime", "onnxruntime", "--repeats", 10, "--output", path)
    record = json.loads(path.read_text())
    assert record["runtime"].startswith("onnxruntime") and record["frames"] == 10
    for figure in ("network_ms", "end_to_end_ms", "cpu_per_frame_ms"):
        assert 0 < record[figure]["p50"] <= record[figure]["p95"] <= record[figure]["p99"]
    assert record["frame_size_px"] == [640, 512]
    assert {"processor", "date", "versions"} <= record["machine"].keys()


@pytest.mark.parametrize("batch", ["4", "1,2", "a,b,c"])
def test_a_batch_that_is_none_is_refused(batch: str) -> None:
    assert "least,usual,most" in refusal("build", "--batch", batch)
