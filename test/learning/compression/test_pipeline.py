"""Recipes as a whole: gates, resuming, refusals, the command."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import yaml
from onnx import numpy_helper
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.detection.contract import DECODED
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.learning.compression import gates
from thermoscout_core.learning.compression.distillation.companion import Teacher
from thermoscout_core.learning.compression.latency import (
    LatencySection,
    measure_latencies,
)
from thermoscout_core.learning.compression.locating import layer_deviations
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.pipeline import Pipeline
from thermoscout_core.learning.compression.recipe import load_recipe
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.export import write_onnx
from thermoscout_core.learning.folding import fold_batch_norm
from thermoscout_core.learning.ssd import SsdWithBoxes

PRUNE = {"do": "prune_weights", "keep_ratio": 0.4, "rounds": 1, "epochs": 0}
QUANTISE = {"do": "quantise", "frames": 2}
Recipe = Callable[..., Path]


def run(path: Path) -> tuple[Any, list[str]]:
    said: list[str] = []
    loaded = load_recipe(path)
    record = Pipeline(loaded, Workbench(loaded.data, loaded.training, said.append)).run()
    return record, said


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
def test_ready_files_and_other_recipes_stand_beside(recipe: Recipe, tmp_path: Path) -> None:
    first = recipe(PRUNE)
    assert CliRunner().invoke(app, ["compress", str(first)]).exit_code == 0
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "out", other)
    ready = tmp_path / "mine.onnx"
    shutil.copyfile(other / "compressed.onnx", ready)
    beside = ["--with", str(ready), "--with", str(other)]
    result = CliRunner().invoke(app, ["compress", str(first), *beside])
    assert result.exit_code == 0, result.output
    row = next(
        line
        for line in (tmp_path / "out" / "report.md").read_text().splitlines()
        if line.startswith("| mine |")
    )
    record = json.loads((other / "compression.json").read_text())["steps"][0]["measures"]
    assert f"| {record['map_50']:.4f} |" in row
    assert f"| {ready.stat().st_size / 1e6:.2f} |" in row and "1.00× |" in row


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.onnx", "no such"), ("gone", "no record of 'thermoscout compress'")]
)
@pytest.mark.usefixtures("untimed")
def test_what_cannot_stand_beside_is_named(
    recipe: Recipe, tmp_path: Path, name: str, reason: str
) -> None:
    path = recipe(PRUNE, output=str(tmp_path / "new"))
    result = CliRunner().invoke(app, ["compress", str(path), "--with", str(tmp_path / name)])
    assert result.exit_code != 0
    assert reason in result.output and name in result.output
    assert not (tmp_path / "new").exists()  # named before anything runs


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
def test_a_step_with_nothing_to_do_is_skipped_and_the_recipe_goes_on(recipe: Recipe) -> None:
    filters = {"do": "prune_filters", "keep_ratio": "weights", "epochs": 0}
    path = recipe(filters, {"do": "quantise", "frames": 1})
    record, said = run(path)
    skipped, after = record.steps
    assert "no weights are pruned" in skipped.notes[0] and "skipped" in skipped.notes[0]
    assert any(line.startswith("prune_filters: skipped: ") for line in said)
    assert skipped.measures.parameters == record.dense.measures.parameters
    assert after.title == "quantise"


@pytest.mark.usefixtures("untimed")
def test_a_goal_that_no_model_meets_is_an_error(recipe: Recipe, tmp_path: Path) -> None:
    path = recipe(PRUNE, goal={"map_loss": 1.0, "faster": 1e-3, "smaller": 1000})
    result = CliRunner().invoke(app, ["compress", str(path)])
    assert result.exit_code == 2
    assert "no model meets the goal: prune_weights: larger than asked" in result.stderr
    assert (tmp_path / "out" / "report.md").is_file()
    assert not (tmp_path / "out" / "compressed.onnx").exists()


@pytest.mark.usefixtures("untimed")
def test_named_layers_stay_in_float(recipe: Recipe, tmp_path: Path) -> None:
    run(recipe({**QUANTISE, "float_layers": ["offset_heads", "features.backbone.stem"]}))
    graph = onnx.load(str(tmp_path / "out" / "01-quantise" / "model.onnx")).graph
    stored = {entry.name for entry in graph.initializer}
    floats = {n.name for n in graph.node if n.op_type == "Conv" and n.input[1] in stored}
    assert "features.backbone.stem.0" in floats
    assert not any("pointwise" in layer for layer in floats)


@pytest.mark.usefixtures("untimed")
@pytest.mark.parametrize("key", ["float_layers", "int4_layers"])
def test_a_layer_that_is_not_there_is_named_before_any_training(recipe: Recipe, key: str) -> None:
    with pytest.raises(CompressionError, match=f"{key}: no convolution's name begins with tail"):
        run(recipe({**QUANTISE, key: ["tail"], "epochs": 1000}))


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
