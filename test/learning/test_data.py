"""Our own dataset folders, right and wrong."""

from pathlib import Path

import pytest

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.data import open_dataset, to_annotation
from thermoscout_core.learning.datasets.voc import read_voc

BOX = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"


def write(path: Path, name: str, *corners: float, difficult: int = 0) -> Path:
    entry = f"<object><name>{name}</name><difficult>{difficult}</difficult>{BOX}</object>"
    path.write_text(f"<annotation>{entry.format(*corners)}</annotation>")
    return path


def test_a_split_gives_its_images_in_order(small_dataset: Path) -> None:
    dataset = open_dataset(small_dataset, "val")
    assert dataset.ids == ["sim_008", "sim_009", "sim_010", "sim_011"]
    assert dataset[0].counts.dtype == "uint16"


def test_without_a_split_every_image_is_there(small_dataset: Path) -> None:
    assert len(open_dataset(small_dataset, None)) == 12


def test_an_unknown_split_is_named_with_those_that_exist(small_dataset: Path) -> None:
    with pytest.raises(DatasetError, match=r"nights\.txt.*train, val"):
        open_dataset(small_dataset, "nights")


def test_a_folder_of_no_layout_is_told_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"counts/ .*VOC.*data\.yaml.*COCO"):
        open_dataset(tmp_path, None)


def test_sub_pixel_corners_and_difficult_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", "connector", 1.25, 2, 30.5, 40, difficult=1)
    annotation = to_annotation(read_voc(path), ["connector"], (384, 288))
    assert annotation.boxes.tolist() == [[1.25, 2.0, 30.5, 40.0]]
    assert annotation.difficult.tolist() == [True]


def test_a_box_that_leaves_the_image_by_a_pixel_is_clipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", "connector", -0.5, 2, 384.9, 40)
    annotation = to_annotation(read_voc(path), ["connector"], (384, 288))
    assert annotation.boxes.tolist() == [[0.0, 2.0, 384.0, 40.0]]


@pytest.mark.parametrize(
    ("name", "corners", "complaint"),
    [
        ("fuse", (1, 1, 9, 9), "unknown class"),
        ("connector", (9, 1, 1, 9), "inverted"),
        ("connector", (1, 1, 1, 9), "empty"),
        ("connector", (1, 1, 900, 9), "outside"),
        ("connector", (384.2, 1, 384.8, 9), "outside"),
        ("connector", (float("nan"), 1, 9, 9), "isn't a number"),
        ("connector", ("", 1, 9, 9), "isn't a number"),
    ],
)
def test_a_bad_box_is_named_with_its_file(
    tmp_path: Path, name: str, corners: tuple[float, ...], complaint: str
) -> None:
    path = write(tmp_path / "bad.xml", name, *corners)
    with pytest.raises(DatasetError, match=rf"bad\.xml: object 1.*{complaint}"):
        to_annotation(read_voc(path), ["connector"], (384, 288))


def test_labels_for_another_size_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    size = "<size><width>640</width><height>480</height></size>"
    path.write_text(f"<annotation>{size}</annotation>")
    with pytest.raises(DatasetError, match=r"a\.xml: made for a picture of 640x480.*384x288"):
        to_annotation(read_voc(path), ["connector"], (384, 288))


def test_broken_xml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.xml"
    path.write_text("<annotation><object>")
    with pytest.raises(DatasetError, match=r"broken\.xml"):
        read_voc(path)
