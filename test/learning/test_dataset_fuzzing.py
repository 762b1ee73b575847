"""Whatever stands in a file of labels is read, or complained of by name."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.data import open_dataset, to_annotation
from thermoscout_core.learning.datasets.voc import read_voc
from thermoscout_core.learning.datasets.yolo import read_yolo

SIZE = (64, 48)


@given(st.text())
def test_any_text_as_yolo_labels_is_read_or_complained_of(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(content, encoding="utf-8", errors="ignore")
    check_labels(read_yolo(path, ["clamp"], SIZE))


@given(
    st.lists(
        st.sampled_from(
            [
                *("<object>", "</object>", "<name>", "clamp", "</name>", "<bndbox>", "</bndbox>"),
                *("<xmin>1</xmin>", "<xmin>inf</xmin>", "<xmax>5</xmax>", "<xmax></xmax>"),
                *("<ymin>1</ymin>", "<ymax>9</ymax>", "<size>", "</size>", "<width>-3</width>"),
            ]
        )
    )
)
def test_any_xml_as_voc_labels_is_read_or_complained_of(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.xml"
    path.write_text(f"<annotation>{''.join(pieces)}</annotation>")
    try:
        labels = read_voc(path)
    except DatasetError:
        return
    check_labels(labels)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


COCO_ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "image_id": st.just(7) | JSON,
        "category_id": st.just(5) | JSON,
        "bbox": st.lists(st.floats(-9, 99), min_size=4, max_size=4) | JSON,
        "file_name": st.just("a.jpg") | JSON,
        "name": JSON,
        "width": JSON,
    },
)


@given(
    images=st.lists(COCO_ENTRY, max_size=2) | JSON,
    annotations=st.lists(COCO_ENTRY, max_size=3) | JSON,
    categories=st.lists(COCO_ENTRY, max_size=2) | JSON,
)
def test_any_json_as_coco_is_read_or_complained_of(
    tmp_path_factory: pytest.TempPathFactory, images, annotations, categories
) -> None:
    root = tmp_path_factory.getbasetemp() / "coco"
    (root / "images").mkdir(parents=True, exist_ok=True)
    (root / "annotations").mkdir(exist_ok=True)
    cv2.imwrite(str(root / "images" / "a.jpg"), np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "annotations" / "instances_train.json").write_text(json.dumps(content))
    try:
        _ = open_dataset(root, "train").samples
    except DatasetError as error:
        assert str(root) in str(error)


def check_labels(labels) -> None:
    """Every object becomes a box inside the picture, or an error with its number."""
    try:
        found = to_annotation(labels, ["clamp"], SIZE)
    except DatasetError as error:
        assert labels.source in str(error)
        return
    assert len(found.boxes) == len(labels.objects)
    assert np.isfinite(found.boxes).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert (found.boxes >= 0).all() and (found.boxes <= np.array([*SIZE, *SIZE])).all()
