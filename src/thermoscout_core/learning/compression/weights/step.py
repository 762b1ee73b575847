"""The step prune_weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import nn

from thermoscout_core.learning.compression.fingerprints import fingerprint_of
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import Outcome, Section, Step
from thermoscout_core.learning.compression.weights.allocation import lamp_ratios, uniform_ratios
from thermoscout_core.learning.compression.weights.csr import INDEX_TYPES, save_csr, to_bytes
from thermoscout_core.learning.compression.weights.masks import (
    IterativeThresholding,
    NetworkSurgery,
    keep_ratios_of,
    prunable_layers,
    prune_weights,
)
from thermoscout_core.learning.compression.weights.sensitivity import (
    Sensitivity,
    knee_by_loss,
    knee_by_slope,
    sweep,
)
from thermoscout_core.learning.compression.weights.surgeon import operate
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion

ALLOCATIONS = {"uniform": uniform_ratios, "lamp": lamp_ratios}
OPERATED = "pruned.safetensors"
HELD_EPOCHS, FREE_EPOCHS = 2, 1
"""Of iterative hard thresholding, in turns."""


class SweepSection(Section):
    """The sensitivity sweep: each layer pruned alone, val mAP measured, a knee chosen."""

    keep_ratios: tuple[float, ...] = (0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)
    """What each layer is tried at."""
    loss: float = Field(0.01, ge=0)
    """mAP that a layer alone may lose: its ratio is the smallest that stays within it."""
    slope: float | None = Field(None, gt=0)
    """Instead: the smallest ratio above which mAP grows by no more than this per unit of ratio."""
    least: float = Field(0.02, gt=0, le=1)
    """No layer is pruned below this ratio."""

    def chosen(self, found: Sensitivity) -> dict[str, float]:
        """The keep ratio of each layer."""
        knees = {
            name: knee_by_loss(curve, found.dense, self.loss)
            if self.slope is None
            else knee_by_slope(curve, found.dense, self.slope)
            for name, curve in found.curves.items()
        }
        return {name: max(knee, self.least) for name, knee in knees.items()}


class PruneWeights(Step):
    """Weight pruning: small weights to zero, layer by layer, and training of the others."""

    do: Literal["prune_weights"]
    keep_ratio: float | None = Field(None, gt=0, le=1)
    """Of all weights; null: each layer's own, from the sensitivity sweep."""
    allocation: Literal["uniform", "lamp", "surgeon"] = "uniform"
    """How keep_ratio is shared out: the same in every layer; by layer-adaptive magnitudes
    (Lee et al. 2021), which spare layers whose weights are few and all needed; or by what each
    weight costs when the others of its row are fitted to do without it (optimal brain surgeon),
    which they then are: by far the least is lost."""
    frames: int = Field(300, ge=1)
    """Training frames that the surgeon looks at, as they are: augmented ones serve it less."""
    sensitivity: SweepSection = SweepSection()
    """How the layers' ratios are found."""
    rounds: int = Field(3, ge=1)
    """Prune and retrain so often; the ratio falls geometrically from 1 to its end."""
    epochs: int = Field(2, ge=0)
    """Of each round."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""
    masks: Literal["fixed", "surgery", "thresholding"] = "fixed"
    """fixed: pruned weights stay at zero. surgery: they may be spliced back (dynamic network
    surgery). thresholding: two epochs with masks, one without, in turns (IHT), the last two
    with; a round needs 4 for it."""
    csr: bool = True
    """Write the CSR files."""
    values: Literal["float32", "float16", "int8"] = "float32"
    """What every kernel is rounded to in the end: float16 takes half of the bytes, int8 with a
    scale a filter a quarter (Han et al. 2016); kernels that aren't pruned then stay in float16."""

    @model_validator(mode="after")
    def _surgeon_holds(self) -> PruneWeights:
        if self.allocation == "surgeon" and (self.keep_ratio is None or self.masks != "fixed"):
            raise ValueError("allocation: surgeon needs a keep_ratio and masks: fixed")
        return self

    @model_validator(mode="after")
    def _enough_epochs(self) -> PruneWeights:
        if self.masks == "thresholding" and self.epochs <= HELD_EPOCHS + FREE_EPOCHS:
            raise ValueError(
                f"masks: thresholding needs more than {HELD_EPOCHS + FREE_EPOCHS} epochs a round"
            )
        return self

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        found = None if self.keep_ratio is not None else self._sweep(model, bench, folder)
        wanted = self._wanted(model, found)
        for number in range(1, self.rounds + 1):
            part, place = number / self.rounds, folder / f"round_{number}"
            model = self._round(model, wanted, part, bench, place)
        if self.values != "float32":
            model = model.with_network(
                rounded(model.copy_network(), in_bytes=self.values == "int8")
            )
        reached = keep_ratios_of(model.network)
        figures = {"keep_ratios": {name: round(value, 4) for name, value in reached.items()}}
        if found is not None:
            figures["sensitivity"] = found.as_dict()
        return Outcome(model, stored=self._store(model, folder), figures=figures)

    def _wanted(self, model: Model, found: Sensitivity | None) -> dict[str, float] | None:
        """Each layer's ratio in the end; None where the surgeon will see."""
        if found is not None:
            return self.sensitivity.chosen(found)
        if self.allocation == "surgeon":
            return None
        return ALLOCATIONS[self.allocation](model.network, self.keep_ratio or 1.0)

    def _sweep(self, model: Model, bench: Workbench, folder: Path) -> Sensitivity:
        folder.mkdir(parents=True, exist_ok=True)
        stop = self.sensitivity.loss if self.sensitivity.slope is None else 1.0
        return sweep(
            model.network,
            list(prunable_layers(model.network)),
            self.sensitivity.keep_ratios,
            lambda network: bench.mean_ap(network, model.architecture),
            folder / "sensitivity.json",
            fingerprint_of(model, bench.val.ids),
            stop_at_loss=stop,
            told=bench.say,
        )

    def _round(
        self,
        model: Model,
        wanted: dict[str, float] | None,
        part: float,
        bench: Workbench,
        folder: Path,
    ) -> Model:
        """Prune that part of the way, and train."""
        if wanted is None:
            pruned = self._operated(model, part, bench, folder)
            ratios = keep_ratios_of(pruned.network)
        else:
            ratios = {name: ratio**part for name, ratio in wanted.items()}
            network = model.copy_network()
            if self.masks == "fixed":
                prune_weights(network, ratios)
            pruned = model.with_network(network)
        tuned = bench.finetune(
            pruned,
            folder,
            self.epochs,
            self._companion(ratios),
            self.learning_rate,
            hold_zeros=self.masks == "fixed",
            keep_start=self.masks == "fixed",
        )
        network = tuned.copy_network()
        prune_weights(network, ratios)
        return tuned.with_network(network)

    def _operated(self, model: Model, part: float, bench: Workbench, folder: Path) -> Model:
        """The surgeon's work, which takes minutes, or what lies there of an interrupted run."""
        done = folder / OPERATED
        if not done.is_file():
            network = model.copy_network()
            images = bench.real_images(model.architecture, self.frames)
            operate(network, (self.keep_ratio or 1.0) ** part, images, bench.say)
            folder.mkdir(parents=True, exist_ok=True)
            model.with_network(network).save(done)
        return Model.load(done)

    def _companion(self, ratios: dict[str, float]) -> Companion | None:
        if self.masks == "surgery":
            return NetworkSurgery(ratios)
        if self.masks == "thresholding":
            return IterativeThresholding(ratios, HELD_EPOCHS, FREE_EPOCHS, self.epochs)
        return None

    def _store(self, model: Model, folder: Path) -> dict[str, Path]:
        if not self.csr:
            return {}
        stored = {f"csr {kind}": folder / f"csr_{kind}.safetensors" for kind in INDEX_TYPES}
        for kind in INDEX_TYPES:
            save_csr(model, stored[f"csr {kind}"], kind)
        return stored


@torch.no_grad()
def rounded(network: Ssd, *, in_bytes: bool = False) -> Ssd:
    """Its kernels rounded to float16, the prunable ones to int8 where asked, in place."""
    byte_layers = prunable_layers(network) if in_bytes else {}
    for name, layer in network.named_modules():
        if name in byte_layers:
            steps, scales = to_bytes(layer.weight.flatten(1))
            layer.weight.copy_((steps * scales[:, None]).view_as(layer.weight))
        elif isinstance(layer, nn.Conv2d):
            layer.weight.copy_(layer.weight.half().float())
    return network
