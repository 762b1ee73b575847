"""What can be found wrong with a dataset, how grave it is, and by which limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """ERROR: training refuses it, or its figures would be false. WARNING: look at it.
    NOTE: good to know."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True)
class Kind:
    """A kind of finding: how grave, and what it means."""

    level: Level
    meaning: str


KINDS = {
    "leak": Kind(Level.ERROR, "nearly the same picture in two splits: the figures would flatter"),
    "listed_twice": Kind(Level.ERROR, "one picture listed in two splits"),
    "copies_disagree": Kind(Level.ERROR, "identical pictures with different labels"),
    "unreadable_list": Kind(Level.ERROR, "a list of a split can't be read"),
    "missing_image": Kind(Level.ERROR, "an image is named whose picture isn't there"),
    "unreadable_image": Kind(Level.ERROR, "a picture is damaged or of an unknown kind"),
    "constant_image": Kind(Level.ERROR, "every pixel of a picture has the same value"),
    "missing_labels": Kind(Level.ERROR, "a picture without a label file"),
    "unreadable_labels": Kind(Level.ERROR, "a label file is damaged"),
    "size_conflict": Kind(Level.ERROR, "labels made for a picture of another size"),
    "broken_object": Kind(Level.ERROR, "an object without a usable box or with a value amiss"),
    "unknown_class": Kind(Level.ERROR, "an object of a class that the dataset doesn't list"),
    "inverted_box": Kind(Level.ERROR, "a box that is empty or inverted"),
    "box_outside": Kind(Level.ERROR, "a box that leaves its picture by more than a pixel"),
    "suspected_leak": Kind(Level.WARNING, "similar pictures in two splits: the same object?"),
    "duplicate_image": Kind(Level.WARNING, "identical pictures in one split"),
    "tiny_box": Kind(Level.WARNING, "a box too small to see anything in"),
    "double_box": Kind(Level.WARNING, "two boxes of one class in the same place"),
    "two_classes": Kind(Level.WARNING, "two boxes of different classes in the same place"),
    "odd_shape": Kind(Level.WARNING, "a box implausibly long for its width"),
    "orphan_labels": Kind(Level.WARNING, "a label file without a picture"),
    "unlisted_image": Kind(Level.WARNING, "a picture that is in no split"),
    "empty_class": Kind(Level.WARNING, "a class of which there is no box"),
    "untrained_class": Kind(Level.WARNING, "a class that other splits have, but not train"),
    "near_duplicate": Kind(Level.NOTE, "nearly the same picture twice in one split"),
    "no_objects": Kind(Level.NOTE, "a picture without equipment; meant so?"),
    "rare_class": Kind(Level.NOTE, "a class with too few boxes in a split to measure it"),
    "imbalance": Kind(Level.NOTE, "the most frequent class outweighs the rarest"),
}


@dataclass(frozen=True)
class Limits:
    """tiny_px: shorter side of a box. double_iou: of two boxes in the same place.
    longest_shape: longer side of a box over its shorter one.
    leak, suspicion: similarity of two pictures, 0..1 (see similarity.py).
    rare: boxes of a class in a split. imbalance: most boxes of a class over fewest."""

    tiny_px: float = 3.0
    double_iou: float = 0.9
    longest_shape: float = 15.0
    leak: float = 0.85
    suspicion: float = 0.7
    rare: int = 5
    imbalance: float = 20.0


@dataclass(frozen=True)
class Finding:
    """One thing found. kind: a key of KINDS. images: names of the pictures it is about (see
    CheckedImage.name). objects: numbers of the objects in the first of them, from 1.
    similarity: of two images, NaN-free, 0 where it isn't about that."""

    kind: str
    message: str
    images: tuple[str, ...] = ()
    objects: tuple[int, ...] = ()
    similarity: float = 0.0

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind

    @property
    def level(self) -> Level:
        return KINDS[self.kind].level

    def as_dict(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "kind": self.kind,
            "level": self.level.name.lower(),
            "message": self.message,
            "images": list(self.images),
        }
        if self.objects:
            content["objects"] = list(self.objects)
        if self.similarity:
            content["similarity"] = round(self.similarity, 4)
        return content
