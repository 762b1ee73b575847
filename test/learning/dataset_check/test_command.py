"""thermoscout data, as typed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.learning.data import open_dataset


def run(*words: object):
    return CliRunner().invoke(app, ["data", *map(str, words)])


def test_a_sound_folder_ends_with_0(folder) -> None:
    result = run("check", folder.root)
    assert result.exit_code == 0, result.output
    assert re.search(r"clamp +2 +2", result.stdout)


def test_an_error_ends_with_1_and_is_named(folder) -> None:
    folder.write_labels("a", ("fuse", (1, 1, 20, 20)))
    result = run("check", folder.root)
    assert result.exit_code == 1
    assert "train/a: object 1 (fuse): unknown class" in result.stdout


def test_a_warning_ends_with_1_when_asked(folder) -> None:
    folder.write_labels("a", ("clamp", (1, 1, 3, 20)), ("bushing", (60, 60, 90, 100)))
    assert run("check", folder.root).exit_code == 0
    assert run("check", folder.root, "--fail-on", "warning").exit_code == 1
    assert run("check", folder.root, "--fail-on", "warning", "--tiny", 1).exit_code == 0


def test_a_folder_that_is_no_dataset_ends_with_2(tmp_path: Path) -> None:
    result = run("check", tmp_path)
    assert result.exit_code == 2
    assert "not a known dataset" in result.stderr


def test_json_has_counts_and_findings(folder) -> None:
    folder.copy_of("a", "c")
    content = json.loads(run("check", folder.root, "--json").stdout)
    assert content["images"] == {"train": 2, "val": 2}
    assert content["classes"]["clamp"]["boxes"] == {"train": 2, "val": 2}
    assert content["classes"]["clamp"]["sizes_px"]["16–32"] == 4
    (leak,) = [entry for entry in content["findings"] if entry["kind"] == "leak"]
    assert (leak["level"], leak["similarity"]) == ("error", 1.0)


def test_the_overview_shows_every_sheet_and_finding(folder, tmp_path: Path) -> None:
    folder.copy_of("a", "c")
    folder.write_labels("b", ("clamp", (1, 1, 3, 20)))
    result = run("check", folder.root, "--output", tmp_path / "out")
    assert result.exit_code == 1
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    sheets = sorted(path.name for path in (tmp_path / "out" / "sheets").iterdir())
    assert sheets == [
        *("boxes_001.jpg", "class_bushing_001.jpg", "class_clamp_001.jpg"),
        *("similar_001.jpg", "split_train_001.jpg", "split_val_001.jpg"),
    ]
    assert all(f'src="sheets/{name}"' in page for name in sheets)
    assert "train/a and val/c are identical" in page
    record = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8"))
    assert record["findings"][0]["kind"] == "leak"


def test_a_sheet_shows_the_pictures_and_their_boxes_in_the_class_s_color(
    folder, tmp_path: Path
) -> None:
    run("check", folder.root, "--output", tmp_path)
    page = cv2.imread(str(tmp_path / "sheets" / "split_train_001.jpg"))
    amber, blue = (255, 196, 72), (60, 170, 255)
    tile = page[46 : 46 + 360, 6 : 6 + 480].astype(int)
    for rgb, (x, y) in ((amber, (30, 100)), (blue, (180, 240))):  # left edges of the two boxes
        near = tile[y - 4 : y + 5, x - 3 : x + 4, ::-1]
        assert (abs(near - rgb).max(2) < 60).any()


@pytest.mark.parametrize("layout", ["voc", "coco", "yolo"])
def test_convert_writes_what_opens_again(folder, tmp_path: Path, layout: str) -> None:
    result = run("convert", folder.root, "--to", layout, "--output", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert open_dataset(tmp_path / "new", "val").ids == ["c", "d"]
    assert run("check", tmp_path / "new").exit_code == 0


def test_convert_refuses_a_folder_in_use(folder) -> None:
    result = run("convert", folder.root, "--to", "voc", "--output", folder.root)
    assert result.exit_code == 2
    assert "not empty" in result.stderr
