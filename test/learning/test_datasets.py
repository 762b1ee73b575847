"""VOC, COCO and YOLO folders, as other tools write them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.datasets.conversion import write_dataset
from thermoscout_core.learning.datasets.yolo import read_yolo

SIZE = (64, 48)


def picture(path: Path, seed: int = 0) -> Path:
    """A colour JPEG or PNG of 64x48."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    cv2.imwrite(str(path), pixels)
    return path


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def coco_content(**changes) -> dict:
    """Two images; the first has a clamp, and a bushing in a crowd."""
    content = {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 64, "height": 48},
            {"id": 9, "file_name": "b.jpg", "width": 64, "height": 48},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 5, "bbox": [1, 2, 10, 20], "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [5.5, 6, 7, 8], "iscrowd": 1},
        ],
        "categories": [{"id": 5, "name": "clamp"}, {"id": 3, "name": "bushing"}],
    }
    return content | changes


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    for name in "ab":
        picture(tmp_path / "images" / f"{name}.jpg")
    write(tmp_path / "annotations" / "instances_train.json", json.dumps(coco_content()))
    return tmp_path


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    write(tmp_path / "data.yaml", "train: images/train\nval: images/val\nnames: [clamp, bushing]")
    for split in ("train", "val"):
        picture(tmp_path / "images" / split / "a.png")
    write(tmp_path / "labels" / "train" / "a.txt", "1 0.5 0.5 0.25 0.5\n\n0 0.25 0.5 0.5 1\n")
    return tmp_path


@pytest.mark.parametrize("layout", ["voc", "coco", "yolo"])
def test_a_dataset_written_in_a_layout_reads_back(
    small_dataset: Path, tmp_path: Path, layout: str
) -> None:
    splits = {split: open_dataset(small_dataset, split) for split in ("train", "val")}
    write_dataset(splits, layout, tmp_path)
    for split, dataset in splits.items():
        again = open_dataset(tmp_path, split)
        assert again.layout.name == layout.upper()
        assert again.classes == dataset.classes
        assert again.ids == dataset.ids
        for sample, twin in zip(dataset.samples, again.samples, strict=True):
            np.testing.assert_array_equal(twin.counts, sample.counts)
            np.testing.assert_array_equal(twin.annotation.labels, sample.annotation.labels)
            np.testing.assert_allclose(twin.annotation.boxes, sample.annotation.boxes, atol=1e-3)


def test_a_dataset_is_written_as_views_for_tools_that_want_8_bit(
    small_dataset: Path, tmp_path: Path
) -> None:
    write_dataset({"val": open_dataset(small_dataset, "val")}, "yolo", tmp_path, as_view=True)
    view = cv2.imread(str(tmp_path / "images/val/sim_008.png"), cv2.IMREAD_UNCHANGED)
    assert view.dtype == np.uint8 and view.ndim == 2


def test_nothing_is_written_into_a_folder_in_use(small_dataset: Path, tmp_path: Path) -> None:
    write(tmp_path / "mine.txt", "precious")
    with pytest.raises(DatasetError, match="not empty"):
        write_dataset({"val": open_dataset(small_dataset, "val")}, "voc", tmp_path)


def test_difficult_survives_coco_and_is_left_out_of_yolo(tmp_path: Path, coco: Path) -> None:
    splits = {"train": open_dataset(coco, "train")}
    write_dataset(splits, "coco", tmp_path / "c")
    write_dataset(splits, "yolo", tmp_path / "y")
    assert open_dataset(tmp_path / "c", "train")[0].annotation.difficult.tolist() == [False, True]
    assert len(open_dataset(tmp_path / "y", "train")[0].annotation.labels) == 1


def test_coco_boxes_classes_by_id_and_crowds(coco: Path) -> None:
    dataset = open_dataset(coco, "train")
    assert dataset.classes == ["bushing", "clamp"]
    assert dataset.ids == ["a", "b"]
    found = dataset[0].annotation
    assert found.boxes.tolist() == [[1, 2, 11, 22], [5.5, 6, 12.5, 14]]
    assert found.labels.tolist() == [1, 0]
    assert found.difficult.tolist() == [False, True]
    assert len(dataset[1].annotation.labels) == 0


def test_roboflow_coco_has_its_files_in_the_splits_folders(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        for name in "ab":
            picture(tmp_path / split / f"{name}.jpg")
        write(tmp_path / split / "_annotations.coco.json", json.dumps(coco_content()))
    assert open_dataset(tmp_path, "valid").ids == ["a", "b"]
    assert open_dataset(tmp_path, None).ids == ["train/a", "train/b", "valid/a", "valid/b"]


def test_one_coco_file_may_be_divided_by_lists(coco: Path) -> None:
    write(coco / "splits" / "val.txt", "b\n")
    assert open_dataset(coco, "val").ids == ["b"]


def annotation(**changes) -> dict:
    return {"id": 1, "image_id": 7, "category_id": 5, "bbox": [1, 2, 3, 4]} | changes


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"annotations": [annotation(), annotation()]}, r"object 1.*annotation id 1 .* 2 times"),
        ({"annotations": [annotation(category_id=8)]}, r"object 1 \(category 8\): unknown class"),
        ({"annotations": [annotation(bbox=[1, 2, -3, 4])]}, "object 1.*inverted"),
        ({"annotations": [annotation(bbox=[1, 2, float("nan"), 4])]}, "isn't a number"),
        ({"annotations": [annotation(bbox=[1, 2, 3])]}, "isn't four numbers"),
        ({"annotations": [annotation(bbox=[60, 2, 30, 4])]}, "outside"),
        ({"annotations": [annotation(image_id=1)]}, "annotation 1 is of image 1, which"),
        ({"annotations": [annotation(image_id="seven")]}, r"annotations\.0\.image_id"),
        ({"images": coco_content()["images"][:1] * 2}, "image id '7' is there twice"),
        ({"categories": [{"id": 1, "name": "x"}, {"id": 2, "name": "x"}]}, "'x' is there twice"),
        ({"images": [{"id": 7, "file_name": "a.jpg", "width": 9, "height": 48}]}, "made for"),
    ],
)
def test_a_wrong_coco_file_is_named_with_the_object(
    coco: Path, changes: dict, complaint: str
) -> None:
    content = coco_content(annotations=[]) | changes
    write(coco / "annotations" / "instances_train.json", json.dumps(content))
    with pytest.raises(DatasetError, match=rf"instances_train\.json.*{complaint}"):
        _ = open_dataset(coco, "train").samples


def test_coco_splits_must_agree_on_the_categories(coco: Path) -> None:
    other = coco_content(annotations=[], categories=[{"id": 5, "name": "clamp"}])
    write(coco / "annotations" / "instances_val.json", json.dumps(other))
    with pytest.raises(DatasetError, match=r"instances_val\.json.*instances_train\.json"):
        open_dataset(coco, "train")


def test_yolo_boxes_are_fractions_of_the_picture(yolo: Path) -> None:
    found = open_dataset(yolo, "train")[0].annotation
    assert found.boxes.tolist() == [[24, 12, 40, 36], [0, 0, 32, 48]]
    assert found.labels.tolist() == [1, 0]


def test_a_yolo_picture_without_labels_is_empty(yolo: Path) -> None:
    assert len(open_dataset(yolo, "val")[0].annotation.labels) == 0


def test_a_yolo_outline_becomes_the_box_around_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "0 0.5 0.25 0.75 0.5 0.25 0.75")
    assert read_yolo(path, ["clamp"], SIZE).objects[0].corners == (16, 12, 48, 36)


def test_yolo_splits_may_be_lists_of_pictures(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.png")
    write(tmp_path / "train.txt", "./images/c.png\nimages/a.png\n")
    write(tmp_path / "data.yaml", "train: train.txt\nnames: {0: clamp}\nnc: 1")
    assert open_dataset(tmp_path, "train").ids == ["c", "a"]


def test_roboflow_yolo_writes_its_folders_one_level_too_high(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "images" / "a.png")
    write(tmp_path / "train" / "labels" / "a.txt", "0 0.5 0.5 0.5 0.5")
    write(tmp_path / "data.yaml", "train: ../train/images\nnames: [clamp]")
    assert open_dataset(tmp_path, "train")[0].annotation.labels.tolist() == [0]


def test_yolo_without_configuration_has_classes_txt(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    write(tmp_path / "labels" / "a.txt", "0 0.5 0.5 0.5 0.5")
    write(tmp_path / "labels" / "classes.txt", "clamp")
    dataset = open_dataset(tmp_path, None)
    assert (dataset.classes, dataset.ids) == (["clamp"], ["a"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("0 320 200 40 30", r"outside 0\.\.1"),
        ("0 0.9 0.5 0.4 0.1", "outside the 64x48 image"),
        ("0 nan 0.5 0.5 0.5", r"outside 0\.\.1"),
        ("0 0.5 0.5 0 0.5", "empty"),
        ("0 0.5 0.5 -0.2 0.5", r"outside 0\.\.1"),
        ("0 0.5 0.5 0.5", "4 numbers"),
        ("2 0.5 0.5 0.5 0.5", "unknown class"),
        ("x 0.5 0.5 0.5 0.5", "unknown class"),
        ("0 a b c d", "not numbers"),
    ],
)
def test_a_wrong_yolo_line_is_named_with_its_object(yolo: Path, line: str, complaint: str) -> None:
    write(yolo / "labels" / "train" / "a.txt", f"0 0.5 0.5 0.5 0.5\n{line}\n")
    with pytest.raises(DatasetError, match=rf"a\.txt: object 2.*{complaint}"):
        _ = open_dataset(yolo, "train").samples


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("names: [a]", "names no split"),
        ("train: images", "needs the keys"),
        ("train: nowhere\nnames: [a]", "nowhere: no such folder"),
        ("train: images\nnames: {1: a}", "numbered"),
        ("train: images\nnames: [a, a]", "twice"),
        ("train: images\nnames: [a]\nnc: 2", "nc is 2"),
        ("names: [", "YAML"),
    ],
)
def test_a_wrong_yolo_configuration_is_named(yolo: Path, content: str, complaint: str) -> None:
    write(yolo / "data.yaml", content)
    with pytest.raises(DatasetError, match=rf"data\.yaml.*{complaint}"):
        open_dataset(yolo, "train")


def test_pascal_s_own_folders_without_classes_txt(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "000001.jpg")
    box = "<bndbox><xmin>8</xmin><ymin>12</ymin><xmax>35</xmax><ymax>48</ymax></bndbox>"
    objects = "".join(
        f"<object><name>{name}</name><difficult>1</difficult>{box}</object>"
        for name in ("switch", "bushing")
    )
    write(tmp_path / "Annotations" / "000001.xml", f"<annotation>{objects}</annotation>")
    write(tmp_path / "ImageSets" / "Main" / "switch_train.txt", "000001  1\n")
    dataset = open_dataset(tmp_path, "switch_train")
    assert dataset.classes == ["bushing", "switch"]
    assert dataset[0].annotation.difficult.all()


def test_an_image_of_a_split_that_is_missing_is_named(yolo: Path) -> None:
    write(yolo / "list.txt", "images/train/gone.png")
    write(yolo / "data.yaml", "train: list.txt\nnames: [clamp, bushing]")
    with pytest.raises(DatasetError, match=r"gone\.png: missing"):
        _ = open_dataset(yolo, "train").samples


def test_two_pictures_of_one_id_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "images" / "a.jpg")
    write(tmp_path / "labels" / "classes.txt", "clamp")
    with pytest.raises(DatasetError, match=r"a\.png: beside a\.jpg"):
        open_dataset(tmp_path, None)
