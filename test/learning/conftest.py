"""A small dataset on disk, made of simulated frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.simulation.dataset import random_frame

CLASSES = (
    *("bushing", "insulator_column", "insulator_string", "disconnector"),
    *("connector", "transformer", "cable_termination"),
)


@pytest.fixture(scope="session")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dataset")
    for folder in ("counts", "annotations", "splits"):
        (root / folder).mkdir()
    (root / "classes.txt").write_text("\n".join(CLASSES))
    for number in range(12):
        counts, objects = random_frame(np.random.default_rng(number))
        name = f"sim_{number:03d}"
        cv2.imwrite(str(root / "counts" / f"{name}.png"), counts)
        (root / "annotations" / f"{name}.xml").write_text(annotation_xml(objects))
    names = [f"sim_{number:03d}" for number in range(12)]
    (root / "splits" / "train.txt").write_text("\n".join(names[:8]))
    (root / "splits" / "val.txt").write_text("\n".join(names[8:]))
    return root


def annotation_xml(objects: list) -> str:
    entries = "".join(
        f"<object><name>{name}</name><difficult>0</difficult><bndbox>"
        f"<xmin>{box.x1}</xmin><ymin>{box.y1}</ymin><xmax>{box.x2}</xmax><ymax>{box.y2}</ymax>"
        "</bndbox></object>"
        for name, box in objects
    )
    return f"<annotation>{entries}</annotation>"
