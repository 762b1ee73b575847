"""Every kind of finding, provoked by a broken folder; and a sound folder without any."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.learning.dataset_check import Level
from thermoscout_core.learning.dataset_check.findings import KINDS

FEW = {"rare": 0}
CLAMP = ("clamp", (10, 20, 40, 50))


def test_a_sound_folder_has_nothing_to_find(folder) -> None:
    check = folder.check(**FEW)
    assert check.findings == []
    assert not check.reaches(Level.NOTE)


@pytest.mark.parametrize(
    ("kind", "name", "corners"),
    [
        ("inverted_box", "clamp", (40, 20, 10, 50)),
        ("inverted_box", "clamp", (10, 20, 10, 50)),
        ("box_outside", "clamp", (100, 20, 190, 50)),
        ("unknown_class", "fuse", (10, 20, 40, 50)),
        ("broken_object", "clamp", ("nan", 20, 40, 50)),
        ("broken_object", "clamp", ("", 20, 40, 50)),
    ],
)
def test_an_object_that_training_refuses_is_an_error(folder, kind, name, corners) -> None:
    folder.write_labels("a", CLAMP, (name, corners))
    (finding,) = folder.found(kind)
    assert (finding.images, finding.objects) == (("train/a",), (2,))
    assert finding.level is Level.ERROR


def test_a_tiny_box(folder) -> None:
    folder.write_labels("a", ("clamp", (10, 20, 12.5, 50)))
    (finding,) = folder.found("tiny_box")
    assert "2.5 x 30.0 px" in finding.message
    assert folder.found("tiny_box", tiny_px=2) == []


def test_a_box_of_an_odd_shape(folder) -> None:
    folder.write_labels("a", ("clamp", (10, 20, 110, 25)))
    assert len(folder.found("odd_shape")) == 1
    assert folder.found("odd_shape", longest_shape=21) == []


def test_two_boxes_of_one_class_in_the_same_place(folder) -> None:
    folder.write_labels("a", CLAMP, ("clamp", (10, 20, 40, 51)))
    (finding,) = folder.found("double_box")
    assert finding.objects == (1, 2)
    assert folder.found("double_box", double_iou=0.99) == []


def test_two_classes_in_the_same_place(folder) -> None:
    folder.write_labels("a", CLAMP, ("bushing", (10, 20, 40, 51)))
    assert len(folder.found("two_classes")) == 1


def test_labels_for_a_picture_of_another_size(folder) -> None:
    folder.write_labels("a", CLAMP, size="<size><width>80</width><height>60</height></size>")
    (finding,) = folder.found("size_conflict")
    assert "80x60" in finding.message and "160x120" in finding.message


def test_a_missing_picture(folder) -> None:
    folder.counts("a").unlink()
    assert len(folder.found("missing_image")) == 1
    assert len(folder.found("orphan_labels")) == 1


def test_a_truncated_picture(folder) -> None:
    data = folder.counts("a").read_bytes()
    folder.counts("a").write_bytes(data[: len(data) // 2])
    (finding,) = folder.found("unreadable_image")
    assert "truncated" in finding.message


def test_a_constant_picture(folder) -> None:
    folder.write_picture("a", np.full((120, 160), 7000, np.uint16))
    (finding,) = folder.found("constant_image")
    assert "7000" in finding.message


def test_missing_and_damaged_labels(folder) -> None:
    folder.labels("a").unlink()
    folder.labels("b").write_text("<annotation>")
    assert [f.images for f in folder.found("missing_labels")] == [("train/a",)]
    assert [f.images for f in folder.found("unreadable_labels")] == [("train/b",)]


def test_a_picture_without_objects(folder) -> None:
    folder.write_labels("a")
    assert [f.images for f in folder.found("no_objects")] == [("train/a",)]


def test_a_picture_in_no_split_and_one_in_two(folder) -> None:
    folder.write_split("train", "a")
    folder.write_split("val", "a", "c", "d")
    assert [Path(f.message.split(":")[0]).stem for f in folder.found("unlisted_image")] == ["b"]
    assert len(folder.found("listed_twice")) == 1


def test_a_split_that_is_the_sum_of_others_is_passed_over(folder) -> None:
    folder.write_split("trainval", "a", "b", "c", "d")
    assert folder.found("listed_twice") == []


def test_an_empty_split_list(folder) -> None:
    folder.write_split("test")
    (finding,) = folder.found("unreadable_list")
    assert "test.txt" in finding.message


def test_classes_that_are_missing_rare_or_outweighed(folder) -> None:
    for name in "ab":
        folder.write_labels(name, *[("clamp", (x, 20, x + 9, 50)) for x in range(10, 130, 10)])
    folder.write_labels("c", CLAMP, ("bushing", (60, 60, 90, 100)))
    folder.write_labels("d", CLAMP)
    (folder.root / "classes.txt").write_text("clamp\nbushing\nfuse\n")
    messages = {f.kind: f.message for f in folder.check().findings}
    assert messages["empty_class"].startswith("fuse")
    assert messages["untrained_class"] == "bushing: no box in train"
    assert messages["imbalance"] == "clamp has 26 boxes, bushing 1"
    rare = [f.message for f in folder.found("rare_class")]
    assert "bushing: 1 box in val" in rare


def test_identical_pictures_in_one_split(folder) -> None:
    folder.copy_of("a", "b")
    (finding,) = folder.found("duplicate_image")
    assert finding.images == ("train/a", "train/b")
    assert folder.found("copies_disagree") == []


def test_identical_pictures_with_different_labels(folder) -> None:
    folder.copy_of("a", "b")
    folder.write_labels("b", CLAMP)
    assert len(folder.found("copies_disagree")) == 1


def test_identical_pictures_in_two_splits_leak(folder) -> None:
    folder.copy_of("a", "c")
    (finding,) = folder.found("leak")
    assert finding.images == ("train/a", "val/c")


def moved(counts: np.ndarray, gain: float, offset: int, shift: float, turn: float) -> np.ndarray:
    """Seen again: another range of counts, noise, and the camera moved and turned a little."""
    height, width = counts.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.03)
    matrix[:, 2] += shift * width
    again = cv2.warpAffine(
        counts.astype(np.float32), matrix, (width, height), borderMode=cv2.BORDER_REFLECT
    )
    noise = np.random.default_rng(1).normal(0, 1, counts.shape)
    return np.clip(gain * (again + noise) + offset, 0, 65535).astype(np.uint16)


def test_the_same_scene_in_two_splits_leaks_whatever_gain_offset_and_hand(folder) -> None:
    folder.write_picture("c", moved(folder.picture("a"), 0.6, 900, 0.05, 2.0))
    (finding,) = folder.found("leak")
    assert finding.images == ("train/a", "val/c")
    assert finding.similarity > 0.85


def test_the_same_scene_in_one_split_is_a_note(folder) -> None:
    folder.write_picture("b", moved(folder.picture("a"), 0.6, 900, 0.05, 2.0))
    (finding,) = folder.found("near_duplicate")
    assert finding.level is Level.NOTE


def test_similar_pictures_of_two_splits_are_suspected_below_the_limit(folder) -> None:
    folder.write_picture("c", moved(folder.picture("a"), 0.6, 900, 0.05, 2.0))
    (finding,) = folder.found("suspected_leak", leak=1.0)
    assert finding.level is Level.WARNING


def test_a_leak_into_another_dataset(folder, tmp_path: Path) -> None:
    other = type(folder)(tmp_path / "other")
    folder.root.joinpath("splits", "val.txt").unlink()
    for name in ("counts", "annotations", "splits"):
        (other.root / name).mkdir(parents=True)
    (other.root / "classes.txt").write_text("clamp\nbushing\n")
    other.write_picture("x", folder.picture("a"))
    other.write_labels("x", CLAMP, ("bushing", (60, 60, 90, 100)))
    other.write_split("test", "x")
    leaks = [f.images for f in folder.check(other.root).findings if f.kind == "leak"]
    assert leaks == [("set/train/a", "other/test/x")]


def test_every_kind_is_explained_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


def test_a_yolo_picture_without_labels_is_a_note(folder) -> None:
    root = folder.root.parent / "yolo"
    (root / "images" / "train").mkdir(parents=True)
    (root / "data.yaml").write_text("train: images/train\nnames: [clamp]")
    cv2.imwrite(str(root / "images" / "train" / "a.png"), folder.picture("a"))
    check = type(folder)(root).check()
    assert [f.kind for f in check.findings] == ["empty_class", "no_objects"]
