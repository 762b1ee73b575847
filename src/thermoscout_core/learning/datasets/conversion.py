"""A dataset written anew as VOC, COCO or YOLO, for other tools."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.data import Dataset, Sample

Picture = NDArray[np.uint16] | NDArray[np.uint8]
_Writer = Callable[[Path, str, Dataset, Iterable[Sample], bool], None]


def write_dataset(
    splits: dict[str, Dataset],
    layout: str,
    output: Path,
    as_view: bool = False,
    watch: Callable[[Dataset], Iterable[Sample]] = iter,
) -> None:
    """Write splits of one dataset as layout (voc, coco, yolo) into a new folder.

    as_view: 8-bit pictures as the detector sees them, instead of 16-bit counts. watch: gives the
    samples of a split, for a progress display. YOLO can't mark difficult boxes and goes without
    them; COCO calls them iscrowd. Raises DatasetError when output holds something already, or
    can't be written.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise DatasetError(f"{output}: not empty; give a new folder")
        classes = next(iter(splits.values())).classes
        for split, dataset in splits.items():
            WRITERS[layout](output, split, dataset, watch(dataset), as_view)
        if layout == "yolo":
            places = {split: f"images/{split}" for split in splits}
            content = yaml.safe_dump({**places, "names": classes}, sort_keys=False)
            (output / "data.yaml").write_text(content, encoding="utf-8")
        if layout == "voc":
            (output / "classes.txt").write_text("\n".join(classes) + "\n", encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{output}: can't be written: {error.strerror or error}") from error


def _write_voc(
    output: Path, split: str, dataset: Dataset, samples: Iterable[Sample], as_view: bool
) -> None:
    for sample in samples:
        _write_picture(output / "JPEGImages" / f"{sample.id}.png", sample, as_view)
        root = ElementTree.Element("annotation")
        _add(root, "filename", f"{sample.id}.png")
        size = ElementTree.SubElement(root, "size")
        for tag, value in zip(("height", "width"), sample.counts.shape, strict=True):
            _add(size, tag, value)
        _add(size, "depth", 1)
        for name, difficult, corners in _objects(sample, dataset.classes):
            entry = ElementTree.SubElement(root, "object")
            _add(entry, "name", name)
            _add(entry, "difficult", int(difficult))
            box = ElementTree.SubElement(entry, "bndbox")
            for tag, edge_px in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True):
                _add(box, tag, f"{edge_px:.7g}")
        ElementTree.indent(root)
        path = output / "Annotations" / f"{sample.id}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ElementTree.tostring(root, encoding="utf-8"))
    listing = output / "ImageSets" / "Main" / f"{split}.txt"
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_text("\n".join(dataset.ids) + "\n", encoding="utf-8")


def _write_coco(
    output: Path, split: str, dataset: Dataset, samples: Iterable[Sample], as_view: bool
) -> None:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, sample in enumerate(samples, 1):
        name, (height, width) = f"{sample.id}.png", sample.counts.shape
        _write_picture(output / "images" / split / name, sample, as_view)
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        for class_name, difficult, (x1, y1, x2, y2) in _objects(sample, dataset.classes):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": dataset.classes.index(class_name) + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": int(difficult),
                }
            )
    categories = [{"id": label, "name": name} for label, name in enumerate(dataset.classes, 1)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    path = output / "annotations" / f"instances_{split}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _write_yolo(
    output: Path, split: str, dataset: Dataset, samples: Iterable[Sample], as_view: bool
) -> None:
    for sample in samples:
        _write_picture(output / "images" / split / f"{sample.id}.png", sample, as_view)
        height, width = sample.counts.shape
        lines = [
            f"{dataset.classes.index(name)} {(x1 + x2) / 2 / width:.7f} "
            f"{(y1 + y2) / 2 / height:.7f} {(x2 - x1) / width:.7f} {(y2 - y1) / height:.7f}"
            for name, difficult, (x1, y1, x2, y2) in _objects(sample, dataset.classes)
            if not difficult
        ]
        path = output / "labels" / split / f"{sample.id}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


WRITERS: dict[str, _Writer] = {"voc": _write_voc, "coco": _write_coco, "yolo": _write_yolo}


def _objects(sample: Sample, classes: list[str]) -> Iterable[tuple[str, bool, list[float]]]:
    found = sample.annotation
    for box, label, difficult in zip(found.boxes, found.labels, found.difficult, strict=True):
        yield classes[label], bool(difficult), [float(value) for value in box]


def _write_picture(path: Path, sample: Sample, as_view: bool) -> None:
    picture: Picture = to_8bit_view(sample.counts) if as_view else sample.counts
    path.parent.mkdir(parents=True, exist_ok=True)
    done, content = cv2.imencode(".png", picture)
    if not done:
        raise DatasetError(f"{path}: the picture can't be encoded as PNG")
    path.write_bytes(content.tobytes())


def _add(parent: ElementTree.Element, tag: str, value: object) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)
