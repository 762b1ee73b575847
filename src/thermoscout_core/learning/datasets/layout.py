"""What every layout gives: entries, and the objects that their label files state, unchecked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from thermoscout_core.errors import DatasetError

Corners = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels, (0, 0) the picture's top-left corner."""
NO_CORNERS: Corners = (math.nan, math.nan, math.nan, math.nan)
EDGE_TOLERANCE_PX = 1.0
"""Boxes may leave the picture by that much (rounding, PASCAL's 1-based pixels) and are clipped."""
MIN_CLIPPED_PX = 1e-3
"""What clipping must leave of a box's sides."""


@dataclass(frozen=True)
class LabelledObject:
    """One object as its file states it. number: its place among the image's objects, from 1.
    complaint: what the format itself forbids (a missing number, a class number out of range)."""

    number: int
    class_name: str
    corners: Corners
    difficult: bool = False
    complaint: str = ""


@dataclass(frozen=True)
class Labels:
    """What is stated of one image. source: the file (and image in it), to begin a message with.
    size_px: (width, height) that the labels were made for, None where the file doesn't say."""

    source: str
    objects: tuple[LabelledObject, ...]
    size_px: tuple[int, int] | None = None


@dataclass(frozen=True)
class Entry:
    """One image of a dataset; either file may be missing. id: unique in the dataset."""

    id: str
    image: Path
    labels: Path


class Layout(Protocol):
    """A dataset folder whose lists are read, its pictures not yet.

    name: of the layout, for people. unlabelled_is_empty: an image without labels is a picture
    without equipment; False where that is a mistake.
    """

    name: str
    root: Path
    classes: list[str]
    splits: list[str]
    unlabelled_is_empty: bool

    def entries(self, split: str | None) -> list[Entry]:
        """The images of a split in its order; None: every image, sorted by id.

        Raises DatasetError for an unknown split or a list that can't be read.
        """
        ...

    def labels(self, entry: Entry, size_px: tuple[int, int]) -> Labels | None:
        """What is stated of an image of that (width, height); None when nothing is.

        Raises DatasetError when the file can't be read as a whole.
        """
        ...

    def orphans(self) -> list[Path]:
        """Label files whose image is missing."""
        ...


class Fault(Enum):
    """Why an object can't be trained on; the value is its name in reports."""

    FORMAT = "broken_object"
    CLASS = "unknown_class"
    INVERTED = "inverted_box"
    OUTSIDE = "box_outside"


def fault_of(
    found: LabelledObject, classes: Sequence[str], size_px: tuple[int, int]
) -> tuple[Fault, str] | None:
    """What is wrong with an object in an image of that (width, height), None when nothing is."""
    if found.complaint:
        return Fault.FORMAT, found.complaint
    if not all(math.isfinite(value) for value in found.corners):
        return Fault.FORMAT, f"a corner isn't a number: {_shown(found.corners)}"
    if found.class_name not in classes:
        return Fault.CLASS, f"unknown class; the dataset has {', '.join(classes)}"
    x1, y1, x2, y2 = found.corners
    width, height = size_px
    if x2 <= x1 or y2 <= y1:
        return Fault.INVERTED, f"empty or inverted box {_shown(found.corners)}"
    if (
        min(x1, y1) < -EDGE_TOLERANCE_PX
        or x2 > width + EDGE_TOLERANCE_PX
        or y2 > height + EDGE_TOLERANCE_PX
        or min(x2, width) - max(x1, 0) < MIN_CLIPPED_PX
        or min(y2, height) - max(y1, 0) < MIN_CLIPPED_PX
    ):
        where = f"lies outside the {width}x{height} image"
        return Fault.OUTSIDE, f"box {_shown(found.corners)} {where}"
    return None


def size_conflict(labels: Labels, size_px: tuple[int, int]) -> str | None:
    """A complaint when the labels were made for a picture of another size."""
    if labels.size_px is None or labels.size_px == size_px:
        return None
    stated, real = ("x".join(map(str, size)) for size in (labels.size_px, size_px))
    return f"made for a picture of {stated}, but the picture is {real}"


def require_unique(names: Sequence[str], source: Path | str, what: str) -> None:
    """Raise DatasetError when there is no name, or one twice."""
    if not names:
        raise DatasetError(f"{source}: no {what}")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DatasetError(f"{source}: {what} '{name}' is there twice")
        seen.add(name)


def _shown(corners: Corners) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in corners) + "]"
