"""A detector on its way through a recipe: its network, and what rebuilds it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from thermoscout_core.learning.checkpoint import load_network, save_weights
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.surgery import changes_of


@dataclass(frozen=True)
class Model:
    """network: in eval mode, on the CPU. Steps change a copy."""

    network: Ssd
    architecture: Architecture

    @classmethod
    def load(cls, path: Path) -> Model:
        """A weights file. Raises ModelError when it is missing, broken or foreign."""
        network, architecture, _ = load_network(path)
        return cls(network.cpu(), architecture)

    def copy_network(self) -> Ssd:
        return copy.deepcopy(self.network)

    def with_network(self, network: Ssd) -> Model:
        """The model of a changed network, whatever surgery was done to it.

        Raises ModelError for layers that can't be described as data.
        """
        with torch.device("meta"):
            plain = Ssd.plain(self.architecture)
        layers = changes_of(network, plain)
        return Model(network.eval(), replace(self.architecture, layers=layers))

    def save(self, path: Path, notes: dict[str, Any] | None = None) -> None:
        """Raises CheckpointError when it can't be written."""
        save_weights(path, self.network.state_dict(), self.architecture, notes or {})
