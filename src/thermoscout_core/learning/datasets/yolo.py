"""YOLO: ``data.yaml`` with classes and splits, and a text file a picture under ``labels/``.

A line is ``class x y width height`` (centre and size as fractions of the picture) or
``class x1 y1 x2 y2 x3 y3 …``, an outline, of which the box around it is taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

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
    pictures_of,
    read_names,
    read_text,
    unknown_split,
)

CONFIGURATION_FILES = ("data.yaml", "data.yml", "dataset.yaml")
CLASSES_FILE = "classes.txt"
_SPLITS = ("train", "val", "test")
_PICTURES, _LABELS = "images", "labels"
_EDGE_SLACK = 1e-3  # printed decimals of a centre and half a size may add up to a little over 1


class YoloFolder:
    """With a data.yaml, its splits: a folder, a list of pictures, or several of either. Without
    one: images/, labels/ and classes.txt, the splits being folders in images/ or splits/NAME.txt.
    """

    name = "YOLO"
    unlabelled_is_empty = True

    def __init__(self, root: Path, classes: list[str], splits: dict[str, list[Entry]]) -> None:
        self.root, self.classes = root, classes
        self._entries = splits
        self._lists = SplitLists(root, ("splits",)) if list(splits) == [""] else None
        self.splits = self._lists.names if self._lists else list(splits)

    @classmethod
    def recognise(cls, root: Path) -> YoloFolder | None:
        """The folder as YOLO, None when it has neither a data.yaml nor labels/ and classes.txt."""
        for name in CONFIGURATION_FILES:
            if (root / name).is_file():
                return cls(root, *_read_configuration(root / name))
        pictures = root / _PICTURES
        for names in (root / CLASSES_FILE, root / _LABELS / CLASSES_FILE):
            if (root / _LABELS).is_dir() and pictures.is_dir() and names.is_file():
                return cls(root, read_names(names), _split_folders(pictures))
        return None

    def entries(self, split: str | None) -> list[Entry]:
        if split is None:
            return all_entries(self._entries)
        if split not in self.splits:
            raise unknown_split(f"{self.root}: {split}", self.splits)
        if self._lists is None:
            return self._entries[split]
        by_id = {entry.id: entry for entry in self._entries[""]}
        return [
            by_id.get(image_id) or _entry(image_id, self.root / _PICTURES / image_id)
            for image_id in self._lists.read(split)
        ]

    def labels(self, entry: Entry, size_px: tuple[int, int]) -> Labels | None:
        if not entry.labels.is_file():
            return None
        return read_yolo(entry.labels, self.classes, size_px)

    def orphans(self) -> list[Path]:
        entries = self.entries(None)
        wanted = {entry.labels for entry in entries}
        folders = sorted({path.parent for path in wanted if path.parent.is_dir()})
        files = [path for folder in folders for path in sorted(folder.glob("*.txt"))]
        return [path for path in files if path not in wanted and path.name != CLASSES_FILE]


def read_yolo(path: Path, classes: list[str], size_px: tuple[int, int]) -> Labels:
    """One label file of a picture of that (width, height); an object a line that isn't empty.

    Raises DatasetError when it is no text.
    """
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    objects = [_object(number, words, classes, size_px) for number, words in enumerate(lines, 1)]
    return Labels(str(path), tuple(objects))


def _object(
    number: int, words: list[str], classes: list[str], size_px: tuple[int, int]
) -> LabelledObject:
    label = words[0]
    known = label.isascii() and label.isdigit() and int(label) < len(classes)
    name = classes[int(label)] if known else f"class {label}"
    corners, complaint = _corners(words[1:], size_px)
    return LabelledObject(number, name, corners, complaint=complaint)


def _corners(words: list[str], size_px: tuple[int, int]) -> tuple[Corners, str]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        return NO_CORNERS, f"not numbers: {' '.join(words)}"
    outline = len(values) >= 6 and len(values) % 2 == 0
    if len(values) != 4 and not outline:
        return NO_CORNERS, f"a line has a class and 4 numbers (or an outline), not {len(values)}"
    # NaN is in no range
    if not all(-_EDGE_SLACK <= value <= 1 + _EDGE_SLACK for value in values):
        return NO_CORNERS, f"values outside 0..1, fractions of the picture: {' '.join(words)}"
    if outline:
        x1, y1, x2, y2 = min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
    else:
        x, y, width, height = values
        x1, y1, x2, y2 = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    width_px, height_px = size_px
    return (x1 * width_px, y1 * height_px, x2 * width_px, y2 * height_px), ""


def _read_configuration(path: Path) -> tuple[list[str], dict[str, list[Entry]]]:
    try:
        content: Any = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise DatasetError(f"{path}: can't be read as YAML: {error}") from error
    if not isinstance(content, dict) or "names" not in content:
        raise DatasetError(f"{path}: needs the keys names and train")
    places = {split: content[split] for split in _SPLITS if content.get(split)}
    if not places:
        raise DatasetError(f"{path}: names no split; it needs train, val or test")
    base = path.parent / str(content.get("path") or ".")
    if not base.is_dir():
        base = path.parent  # the tool that wrote it had the folder elsewhere
    splits = {split: _split_entries(path, base, place) for split, place in places.items()}
    return _class_names(path, content), splits


def _class_names(path: Path, content: dict[Any, Any]) -> list[str]:
    names = content["names"]
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise DatasetError(f"{path}: names are numbered {list(names)}, not 0 to {len(names)}")
        names = [names[label] for label in range(len(names))]
    if not isinstance(names, list):
        raise DatasetError(f"{path}: names is neither a list nor numbered names")
    if content.get("nc", len(names)) != len(names):
        raise DatasetError(f"{path}: nc is {content['nc']}, but there are {len(names)} names")
    classes = [str(name) for name in names]
    require_unique(classes, path, "class name")
    return classes


def _split_entries(configuration: Path, base: Path, places: Any) -> list[Entry]:
    entries: list[Entry] = []
    for place in places if isinstance(places, list) else [places]:
        found = _existing(base, str(place))
        if found is None:
            raise DatasetError(f"{configuration}: {place}: no such folder or list in {base}")
        entries += _listed(found, base) if found.is_file() else _in_folder(found)
    require_unique([entry.id for entry in entries], configuration, "image")
    return entries


def _existing(base: Path, place: str) -> Path | None:
    """Roboflow writes ../train/images for a folder that is beside the data.yaml."""
    candidates = (base / place, base / place.removeprefix("../"))
    return next((path for path in candidates if path.exists()), None)


def _in_folder(folder: Path) -> list[Entry]:
    if (folder / _PICTURES).is_dir():
        folder = folder / _PICTURES
    return [_entry(image_id, path) for image_id, path in pictures_of(folder).items()]


def _listed(listing: Path, base: Path) -> list[Entry]:
    """A list of pictures, relative to the dataset or to the list."""
    entries = []
    for line in filter(None, map(str.strip, read_text(listing).splitlines())):
        candidates = (base / line, listing.parent / line)
        path = next((path for path in candidates if path.is_file()), candidates[0])
        entries.append(_entry(path.stem, path))
    return entries


def _split_folders(pictures: Path) -> dict[str, list[Entry]]:
    """The folders in images/ as splits; one nameless split when there are none."""
    folders = sorted(path for path in pictures.iterdir() if path.is_dir())
    if not folders:
        return {"": _in_folder(pictures)}
    return {folder.name: _in_folder(folder) for folder in folders}


def _entry(image_id: str, picture: Path) -> Entry:
    """labels/… for images/…; beside the picture when it lies in no folder images."""
    parts = list(picture.parts[:-1])
    if _PICTURES in parts:
        last = len(parts) - 1 - parts[::-1].index(_PICTURES)
        parts[last] = _LABELS
    return Entry(image_id, picture, Path(*parts, f"{picture.stem}.txt"))
