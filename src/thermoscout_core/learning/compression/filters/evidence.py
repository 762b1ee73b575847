"""What criteria judge filters by: weights, and what training frames do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core.learning.compression.filters.groups import FilterGroup
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.loss import MultiboxLoss
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.frames import Batch

ACTIVATIONS = (nn.ReLU, nn.ReLU6)
POSITIONS = 96
"""Of a layer's output that are looked at in each frame."""


class Samples(NamedTuple):
    """Of a convolution at M places: what it read (M, I·k·k) and wrote (M, O), without bias."""

    inputs: Tensor
    outputs: Tensor


@dataclass
class Evidence:
    """batches: of augmented training frames, always the same; only read when a criterion asks."""

    model: Model
    groups: Sequence[FilterGroup]
    batches: Callable[[], Iterator[Batch]]
    loss: MultiboxLoss

    @property
    def network(self) -> Ssd:
        return self.model.network

    def convolution(self, name: str) -> nn.Conv2d:
        layer = self.network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        return layer

    @cached_property
    def gradients(self) -> dict[str, Tensor]:
        """Of the loss with respect to each convolution's weight, by its name, over all batches."""
        network = self.model.copy_network().eval()
        for batch in self.batches():
            offsets, logits = network(batch.images(torch.device("cpu")))
            positives = max(batch.positives, 1)
            loss = self.loss(offsets, logits, batch.labels, batch.offsets, positives).total
            loss.backward()  # type: ignore[no-untyped-call]
        return {
            name: module.weight.grad.detach()
            for name, module in network.named_modules()
            if isinstance(module, nn.Conv2d) and module.weight.grad is not None
        }

    @cached_property
    def nonzero_shares(self) -> dict[str, Tensor]:
        """Share of positive outputs of each activation by channel (C,), by the name of the
        convolution before it."""
        sums: dict[str, Tensor] = {}
        counts: dict[str, int] = {}

        def watch(name: str) -> Callable[[nn.Module, object, Tensor], None]:
            def look(_: nn.Module, __: object, output: Tensor) -> None:
                share = (output > 0).float().mean((0, 2, 3))
                sums[name] = sums.get(name, torch.zeros_like(share)) + share
                counts[name] = counts.get(name, 0) + 1

            return look

        hooks = [layer.register_forward_hook(watch(name)) for name, layer in self._activations()]
        self._look(hooks)
        return {name: total / counts[name] for name, total in sums.items()}

    @cached_property
    def samples(self) -> dict[str, Samples]:
        """Of each group's consumers, by name."""
        taken: dict[str, list[Samples]] = {}
        generator = torch.Generator().manual_seed(0)

        def watch(name: str) -> Callable[[nn.Conv2d, tuple[Tensor], Tensor], None]:
            def look(layer: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
                taken.setdefault(name, []).append(_sample(layer, inputs[0], generator))

            return look

        names = {name for group in self.groups for name in group.consumers}
        hooks = [self.convolution(n).register_forward_hook(watch(n)) for n in sorted(names)]
        self._look(hooks)
        return {
            name: Samples(*(torch.cat(part) for part in zip(*parts, strict=True)))
            for name, parts in taken.items()
        }

    def _activations(self) -> Iterator[tuple[str, nn.Module]]:
        """Each activation in a Sequential, with the name of the last convolution before it."""
        for name, module in self.network.named_modules():
            if isinstance(module, nn.Sequential):
                before = ""
                for place, layer in module.named_children():
                    if isinstance(layer, nn.Conv2d):
                        before = f"{name}.{place}"
                    elif isinstance(layer, ACTIVATIONS) and before:
                        yield before, layer

    def _look(self, hooks: Sequence[torch.utils.hooks.RemovableHandle]) -> None:
        with removed_at_the_end(hooks), torch.no_grad():
            for batch in self.batches():
                self.network(batch.images(torch.device("cpu")))


@contextmanager
def removed_at_the_end(hooks: Sequence[torch.utils.hooks.RemovableHandle]) -> Iterator[None]:
    """Take the hooks away, whatever happens."""
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _sample(layer: nn.Conv2d, features: Tensor, generator: torch.Generator) -> Samples:
    """POSITIONS random places of each frame's output."""
    assert not isinstance(layer.padding, str)
    columns = functional.unfold(
        features.float(), layer.kernel_size, layer.dilation, layer.padding, layer.stride
    )
    chosen = torch.randint(columns.shape[2], (POSITIONS,), generator=generator)
    inputs = columns[:, :, chosen].transpose(1, 2).flatten(0, 1)
    return Samples(inputs, inputs @ layer.weight.detach().flatten(1).T)
