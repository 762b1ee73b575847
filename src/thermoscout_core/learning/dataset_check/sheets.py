"""Contact sheets: every split's pictures, each class's crops, and what was found, side by side."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from thermoscout_core.learning.dataset_check.balance import NO_SPLIT
from thermoscout_core.learning.dataset_check.check import Check
from thermoscout_core.learning.dataset_check.findings import Finding, Level
from thermoscout_core.learning.dataset_check.images import CheckedImage
from thermoscout_core.learning.dataset_check.page import draw_page, write_page
from thermoscout_core.learning.dataset_check.progress import Watch
from thermoscout_core.learning.dataset_check.tiles import (
    ALARM,
    INK,
    crop_tile,
    pair_tile,
    whole_tile,
)
from thermoscout_core.learning.datasets.layout import LabelledObject
from thermoscout_core.reporting.lettering import Picture

FOLDER = "sheets"
WHOLE_COLUMNS, WHOLE_PER_PAGE = 4, 20
CROP_COLUMNS, CROPS_PER_PAGE = 12, 96
PAIR_COLUMNS, PAIRS_PER_PAGE = 2, 10
_CROP_MARGIN, _WIDE_MARGIN = 0.2, 1.0
_Tile = Callable[[], Picture]


@dataclass(frozen=True)
class Sheet:
    """A page that was written. group: similar, boxes, class or split. path: in the output."""

    group: str
    title: str
    path: str


@dataclass(frozen=True)
class _Plan:
    """A page to be drawn, its tiles as calls: one page at a time is in memory."""

    sheet: Sheet
    columns: int
    tiles: Sequence[_Tile]


def write_sheets(check: Check, output: Path, watch: Watch) -> list[Sheet]:
    """Draw every sheet as JPEG under output/sheets.

    Raises DatasetError when one can't be written.
    """
    plans = [*_pair_plans(check), *_box_plans(check), *_class_plans(check), *_split_plans(check)]
    for plan in watch("drawing sheets", plans):
        tiles = (draw() for draw in plan.tiles)
        page = draw_page(plan.sheet.title, tiles, plan.columns, check.classes)
        write_page(output / plan.sheet.path, page)
    return [plan.sheet for plan in plans]


def _pair_plans(check: Check) -> Iterator[_Plan]:
    """Leaks, suspicions and copies, the gravest and most similar first."""
    images = {image.name: image for image in check.images}
    tiles = []
    for finding in check.findings:
        if finding.similarity:
            one, other = (images[name] for name in finding.images)
            caption = f"{finding.kind.replace('_', ' ')}, similarity {finding.similarity:.2f}"
            tiles.append(partial(pair_tile, one, other, check.classes, caption))
    yield from _pages("similar", "similar pictures", tiles, PAIR_COLUMNS, PAIRS_PER_PAGE)


def _box_plans(check: Check) -> Iterator[_Plan]:
    """Every sound box that a finding names, in its surroundings."""
    objects = {
        (image.name, entry.number): (image, entry)
        for image in check.images
        for entry in image.sound
    }
    tiles = []
    for finding in check.findings:
        if finding.objects and (finding.images[0], finding.objects[0]) in objects:
            image, entry = objects[finding.images[0], finding.objects[0]]
            kind = finding.kind.replace("_", " ")
            tiles.append(_crop(check, image, entry, _WIDE_MARGIN, f"{kind} "))
    yield from _pages("boxes", "boxes to look at", tiles, CROP_COLUMNS, CROPS_PER_PAGE)


def _class_plans(check: Check) -> Iterator[_Plan]:
    """A page of crops of each class, spread evenly over all of its boxes."""
    boxes: dict[str, list[tuple[CheckedImage, LabelledObject]]] = defaultdict(list)
    for image in check.images:
        for entry in image.sound:
            boxes[entry.class_name].append((image, entry))
    for name in filter(boxes.__contains__, check.classes):
        every = boxes[name]
        count = min(len(every), CROPS_PER_PAGE)
        chosen = [every[index * len(every) // count] for index in range(count)]
        tiles = [_crop(check, image, entry, _CROP_MARGIN) for image, entry in chosen]
        title = f"{name}: {count} of {len(every)} boxes"
        yield from _pages("class", title, tiles, CROP_COLUMNS, CROPS_PER_PAGE, name)


def _split_plans(check: Check) -> Iterator[_Plan]:
    """All pictures of every split; a red caption says what was found."""
    kinds = _kinds_of_images(check.findings)
    for dataset in check.datasets:
        for split in dict.fromkeys(image.split for image in dataset.images):
            tiles = []
            for image in dataset.images:
                if image.split == split:
                    found = kinds.get(image.name, [])
                    count = len(image.sound)
                    boxes = f"{count} box{'' if count == 1 else 'es'}"
                    caption = "   ".join((image.entry.id, boxes, *found))
                    color = ALARM if found else INK
                    tiles.append(partial(whole_tile, image, check.classes, caption, color))
            title = " / ".join(part for part in (dataset.label, split or NO_SPLIT) if part)
            yield from _pages("split", title, tiles, WHOLE_COLUMNS, WHOLE_PER_PAGE, title)


def _crop(
    check: Check, image: CheckedImage, entry: LabelledObject, margin: float, prefix: str = ""
) -> _Tile:
    caption = f"{prefix}{image.entry.id} #{entry.number}{'?' if entry.difficult else ''}"
    return partial(crop_tile, image, entry, check.classes, margin, caption)


def _kinds_of_images(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """Image name -> the kinds of warnings and errors about it, each once."""
    kinds: dict[str, dict[str, None]] = defaultdict(dict)
    for finding in findings:
        if finding.level >= Level.WARNING:
            for name in finding.images:
                kinds[name][finding.kind.replace("_", " ")] = None
    return {name: list(found) for name, found in kinds.items()}


def _pages(
    group: str, title: str, tiles: Sequence[_Tile], columns: int, per_page: int, name: str = ""
) -> Iterator[_Plan]:
    count = -(-len(tiles) // per_page)
    for number in range(1, count + 1):
        stem = re.sub(r"[^\w-]+", "_", "_".join(filter(None, (group, name))))
        path = f"{FOLDER}/{stem}_{number:03d}.jpg"
        shown = title if count == 1 else f"{title}, {number} of {count}"
        chosen = tiles[(number - 1) * per_page : number * per_page]
        yield _Plan(Sheet(group, shown, path), min(columns, len(chosen)), chosen)
