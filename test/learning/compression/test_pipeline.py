"""Recipes as a whole: reading, gates, budgets, resuming, the report, the command."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytest.importorskip("onnx")

import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402

from thermoscout_core.cli import app  # noqa: E402
from thermoscout_core.detection.contract import DECODED  # noqa: E402
from thermoscout_core.errors import ConfigurationError, ModelError  # noqa: E402
from thermoscout_core.learning.compression import gates  # noqa: E402
from thermoscout_core.learning.compression.budget import best_of, shortfalls  # noqa: E402
from thermoscout_core.learning.compression.distillation.companion import Teacher  # noqa: E402
from thermoscout_core.learning.compression.latency import (  # noqa: E402
    LatencySection,
    measure_latencies,
)
from thermoscout_core.learning.compression.locating import layer_deviations  # noqa: E402
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.pareto import baseline_map, pareto_front  # noqa: E402
from thermoscout_core.learning.compression.pipeline import Pipeline  # noqa: E402
from thermoscout_core.learning.compression.recipe import load_recipe  # noqa: E402
from thermoscout_core.learning.compression.recipe_page import DOCS, recipe_page  # noqa: E402
from thermoscout_core.learning.compression.records import (  # noqa: E402
    CompressionRecord,
    GateRecord,
    LatencyRecord,
    Measures,
    StepRecord,
)
from thermoscout_core.learning.compression.report import write_report  # noqa: E402
from thermoscout_core.learning.compression.step import Budget, CompressionError  # noqa: E402
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402
from thermoscout_core.learning.export import write_onnx  # noqa: E402
from thermoscout_core.learning.folding import fold_batch_norm  # noqa: E402
from thermoscout_core.learning.ssd import SsdWithBoxes  # noqa: E402

ROOT = Path(__file__).parents[3]
ANYTHING = {"map_loss": 1.0, "faster": 1e-3}
PRUNE = {"do": "prune_weights", "keep_ratio": 0.4, "rounds": 1, "epochs": 0}
QUANTISE = {"do": "quantise", "frames": 2}
Recipe = Callable[..., Path]


@pytest.fixture(scope="module")
def measured_dense() -> dict[str, Path]:
    """The folder of the dense model, once it has been measured."""
    return {}


@pytest.fixture
def recipe(
    model: Model, small_dataset: Path, tmp_path: Path, measured_dense: dict[str, Path]
) -> Iterator[Recipe]:
    """A function of steps and keys that writes a recipe for the small model, whose own figures
    are taken over from an earlier test."""
    model.save(tmp_path / "dense.safetensors")
    if measured_dense:
        shutil.copytree(measured_dense["folder"], tmp_path / "out" / "00-dense")

    def write(*steps: dict[str, Any], **changes: Any) -> Path:
        content = {
            "model": str(tmp_path / "dense.safetensors"),
            "data": {"root": str(small_dataset)},
            "training": {
                "schedule": {"epochs": 1, "batch_size": 4, "precision": "float32"},
                "workers": 0,
                "threads": 1,
            },
            "latency": {"threads": 1, "repeats": 2, "rounds": 1, "warm_up": 0},
            "budget": ANYTHING,
            "goal": ANYTHING,
            "steps": list(steps),
            "output": str(tmp_path / "out"),
            **changes,
        }
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    yield write
    if (tmp_path / "out" / "00-dense" / "record.json").is_file():
        measured_dense.setdefault("folder", tmp_path / "out" / "00-dense")


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times come from the table, so that a test doesn't start processes to measure them."""

    def measure(path: Path, dense: Path, images: Any, section: Any) -> list[LatencyRecord]:
        same = {"p50_ms": 1, "p95_ms": 1, "dense_p50_ms": 1}
        return [LatencyRecord(runtime="onnxruntime", foreign=0, **same)]

    monkeypatch.setattr(
        "thermoscout_core.learning.compression.pipeline.measure_latencies", measure
    )


def run(path: Path) -> tuple[Any, list[str]]:
    said: list[str] = []
    loaded = load_recipe(path)
    record = Pipeline(loaded, Workbench(loaded.data, loaded.training, said.append)).run()
    return record, said


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


def test_a_recipe_runs_is_measured_and_reported(recipe: Recipe, tmp_path: Path) -> None:
    path = recipe(PRUNE, QUANTISE)
    result = CliRunner().invoke(app, ["compress", str(path), "--test-split", "val"])
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    assert {"report.md", "pareto.png", "compression.json", "compressed.onnx"} <= {
        entry.name for entry in out.iterdir()
    }
    content = json.loads((out / "compression.json").read_text())
    pruned, quantised = content["steps"]
    assert pruned["measures"]["stored_bytes"]["csr uint16"] < pruned["measures"]["onnx_bytes"]
    assert pruned["measures"]["nonzero"] < pruned["measures"]["parameters"]
    assert quantised["measures"]["onnx_bytes"] < content["dense"]["measures"]["onnx_bytes"]
    assert quantised["figures"]["layer_errors_db"]
    assert content["test"]["images"] == 4
    assert "| quantise |" in (out / "report.md").read_text()


@pytest.mark.usefixtures("untimed")
def test_only_what_has_changed_is_done_again(recipe: Recipe) -> None:
    path = recipe(PRUNE)
    first, _ = run(path)
    second, said = run(path)
    assert said == ["prune_weights: done before"]
    assert second.steps == first.steps
    _, said = run(recipe({**PRUNE, "keep_ratio": 0.3}))
    assert "prune_weights: begins" in said
    assert not any(line.startswith("dense") for line in said)


@pytest.mark.usefixtures("untimed")
def test_another_teacher_in_the_same_file_teaches_again(
    recipe: Recipe, model: Model, tmp_path: Path
) -> None:
    teacher = tmp_path / "teacher.safetensors"
    model.save(teacher)
    path = recipe({"do": "distil", "teacher": str(teacher)})
    run(path)
    _, said = run(path)
    assert said == ["distil: done before"]
    with torch.no_grad():
        next(model.network.parameters()).mul_(1.01)
    model.save(teacher)
    assert "distil: begins" in run(path)[1]


def test_a_teacher_that_is_not_there_is_named_before_anything_runs(
    recipe: Recipe, tmp_path: Path
) -> None:
    gone = {"do": "distil", "teacher": str(tmp_path / "gone.safetensors")}
    with pytest.raises(CompressionError, match=r"gone\.safetensors: no such file"):
        run(recipe(PRUNE, gone))
    assert not (tmp_path / "out" / "01-prune_weights").exists()


@pytest.mark.usefixtures("untimed")
def test_the_dense_model_stands_beside_every_training(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = []
    begin = Teacher.begin
    monkeypatch.setattr(Teacher, "begin", lambda *a: beside.append(1) or begin(*a))
    path = recipe({**PRUNE, "epochs": 1})
    content = yaml.safe_load(path.read_text())
    content["training"] |= {"teacher": "dense", "distillation": {"flip_average": True}}
    path.write_text(yaml.safe_dump(content))
    run(path)
    assert beside


@pytest.mark.usefixtures("untimed")
def test_an_interrupted_step_goes_on(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed behind the sweep: its measurements are in the step's folder."""
    path = recipe({**PRUNE, "keep_ratio": None, "sensitivity": {"keep_ratios": [0.5]}})
    measured = []
    monkeypatch.setattr(Workbench, "mean_ap", lambda *_: measured.append(1) or 0.5)
    with monkeypatch.context() as broken:
        broken.setattr(Workbench, "finetune", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(path)
    assert measured
    measured.clear()
    record, _ = run(path)
    assert record.chosen == "prune_weights" and measured == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_its_number(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Pipeline, "run", lambda *_: signal.raise_signal(number))
    result = CliRunner().invoke(app, ["compress", str(recipe(PRUNE))])
    assert result.exit_code == 128 + number
    assert "The same command goes on" in result.output
    assert signal.getsignal(signal.SIGTERM) == handler


def test_a_file_of_free_size_cannot_be_timed(tmp_path: Path) -> None:
    images = onnx.helper.make_tensor_value_info("images", 1, [1, 3, "height", "width"])
    same = onnx.helper.make_tensor_value_info("same", 1, [1, 3, "height", "width"])
    node = onnx.helper.make_node("Identity", ["images"], ["same"])
    graph = onnx.helper.make_graph([node], "free", [images], [same])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "x.onnx"
    )
    with pytest.raises(CompressionError, match="the size of its input is free"):
        measure_latencies(
            tmp_path / "x.onnx",
            tmp_path / "x.onnx",
            np.zeros((1, 3, 8, 8), np.float32),
            LatencySection(repeats=1, rounds=1),
        )


def _interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("untimed")
def test_after_a_refused_step_the_last_good_model_goes_on(recipe: Recipe) -> None:
    never = {"map_loss": 1.0, "faster": 1e-3, "smaller": 99}
    path = recipe({**PRUNE, "name": "thin", "budget": never}, {**PRUNE, "keep_ratio": 0.9})
    record, _ = run(path)
    assert "larger than asked" in record.steps[0].refused[0]
    ratios = record.steps[1].figures["keep_ratios"].values()
    assert min(ratios) > 0.8
    assert record.chosen == "prune_weights"


@pytest.mark.usefixtures("untimed")
def test_a_goal_that_no_model_meets_is_an_error(recipe: Recipe, tmp_path: Path) -> None:
    path = recipe(PRUNE, goal={"smaller": 1000, **ANYTHING})
    result = CliRunner().invoke(app, ["compress", str(path)])
    assert result.exit_code == 2
    assert "no model meets the goal: prune_weights: larger than asked" in result.stderr
    assert (tmp_path / "out" / "report.md").is_file()
    assert not (tmp_path / "out" / "compressed.onnx").exists()


@pytest.mark.usefixtures("untimed")
def test_named_layers_stay_in_float(recipe: Recipe, tmp_path: Path) -> None:
    run(recipe({**QUANTISE, "float_layers": ["offset_heads", "features.backbone.stem"]}))
    graph = onnx.load(str(tmp_path / "out" / "01-quantise" / "model.onnx")).graph
    floats = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    named = {name for name in floats if not name.endswith("DequantizeLinear_Output")}
    assert "ssd.features.backbone.stem.0.weight" in named
    assert not any("pointwise" in name for name in named)


@pytest.mark.usefixtures("untimed")
def test_a_float_layer_that_is_not_there_is_named(recipe: Recipe) -> None:
    with pytest.raises(CompressionError, match="no convolution's name begins with tail"):
        run(recipe({**QUANTISE, "float_layers": ["tail"]}))


@pytest.mark.usefixtures("untimed")
def test_float16_halves_the_file(recipe: Recipe) -> None:
    record, _ = run(recipe({"do": "quantise", "precision": "float16"}))
    (halved,) = record.steps
    assert halved.measures.onnx_bytes < 0.6 * record.dense.measures.onnx_bytes
    assert halved.figures["output_difference"] < 0.05


@pytest.mark.usefixtures("untimed")
def test_a_gate_that_fails_names_the_step(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recipe(PRUNE)
    monkeypatch.setattr(gates, "map_of_file", lambda *_: 0.9)
    with pytest.raises(CompressionError, match=r"val mAP@0\.5 is 0\.9000 in ONNX Runtime and"):
        run(path)


def test_the_layer_that_broke_is_found(model: Model, tmp_path: Path) -> None:
    folded = fold_batch_norm(SsdWithBoxes(model.network, model.architecture.levels).eval())
    path, images = tmp_path / "broken.onnx", torch.rand(1, 3, 64, 64)
    write_onnx(folded, path, (64, 64), DECODED, batch=1)
    assert all(one.difference < 1e-4 for one in layer_deviations(path, folded, images))
    graph = onnx.load(str(path))
    name = "ssd.features.backbone.pointwise.5.0.weight"
    weight = next(entry for entry in graph.graph.initializer if entry.name == name)
    weight.CopyFrom(numpy_helper.from_array(np.array(1.5 * numpy_helper.to_array(weight)), name))
    onnx.save(graph, str(path))
    broken = [one.layer for one in layer_deviations(path, folded, images) if one.difference > 1e-4]
    assert broken[0] == "ssd.features.backbone.pointwise.5.0"


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


def test_the_report_sets_each_step_against_the_baselines_of_another_recipe(
    tmp_path: Path,
) -> None:
    record = record_of(step_of("pruned", 0.49, 8, 400, do="prune_filters"))
    text = write_report(record, tmp_path, [SMALLER]).read_text()
    assert "- **pruned**: 0.4700; the step is +2.0 points from it" in text
    assert (tmp_path / "pareto.png").stat().st_size > 10_000
    for without in (record, SMALLER):
        assert "the same time" not in write_report(without, tmp_path).read_text()


@pytest.mark.parametrize(
    ("steps", "changes", "message"),
    [
        (({"do": "melt"},), {}, "steps.0: Input tag 'melt'"),
        ((QUANTISE, PRUNE), {}, "'prune_weights' changes the network and can't come after"),
        ((PRUNE, PRUNE), {}, "two are called 'prune_weights'"),
        ((), {}, "steps: Tuple should have at least 1 item"),
        ((PRUNE,), {"latency": {"runtimes": ["abacus"]}}, "'abacus' doesn't run ONNX files"),
        ((PRUNE,), {"budgte": {}}, "budgte: Extra inputs"),
        (({**PRUNE, "keep_ratio": 2},), {}, "keep_ratio: Input should be less than or equal to 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(
    recipe: Recipe, steps: Any, changes: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"recipe\.yaml") as caught:
        load_recipe(recipe(*steps, **changes))
    assert message in str(caught.value)


def test_a_model_that_is_not_there_is_named(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.safetensors: no such weights file"):
        run(recipe(PRUNE, model=str(tmp_path / "gone.safetensors")))


def test_a_dataset_of_other_classes_cannot_fine_tune(
    recipe: Recipe, small_dataset: Path, tmp_path: Path, untimed: None
) -> None:
    other = tmp_path / "other"
    shutil.copytree(small_dataset, other)
    names = (other / "classes.txt").read_text()
    (other / "classes.txt").write_text(names + "\npylon")
    path = recipe({**PRUNE, "epochs": 1}, data={"root": str(other)})
    with pytest.raises(ConfigurationError, match="aren't the model's"):
        run(path)


def test_the_page_of_keys_is_that_of_the_code() -> None:
    assert (ROOT / DOCS).read_text(encoding="utf-8") == recipe_page()


def test_every_shipped_recipe_is_valid() -> None:
    recipes = sorted((ROOT / "config" / "compression").glob("*.yaml"))
    assert recipes
    for path in recipes:
        load_recipe(path)
