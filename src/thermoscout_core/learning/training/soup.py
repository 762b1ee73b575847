"""Whether the average of several runs beats each of them, decided on the val split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.averaging import average_checkpoints
from thermoscout_core.learning.checkpoint import load_network, save_weights
from thermoscout_core.learning.data import Dataset, open_dataset
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.torch_prediction import evaluate_network


@dataclass(frozen=True)
class Soup:
    """each, averaged: val mAP@0.5 of the runs and of the network, the average of them."""

    network: Ssd
    architecture: Architecture
    each: tuple[float, ...]
    averaged: float

    @property
    def helped(self) -> bool:
        return self.averaged > max(self.each)


def average_and_validate(paths: Sequence[Path], root: Path, val_split: str) -> Soup:
    """Average weights files, and validate them all.

    Raises ModelError for files that don't go together, DatasetError for a dataset of other
    classes.
    """
    weights, architecture = average_checkpoints(paths)
    val = open_dataset(root, val_split)
    if tuple(val.classes) != architecture.classes:
        raise DatasetError(
            f"{root}: has the classes {', '.join(val.classes)}, the weights know "
            f"{', '.join(architecture.classes)}"
        )
    network = Ssd.build(architecture)
    network.load_state_dict(weights)
    each = tuple(_val_map(load_network(path)[0], architecture, val) for path in paths)
    return Soup(network, architecture, each, _val_map(network, architecture, val))


def write_average(path: Path, soup: Soup, sources: Sequence[Path]) -> None:
    """Raises CheckpointError when it can't be written."""
    notes = {
        "val_map_50": soup.averaged,
        "average_of": [source.name for source in sources],
        "val_map_50_of_each": list(soup.each),
    }
    save_weights(path, soup.network.state_dict(), soup.architecture, notes)


def _val_map(network: Ssd, architecture: Architecture, val: Dataset) -> float:
    return evaluate_network(network, architecture, val).mean_ap
