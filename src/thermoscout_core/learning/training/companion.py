"""What goes along with a training beside its labels: masks, penalties, a teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from thermoscout_core.learning.loss import LossParts
from thermoscout_core.learning.ssd import Ssd


@dataclass(frozen=True)
class Seen:
    """What a step has seen and answered. images: (N, 3, H, W) in −1..1. offsets, logits: the
    network's. labels, wanted: see matching.Targets. positives: that sums are divided by."""

    images: Tensor
    offsets: Tensor
    logits: Tensor
    labels: Tensor
    wanted: Tensor
    positives: int


class Companion(nn.Module):
    """Called by the trainer around each step; this one changes nothing.

    Its parameters are trained along with the network, and its state is saved and resumed with it.
    """

    def begin(self, network: Ssd) -> None:
        """Once, before the first step or the one that a run is resumed at."""

    def before_step(self, network: Ssd, epoch: int) -> None:
        """Before the forward pass; epoch: from 0."""

    def objective(self, parts: LossParts, seen: Seen) -> Tensor:
        """What is minimised, instead of the labels' loss alone."""
        return parts.total

    def before_update(self, network: Ssd) -> None:
        """Between the gradients and the optimiser."""

    def after_step(self, network: Ssd) -> None:
        """After the optimiser has changed the weights."""


class Companions(Companion):
    """Several at once; what each adds to the labels' loss is added up."""

    def __init__(self, companions: Sequence[Companion]) -> None:
        super().__init__()
        self.all = nn.ModuleList(companions)

    def _each(self) -> Sequence[Companion]:
        return [one for one in self.all if isinstance(one, Companion)]

    def begin(self, network: Ssd) -> None:
        for one in self._each():
            one.begin(network)

    def before_step(self, network: Ssd, epoch: int) -> None:
        for one in self._each():
            one.before_step(network, epoch)

    def objective(self, parts: LossParts, seen: Seen) -> Tensor:
        total = parts.total
        for one in self._each():
            total = total + one.objective(parts, seen) - parts.total
        return total

    def before_update(self, network: Ssd) -> None:
        for one in self._each():
            one.before_update(network)

    def after_step(self, network: Ssd) -> None:
        for one in self._each():
            one.after_step(network)
