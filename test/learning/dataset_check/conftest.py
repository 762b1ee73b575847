"""A sound dataset of two simulated pictures a split, to be broken by each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.learning.dataset_check import Check, Finding, Limits, check_datasets
from thermoscout_core.simulation.dataset import random_frame

SIZE = (160, 120)
SPLITS = {"train": ("a", "b"), "val": ("c", "d")}
BOX = (10.0, 20.0, 40.0, 50.0)


class Folder:
    """A dataset folder in our own layout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def picture(self, name: str) -> np.ndarray:
        return cv2.imread(str(self.counts(name)), cv2.IMREAD_UNCHANGED)

    def counts(self, name: str) -> Path:
        return self.root / "counts" / f"{name}.png"

    def labels(self, name: str) -> Path:
        return self.root / "annotations" / f"{name}.xml"

    def write_picture(self, name: str, counts: np.ndarray) -> None:
        cv2.imwrite(str(self.counts(name)), counts)

    def write_labels(self, name: str, *objects: tuple, size: str = "") -> None:
        """objects: (class, corners)."""
        entries = "".join(
            f"<object><name>{kind}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
            f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
            for kind, (x1, y1, x2, y2) in objects
        )
        self.labels(name).write_text(f"<annotation>{size}{entries}</annotation>")

    def write_split(self, name: str, *ids: str) -> None:
        (self.root / "splits" / f"{name}.txt").write_text("\n".join(ids) + "\n")

    def copy_of(self, name: str, new: str) -> None:
        shutil.copy(self.counts(name), self.counts(new))
        shutil.copy(self.labels(name), self.labels(new))

    def check(self, *others: Path, **limits: float) -> Check:
        roots = (self.root, *others)
        return check_datasets(roots, Limits(**limits), lambda _, items: items)

    def found(self, kind: str, **limits: float) -> list[Finding]:
        return [f for f in self.check(**limits).findings if f.kind == kind]


def scene(seed: int) -> np.ndarray:
    """A simulated picture of 160x120."""
    counts, _ = random_frame(np.random.default_rng(seed), *SIZE)
    return counts


@pytest.fixture(scope="session")
def sound_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Folder(tmp_path_factory.mktemp("sound"))
    for name in ("counts", "annotations", "splits"):
        (folder.root / name).mkdir()
    (folder.root / "classes.txt").write_text("clamp\nbushing\n")
    for split, names in SPLITS.items():
        folder.write_split(split, *names)
        for name in names:
            folder.write_picture(name, scene(ord(name)))
            folder.write_labels(name, ("clamp", BOX), ("bushing", (60, 60, 90, 100)))
    return folder.root


@pytest.fixture
def folder(sound_root: Path, tmp_path: Path) -> Folder:
    shutil.copytree(sound_root, tmp_path / "set")
    return Folder(tmp_path / "set")
