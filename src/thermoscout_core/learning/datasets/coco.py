"""COCO: one JSON file a split, boxes as x, y, width, height in pixels.

``annotations/instances_train.json``, ``train/_annotations.coco.json``, or a .json in the folder.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.datasets.layout import (
    NO_CORNERS,
    Corners,
    Entry,
    LabelledObject,
    Labels,
    require_unique,
)
from thermoscout_core.learning.datasets.listings import (
    SplitLists,
    all_entries,
    read_text,
    unknown_split,
)

_PATTERNS = ("annotations/*.json", "*/_annotations.coco.json", "*.json")
_KEYS = {"images", "annotations", "categories"}
_PREFIX = "instances_"


class CocoFolder:
    """Classes in the order of their category ids. ``iscrowd`` and ``ignore`` count as difficult.

    A single JSON file may be divided by splits/NAME.txt. Pictures are looked for in images/SPLIT,
    SPLIT, images, the folder itself and the JSON file's.
    """

    name = "COCO"
    unlabelled_is_empty = True

    def __init__(self, root: Path, files: dict[str, Path]) -> None:
        self.root = root
        self._contents = {split: _Content(path, root, split) for split, path in files.items()}
        contents = list(self._contents.values())
        self.classes = contents[0].classes
        for content in contents[1:]:
            if content.classes != self.classes:
                raise DatasetError(
                    f"{content.path}: its categories differ from those of {contents[0].path}"
                )
        self._lists = SplitLists(root, ("splits",)) if len(files) == 1 else None
        listed = self._lists.names if self._lists else []
        self.splits = listed or sorted(files)

    @classmethod
    def recognise(cls, root: Path) -> CocoFolder | None:
        """The folder as COCO, None when no JSON file in it has images, annotations, categories."""
        for pattern in _PATTERNS:
            files = {_split_of(path): path for path in sorted(root.glob(pattern)) if _is(path)}
            if files:
                return cls(root, files)
        return None

    def entries(self, split: str | None) -> list[Entry]:
        found = {name: content.entries for name, content in self._contents.items()}
        if split is None:
            return all_entries(found)
        if split not in self.splits:
            raise unknown_split(f"{self.root}: {split}", self.splits)
        if self._lists is None or not self._lists.names:
            return found[split]
        (content,) = self._contents.values()
        by_id = {entry.id: entry for entry in content.entries}
        return [
            by_id.get(image_id) or Entry(image_id, self.root / image_id, content.path)
            for image_id in self._lists.read(split)
        ]

    def labels(self, entry: Entry, size_px: tuple[int, int]) -> Labels | None:
        content = next(c for c in self._contents.values() if c.path == entry.labels)
        return content.labels(entry)

    def orphans(self) -> list[Path]:
        return []


class _Image(BaseModel):
    id: int
    file_name: str = Field(min_length=1)
    width: int = 0
    height: int = 0


class _Annotation(BaseModel):
    id: int | None = None
    image_id: int
    category_id: int
    bbox: Any = None
    iscrowd: bool = False
    ignore: bool = False


class _Category(BaseModel):
    id: int
    name: str = Field(min_length=1)


class _File(BaseModel):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


class _Content:
    """One JSON file, its annotations sorted by image."""

    def __init__(self, path: Path, root: Path, split: str) -> None:
        self.path = path
        content = _validated(path)
        require_unique([str(image.id) for image in content.images], path, "image id")
        require_unique([_id_of(image.file_name) for image in content.images], path, "image")
        require_unique([str(category.id) for category in content.categories], path, "category id")
        self._names = {category.id: category.name for category in content.categories}
        self.classes = [self._names[number] for number in sorted(self._names)]
        require_unique(self.classes, path, "category")
        self.entries = _entries(path, root, split, [image.file_name for image in content.images])
        pairs = zip(self.entries, content.images, strict=True)
        self._images = {entry.image: image for entry, image in pairs}
        self._annotations: dict[int, list[_Annotation]] = {
            image.id: [] for image in content.images
        }
        for number, annotation in enumerate(content.annotations, 1):
            if annotation.image_id not in self._annotations:
                raise DatasetError(
                    f"{path}: annotation {number} is of image {annotation.image_id}, "
                    "which isn't there"
                )
            self._annotations[annotation.image_id].append(annotation)
        self._ids = Counter(annotation.id for annotation in content.annotations)

    def labels(self, entry: Entry) -> Labels | None:
        image = self._images.get(entry.image)
        if image is None:
            return None
        found = enumerate(self._annotations[image.id], 1)
        objects = tuple(self._object(number, annotation) for number, annotation in found)
        size_px = (image.width, image.height) if image.width > 0 < image.height else None
        return Labels(f"{self.path}: {entry.id}", objects, size_px)

    def _object(self, number: int, annotation: _Annotation) -> LabelledObject:
        corners, complaint = _corners(annotation.bbox)
        times = self._ids[annotation.id]
        if annotation.id is not None and times > 1:
            complaint = f"annotation id {annotation.id} is there {times} times"
        category = annotation.category_id
        name = self._names.get(category, f"category {category}")
        difficult = annotation.iscrowd or annotation.ignore
        return LabelledObject(number, name, corners, difficult, complaint)


def _entries(path: Path, root: Path, split: str, names: list[str]) -> list[Entry]:
    places = (root / "images" / split, root / split, root / "images", root, path.parent)
    folders = [folder for folder in places if folder.is_dir()]
    entries = []
    for name in names:
        candidates = [folder / name for folder in folders]
        image = next((file for file in candidates if file.is_file()), candidates[0])
        entries.append(Entry(_id_of(name), image, path))
    return entries


def _corners(box: Any) -> tuple[Corners, str]:
    numbers = isinstance(box, list) and len(box) == 4 and all(_is_number(value) for value in box)
    if not numbers:
        return NO_CORNERS, f"bbox isn't four numbers: {box}"
    x, y, width, height = (float(value) for value in box)
    return (x, y, x + width, y + height), ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _id_of(file_name: str) -> str:
    return Path(file_name).with_suffix("").as_posix()


def _split_of(path: Path) -> str:
    if path.name == "_annotations.coco.json":
        return path.parent.name
    return path.stem.removeprefix(_PREFIX)


def _is(path: Path) -> bool:
    """Captions and other JSON files beside the boxes are passed over; broken ones aren't."""
    content = _read(path)
    return isinstance(content, dict) and content.keys() >= _KEYS


def _validated(path: Path) -> _File:
    try:
        return _File.model_validate(_read(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"{path}: {where} (counted from 0): {first['msg']}") from error


def _read(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: not readable JSON: {error}") from error
