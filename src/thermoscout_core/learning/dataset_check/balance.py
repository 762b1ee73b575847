"""How many boxes of each class, per split, and how large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from thermoscout_core.detections import Box
from thermoscout_core.learning.dataset_check.findings import Finding, Limits
from thermoscout_core.learning.dataset_check.images import CheckedImage

SIZE_EDGES_PX = (0.0, 8.0, 16.0, 32.0, 64.0, 128.0, float("inf"))
"""Of the square root of a box's area."""
NO_SPLIT = "no split"
_TRAIN = "train"


def size_names() -> list[str]:
    inner = [f"{low:.0f}–{high:.0f}" for low, high in pairwise(SIZE_EDGES_PX[:-1])]
    return [*inner, f"≥ {SIZE_EDGES_PX[-2]:.0f}"]


@dataclass(frozen=True)
class Balance:
    """Counts of sound boxes. boxes, difficult: by (class, split); the former without the latter.
    images: by split. sizes: by class, one count per size."""

    classes: list[str]
    images: Counter[str]
    boxes: Counter[tuple[str, str]]
    difficult: Counter[tuple[str, str]]
    sizes: dict[str, list[int]]

    @property
    def splits(self) -> list[str]:
        return list(self.images)

    def total(self, class_name: str) -> int:
        return sum(self.boxes[class_name, split] for split in self.splits)

    def difficult_total(self, class_name: str) -> int:
        return sum(self.difficult[class_name, split] for split in self.splits)

    def as_dict(self) -> dict[str, Any]:
        return {
            "images": dict(self.images),
            "classes": {
                name: {
                    "boxes": {split: self.boxes[name, split] for split in self.splits},
                    "difficult": {split: self.difficult[name, split] for split in self.splits},
                    "sizes_px": dict(zip(size_names(), self.sizes[name], strict=True)),
                }
                for name in self.classes
            },
        }


def count_boxes(images: Sequence[CheckedImage], classes: list[str]) -> Balance:
    """The balance of all datasets checked together."""
    balance = Balance(classes, Counter(), Counter(), Counter(), {})
    sides: dict[str, list[float]] = {name: [] for name in classes}
    for image in images:
        split = image.split or NO_SPLIT
        balance.images[split] += 1
        for entry in image.sound:
            counts = balance.difficult if entry.difficult else balance.boxes
            counts[entry.class_name, split] += 1
            sides[entry.class_name].append(Box(*entry.corners).area_px ** 0.5)
    for name, values in sides.items():
        balance.sizes[name] = np.histogram(values, SIZE_EDGES_PX)[0].tolist()
    return balance


def balance_findings(balance: Balance, limits: Limits) -> list[Finding]:
    """Classes without boxes, with few, or outweighed."""
    found = []
    totals = {name: balance.total(name) for name in balance.classes}
    for name, total in totals.items():
        if total == 0:
            found.append(Finding("empty_class", f"{name}: no box"))
            continue
        for split in balance.splits:
            count = balance.boxes[name, split]
            if split == _TRAIN and count == 0:
                found.append(Finding("untrained_class", f"{name}: no box in {split}"))
            elif count < limits.rare:
                message = f"{name}: {count} box{'' if count == 1 else 'es'} in {split}"
                found.append(Finding("rare_class", message))
    present = {name: total for name, total in totals.items() if total}
    if present:
        most, least = max(present, key=present.__getitem__), min(present, key=present.__getitem__)
        if present[most] > limits.imbalance * present[least]:
            message = f"{most} has {present[most]} boxes, {least} {present[least]}"
            found.append(Finding("imbalance", message))
    return found
