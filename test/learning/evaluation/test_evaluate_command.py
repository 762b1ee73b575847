"""thermoscout evaluate with the shipped detector on simulated frames on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import pytest

pytest.importorskip("onnxruntime")

from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.learning.evaluation.pictures import JSON_FILE, PICTURES
from thermoscout_core.learning.evaluation.record import evaluation_schema
from thermoscout_core.resources import resource_path

SCHEMA = "config/schema/evaluation.schema.json"
QUICK = ("--bootstrap", "50", "--block", "2", "--threads", "1")


def run(*arguments: str | Path):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def evaluated(*arguments: str | Path) -> dict:
    result = run(*arguments, *QUICK, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def dataset(small_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated frames with the scale of their counts."""
    root = tmp_path_factory.mktemp("scaled") / "data"
    shutil.copytree(small_dataset, root)
    (root / "scale.yaml").write_text("gain: 0.1\noffset: -100\nencoding: mono16\n")
    return root


@pytest.fixture(scope="module")
def record(dataset: Path) -> dict:
    return evaluated("--data", dataset, "--split", "val,train")


@pytest.fixture(scope="module")
def second_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped detector with a higher threshold of its own."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(resource_path("models/mobilenet_v1_ssd512.onnx")))
    (entry,) = model.metadata_props
    entry.value = json.dumps(json.loads(entry.value) | {"score_threshold": 0.9})
    path = tmp_path_factory.mktemp("models") / "strict.onnx"
    onnx.save(model, str(path))
    return path


def test_the_shipped_schema_is_the_models() -> None:
    shipped = resource_path(SCHEMA).read_text(encoding="utf-8")
    assert shipped == evaluation_schema(), (
        f"run: python -m thermoscout_core.learning.evaluation.record > {SCHEMA}"
    )


def test_the_json_obeys_the_schema(record: dict) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(record, json.loads(evaluation_schema()))


def test_the_detector_knows_its_simulation(record: dict) -> None:
    assert record["map_50"] > 0.5
    assert record["recall"] > 0.5 and record["precision"] > 0.5


def test_the_conditions_are_stated(record: dict) -> None:
    assert record["score_floor"] == 0.01 and record["match_iou"] == 0.5
    assert record["bootstrap"] == 50 and record["block_frames"] == 2
    assert 0 < record["score_threshold"] < 1 and 0 < record["nms_iou"] < 1


def test_each_split_and_all_together(record: dict) -> None:
    assert record["split"] == "val,train" and record["images"] == 12
    assert {name: part["images"] for name, part in record["splits"].items()} == {
        "val": 4,
        "train": 8,
    }
    boxes = [part["classes"]["connector"]["boxes"] for part in record["splits"].values()]
    assert record["classes"]["connector"]["boxes"] == sum(boxes)


def test_a_split_alone_is_as_it_is_within_several(record: dict, dataset: Path) -> None:
    alone = evaluated("--data", dataset, "--split", "val")
    assert record["splits"]["val"].items() <= alone.items()


def test_the_interval_holds_the_figure(record: dict) -> None:
    low, high = record["map_50_interval"]
    assert low <= record["map_50"] <= high and low < high


def test_what_is_hot_is_reported(record: dict, dataset: Path) -> None:
    hotter = evaluated("--data", dataset, "--split", "val,train", "--hot-k", "25")
    assert 0 < hotter["hot"]["boxes"] < record["hot"]["boxes"]
    assert 0 <= record["hot"]["recall"] <= record["hot"]["hot_spot_covered"] <= 1


def test_counts_without_scale_are_evaluated_without_heat(small_dataset: Path) -> None:
    record = evaluated("--data", small_dataset, "--split", "val")
    assert record["hot"] is None
    assert any("scale.yaml" in note for note in record["notes"])


def test_a_folder_without_splits_and_classes_is_evaluated(dataset: Path, tmp_path: Path) -> None:
    for part in ("counts", "annotations", "scale.yaml"):
        (tmp_path / part).symlink_to(dataset / part)
    record = evaluated("--data", tmp_path)
    assert record["split"] == "whole folder" and record["images"] == 12
    assert record["map_50"] > 0.5


def test_another_threshold_moves_precision_and_recall_alone(record: dict, dataset: Path) -> None:
    strict = evaluated("--data", dataset, "--split", "val,train", "--score-threshold", "0.9")
    assert strict["map_50"] == record["map_50"]
    assert strict["recall"] < record["recall"]


def test_several_models_are_compared(dataset: Path, second_model: Path) -> None:
    shipped = resource_path("models/mobilenet_v1_ssd512.onnx")
    models = ("--model", shipped, "--model", second_model)
    record = evaluated("--data", dataset, "--split", "val,train", *models)
    first, second = record["models"]
    assert first["recall"] > second["recall"]  # its threshold is higher
    assert record["map_50"]["values"] == [first["map_50"], second["map_50"]]
    (difference,) = record["differences"]
    assert difference["map_50"] == 0.0 and difference["better"] == 0.0  # same weights
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(record, json.loads(evaluation_schema()))


def test_tables_name_every_class(dataset: Path) -> None:
    result = run("--data", dataset, "--split", "val,train", *QUICK)
    assert result.exit_code == 0
    assert result.stdout.count("insulator_column") == 2
    assert "together" in result.stdout and "COCO AP by size" in result.stdout


def test_output_holds_the_json_and_pictures_that_can_be_read(
    dataset: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "out"
    record = evaluated("--data", dataset, "--output", folder)
    assert json.loads((folder / JSON_FILE).read_text(encoding="utf-8")) == record
    for name in PICTURES:
        assert cv2.imread(str(folder / name)).std() > 5
    assert {path.name for path in folder.iterdir()} == {JSON_FILE, *PICTURES}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--split", "nights"), "nights"),
        (("--model", "nowhere.onnx"), "nowhere.onnx"),
        (("--split", "val,val"), "twice"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(dataset: Path, arguments, message) -> None:
    result = run("--data", dataset, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.stderr


def test_labels_of_other_names_than_the_models_are_refused(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "data")
    listed = tmp_path / "data" / "classes.txt"
    listed.write_text(listed.read_text().replace("\nconnector\n", "\nclamp\n"))
    for path in (tmp_path / "data" / "annotations").iterdir():
        path.write_text(path.read_text().replace("<name>connector<", "<name>clamp<"))
    result = run("--data", tmp_path / "data")
    assert result.exit_code == 2
    assert "clamp only in the data" in " ".join(result.stderr.split())


def test_classes_that_the_data_lack_are_noted(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "data")
    listed = tmp_path / "data" / "classes.txt"
    listed.write_text(listed.read_text().replace("cable_termination", ""))
    for path in (tmp_path / "data" / "annotations").iterdir():
        path.write_text(path.read_text().replace("cable_termination", "bushing"))
    record = evaluated("--data", tmp_path / "data")
    assert any("no class cable_termination" in note for note in record["notes"])


def test_a_broken_picture_is_named(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "data")
    picture = tmp_path / "data" / "counts" / "sim_009.png"
    picture.write_bytes(picture.read_bytes()[:200])
    result = run("--data", tmp_path / "data")
    assert result.exit_code == 2 and "sim_009.png" in result.stderr.replace("\n", "")
