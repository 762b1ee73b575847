"""A small dataset of simulated frames on disk, and a tiny network."""

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from thermoscout_core.simulation.dataset import random_frame

CLASSES = (
    *("bushing", "insulator_column", "insulator_string", "disconnector"),
    *("connector", "transformer", "cable_termination"),
)


@pytest.fixture(scope="session", autouse=True)
def memory_stays_as_it_is() -> Iterator[None]:
    """Commands that run within the tests' process leave its memory's settings alone: they would
    hold for all tests after them (training/test_machine.py tries them in a process of its own)."""
    with pytest.MonkeyPatch.context() as patch:
        with suppress(ImportError):  # without torch there is nothing to train
            machine = import_module("thermoscout_core.learning.training.machine")
            patch.setattr(machine, "keep_memory", lambda: True)
        yield


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


@pytest.fixture(scope="session")
def tiny_architecture() -> object:
    """MobileNet-SSD at a quarter of its width, for 96×96 px and two classes."""
    pytest.importorskip("torch")
    from thermoscout_core.detection.priors import PriorLevel
    from thermoscout_core.learning.design import Architecture, Design

    sizes = ((0.2, 0.3), (0.4, 0.2))
    levels = tuple(PriorLevel(side, side, sizes) for side in (6, 3, 2, 1, 1, 1))
    return Architecture(Design(width=0.25), ("bushing", "connector"), (96, 96), levels)


@pytest.fixture
def tiny_network(tiny_architecture: Any) -> Any:
    """Untrained, but its batch norms have statistics that matter, and its heads find something."""
    import torch
    from torch import nn

    from thermoscout_core.learning.ssd import Ssd

    torch.manual_seed(0)
    network = Ssd.build(tiny_architecture)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    for head in (*network.offset_heads, *network.class_heads):
        nn.init.xavier_uniform_(head.weight)
        nn.init.zeros_(head.bias)
    return network.eval()


@pytest.fixture
def tiny_weights(tiny_network: Any, tiny_architecture: Any, tmp_path: Path) -> Path:
    """A checkpoint of tiny_network."""
    from thermoscout_core.learning.checkpoint import save_weights

    path = tmp_path / "tiny.safetensors"
    save_weights(path, tiny_network.state_dict(), tiny_architecture, {"epoch": 3})
    return path
