"""Where the labels go, so that they cover neither each other nor the hot spots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thermoscout_core.detections import Box


@dataclass(frozen=True)
class Wish:
    """A label to be placed at its box. sizes: (width, height) of its wordings, longest first.
    must: place the shortest wording even where it covers another label."""

    box: Box
    sizes: Sequence[tuple[int, int]]
    must: bool


@dataclass(frozen=True)
class Place:
    """wording: index into the wish's sizes. rect: where the label goes."""

    wording: int
    rect: Box


def place_labels(
    wishes: Iterable[Wish], width_px: int, height_px: int, obstacles: Sequence[Box] = ()
) -> list[Place | None]:
    """Place labels one after the other in a picture; None for one that finds no free place.

    Give the important ones first. Each takes the longest wording that covers no earlier label and
    no obstacle; one that must be shown takes the least covered place of its shortest wording.
    """
    taken: list[Box] = list(obstacles)
    places: list[Place | None] = []
    for wish in wishes:
        place = _best_place(wish, width_px, height_px, taken)
        if place is not None:
            taken.append(place.rect)
        places.append(place)
    return places


def _best_place(wish: Wish, width_px: int, height_px: int, taken: list[Box]) -> Place | None:
    least, forced = float("inf"), None
    for wording, size in enumerate(wish.sizes):
        for rect in _candidates(wish.box, size, width_px, height_px):
            covered = sum(_overlap_px(rect, other) for other in taken)
            if covered == 0:
                return Place(wording, rect)
            if wording == len(wish.sizes) - 1 and covered < least:
                least, forced = covered, Place(wording, rect)
    return forced if wish.must else None


def _candidates(box: Box, size: tuple[int, int], width_px: int, height_px: int) -> Iterable[Box]:
    """Above, below, inside top and bottom; each left- and right-aligned; then at the sides."""
    width, height = size
    lefts = (box.x1, box.x2 - width)
    tops = (box.y1 - height, box.y2, box.y1, box.y2 - height)
    corners = [(left, top) for top in tops for left in lefts]
    sides = [(left, top) for left in (box.x2, box.x1 - width) for top in tops[2:]]
    for left, top in corners + sides:
        x = min(max(0.0, left), max(0.0, width_px - width))
        y = min(max(0.0, top), max(0.0, height_px - height))
        yield Box(x, y, x + width, y + height)


def _overlap_px(a: Box, b: Box) -> float:
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    return width * height if width > 0 and height > 0 else 0.0
