"""VOC folders, and our own, which is VOC with 16-bit counts: one XML file a picture.

Pictures in ``counts/`` (ours), ``JPEGImages/`` or ``images/``; ``annotations/`` or
``Annotations/``; splits in ``splits/`` or ``ImageSets/Main/``; ``classes.txt``.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.datasets.layout import (
    NO_CORNERS,
    Corners,
    Entry,
    LabelledObject,
    Labels,
)
from thermoscout_core.learning.datasets.listings import SplitLists, pictures_of, read_names

OWN_PICTURES = "counts"
PICTURE_FOLDERS = (OWN_PICTURES, "JPEGImages", "images")
ANNOTATION_FOLDERS = ("annotations", "Annotations")
SPLIT_FOLDERS = ("splits", "ImageSets/Main", "ImageSets")
CLASSES_FILE = "classes.txt"
_TAGS = ("xmin", "ymin", "xmax", "ymax")


class VocFolder:
    """Corners are read as continuous pixel coordinates, as they stand.

    Without a classes.txt the classes are the names in the annotations, in alphabetical order.
    """

    unlabelled_is_empty = False

    def __init__(self, root: Path, pictures: Path, annotations: Path) -> None:
        own = pictures.name == OWN_PICTURES
        self.name = "Thermoscout's own" if own else "VOC"
        self.root, self._pictures_folder, self._annotations = root, pictures, annotations
        self._pictures = pictures_of(pictures)
        self._lists = SplitLists(root, SPLIT_FOLDERS)
        self.splits = self._lists.names
        if (root / CLASSES_FILE).is_file():
            self.classes = read_names(root / CLASSES_FILE)
        else:
            self.classes = _names_in(annotations)

    @classmethod
    def recognise(cls, root: Path) -> VocFolder | None:
        """The folder as VOC, None when it isn't."""
        pictures = _first_folder(root, PICTURE_FOLDERS)
        annotations = _first_folder(root, ANNOTATION_FOLDERS)
        if pictures is None or annotations is None:
            return None
        if pictures.name != OWN_PICTURES and not any(annotations.glob("*.xml")):
            return None
        return cls(root, pictures, annotations)

    def entries(self, split: str | None) -> list[Entry]:
        ids = list(self._pictures) if split is None else self._lists.read(split)
        return [self._entry(image_id) for image_id in ids]

    def _entry(self, image_id: str) -> Entry:
        expected = self._pictures_folder / f"{image_id}.png"
        image = self._pictures.get(image_id, expected)
        return Entry(image_id, image, self._annotations / f"{image_id}.xml")

    def labels(self, entry: Entry, size_px: tuple[int, int]) -> Labels | None:
        return read_voc(entry.labels) if entry.labels.is_file() else None

    def orphans(self) -> list[Path]:
        files = sorted(self._annotations.rglob("*.xml"))
        return [path for path in files if self._id_of(path) not in self._pictures]

    def _id_of(self, annotation: Path) -> str:
        return annotation.relative_to(self._annotations).with_suffix("").as_posix()


def read_voc(path: Path) -> Labels:
    """One annotation file. Raises DatasetError when it is no readable XML."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, LookupError, ValueError) as error:
        raise DatasetError(f"{path}: not a readable VOC annotation: {error}") from error
    objects = [_object(number, entry) for number, entry in enumerate(root.iter("object"), 1)]
    return Labels(str(path), tuple(objects), _stated_size(root))


def _object(number: int, entry: ElementTree.Element) -> LabelledObject:
    name = (entry.findtext("name") or "").strip()
    difficult = (entry.findtext("difficult") or "").strip() in ("1", "true", "True")
    corners, complaint = _corners(entry)
    if not name:
        complaint = "no <name>"
    return LabelledObject(number, name, corners, difficult, complaint)


def _corners(entry: ElementTree.Element) -> tuple[Corners, str]:
    box = entry.find("bndbox")
    if box is None:
        return NO_CORNERS, "no <bndbox>"
    texts = {tag: (box.findtext(tag) or "").strip() for tag in _TAGS}
    try:
        x1, y1, x2, y2 = (float(text) for text in texts.values())
    except ValueError:
        stated = ", ".join(f"{tag} '{text}'" for tag, text in texts.items())
        return NO_CORNERS, f"a corner isn't a number: {stated}"
    return (x1, y1, x2, y2), ""


def _stated_size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Some tools write 0 for a size that they don't know."""
    try:
        size = [float(root.findtext(f"size/{tag}") or "") for tag in ("width", "height")]
    except ValueError:
        return None
    if not all(math.isfinite(value) and value >= 1 for value in size):
        return None
    return round(size[0]), round(size[1])


def _names_in(annotations: Path) -> list[str]:
    found: set[str] = set()
    for path in annotations.rglob("*.xml"):
        found.update(entry.class_name for entry in read_voc(path).objects if entry.class_name)
    if not found:
        raise DatasetError(f"{annotations}: no object names a class; write a {CLASSES_FILE}")
    return sorted(found)


def _first_folder(root: Path, names: tuple[str, ...]) -> Path | None:
    return next((root / name for name in names if (root / name).is_dir()), None)
