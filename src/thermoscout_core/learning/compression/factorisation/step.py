"""The step factorise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from thermoscout_core.learning.compression.factorisation import stacks
from thermoscout_core.learning.compression.factorisation.ranks import rank_by_energy, rank_by_vbmf
from thermoscout_core.learning.compression.factorisation.refitting import refit_last
from thermoscout_core.learning.compression.filters.groups import head_outputs
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import NothingToDo, Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.surgery import replace_layer

REFIT_FRAMES = 16


class Factorise(Step):
    """Replace convolutions by stacks of thinner ones, where that saves enough."""

    do: Literal["factorise"]
    method: Literal["svd", "tucker", "cp", "separable"] = "svd"
    """svd suits 1×1 kernels, tucker, cp and separable larger ones (they leave 1×1 alone)."""
    ranks: Literal["energy", "vbmf"] = "energy"
    """How many terms: a share of the energy, or variational Bayes (for svd and tucker; cp and
    separable take the energy)."""
    energy: float = Field(0.9, gt=0, le=1)
    """Share of the squared singular values that is kept."""
    layers: tuple[str, ...] = ("",)
    """Beginnings of the names of the layers to look at; all by default."""
    saving: float = Field(0.2, ge=0, lt=1)
    """Share of a layer's weights that its stack must save to be put in."""
    reconstruct: bool = True
    """Fit each stack's last layer to what the layer gave on training frames, layer by layer, with
    the inputs that the layers before leave (Zhang et al. 2015)."""
    epochs: int | None = Field(None, ge=0)
    """Of the training afterwards; null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        network = model.copy_network()
        figures: dict[str, object] = {}
        images = self._images(model, bench) if self.reconstruct else []
        for name, layer in list(self._layers(network)):
            stack = self._stack(layer)
            if stacks.weights_of(stack) > (1 - self.saving) * layer.weight.numel():
                continue
            put_in(network, name, stack)
            if images:
                refit_last(network, model.network, name, stack[-1], images)
            figures[name] = {
                "channels": [part.out_channels for part in stack],
                "weights": [layer.weight.numel(), stacks.weights_of(stack)],
            }
        if not figures:
            raise NothingToDo(
                f"no layer saves {100 * self.saving:.0f} % of its weights by {self.method}; take "
                "less energy, a smaller saving or another method"
            )
        tuned = bench.finetune(
            model.with_network(network),
            folder / "training",
            self.epochs,
            learning_rate=self.learning_rate,
        )
        return Outcome(tuned, figures={"stacks": figures})

    def _layers(self, network: Ssd) -> Iterator[tuple[str, nn.Conv2d]]:
        heads = head_outputs(network)
        for name, module in network.named_modules():
            if (
                isinstance(module, nn.Conv2d)
                and module.groups == 1
                and not any(module is head for head in heads)
                and name.startswith(self.layers)
                and (self.method == "svd" or min(module.kernel_size) > 1)
            ):
                yield name, module

    def _stack(self, layer: nn.Conv2d) -> stacks.Stack:
        if self.method == "tucker":
            return stacks.tucker(layer, self._rank(layer, 1), self._rank(layer, 0))
        if self.method == "svd":
            return stacks.svd(layer, self._rank(layer, 0))
        rank = rank_by_energy(stacks.unfolded(layer, 0), self.energy)
        return stacks.cp(layer, rank) if self.method == "cp" else stacks.separable(layer, rank)

    def _rank(self, layer: nn.Conv2d, mode: int) -> int:
        matrix = stacks.unfolded(layer, mode)
        return (
            rank_by_vbmf(matrix) if self.ranks == "vbmf" else rank_by_energy(matrix, self.energy)
        )

    def _images(self, model: Model, bench: Workbench) -> Sequence[Tensor]:
        batches = bench.training_batches(model, REFIT_FRAMES)
        return [batch.images(torch.device("cpu")) for batch in batches]


def put_in(network: nn.Module, name: str, stack: stacks.Stack) -> None:
    """Put a stack in a convolution's place, and a batch norm right behind it into the stack, where
    it can be folded."""
    parent, _, place = name.rpartition(".")
    owner = network.get_submodule(parent)
    layers: list[nn.Module] = list(stack)
    if isinstance(owner, nn.Sequential) and int(place) + 1 < len(owner):
        behind = owner[int(place) + 1]
        if isinstance(behind, nn.BatchNorm2d):
            layers.append(behind)
            replace_layer(network, f"{parent}.{int(place) + 1}", [])
    replace_layer(network, name, layers)
