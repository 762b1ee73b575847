"""Magnitude masks, and trainings that hold, revise or alternate them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion

_Act = Callable[[Tensor, Tensor, Tensor, float], object]

LEAST_WEIGHTS = 512
"""Smaller kernels stay dense: depthwise ones, whose few weights are all needed."""


def prunable_layers(network: nn.Module) -> dict[str, nn.Conv2d]:
    """The convolutions whose weights may be pruned, by name."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
        and module.groups == 1
        and module.weight.numel() >= LEAST_WEIGHTS
    }


def magnitude_mask(weight: Tensor, keep_ratio: float) -> Tensor:
    """True where the weight is among the largest keep_ratio of its layer, at least one."""
    kept = max(1, round(keep_ratio * weight.numel()))
    order = weight.detach().abs().flatten().argsort(descending=True, stable=True)
    mask = torch.zeros(weight.numel(), dtype=torch.bool, device=weight.device)
    mask[order[:kept]] = True
    return mask.view_as(weight)


@torch.no_grad()
def prune_weights(network: nn.Module, keep_ratios: Mapping[str, float]) -> None:
    """Set all but the largest weights of the named layers to zero (seed 001, figure 2)."""
    for name, ratio in keep_ratios.items():
        layer = network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        layer.weight.masked_fill_(~magnitude_mask(layer.weight, ratio), 0.0)


def keep_ratios_of(network: nn.Module) -> dict[str, float]:
    """η = C'/C of each prunable layer: the share of its weights that aren't zero (eq. 2, where it
    is called sparsity)."""
    return {
        name: float((layer.weight != 0).float().mean())
        for name, layer in prunable_layers(network).items()
    }


class FixedMasks(Companion):
    """Weights that are zero when the training begins stay zero (Han et al. 2015)."""

    def begin(self, network: Ssd) -> None:
        weights = [layer.weight for layer in prunable_layers(network).values()]
        self._held = [(weight, weight.detach() != 0) for weight in weights if (weight == 0).any()]

    @torch.no_grad()
    def after_step(self, network: Ssd) -> None:
        for weight, mask in self._held:
            weight.masked_fill_(~mask, 0.0)


class NetworkSurgery(Companion):
    """Dynamic network surgery (Guo et al. 2016): pruned weights go on learning behind their mask
    and are spliced back when they have grown.

    Between two steps the network holds the masked weights, the companion the whole ones. A weight
    is pruned below (1 − margin)·t and spliced above (1 + margin)·t, where t is the magnitude that
    keep_ratio of the layer exceeds.
    """

    def __init__(self, keep_ratios: Mapping[str, float], margin: float = 0.1) -> None:
        super().__init__()
        self.keep_ratios, self.margin = dict(keep_ratios), margin

    def begin(self, network: Ssd) -> None:
        for number, (name, ratio) in enumerate(self.keep_ratios.items()):
            weight = _weight(network, name)
            self.register_buffer(f"whole_{number}", weight.detach().clone())
            self.register_buffer(f"mask_{number}", magnitude_mask(weight, ratio))

    def before_step(self, network: Ssd, epoch: int) -> None:
        self._each(
            network, lambda weight, whole, mask, ratio: weight.copy_(whole.where(mask, 0.0))
        )

    def before_update(self, network: Ssd) -> None:
        self._each(network, lambda weight, whole, _mask, _: weight.copy_(whole))

    def after_step(self, network: Ssd) -> None:
        self._each(network, self._revise)

    def _revise(self, weight: Tensor, whole: Tensor, mask: Tensor, ratio: float) -> None:
        whole.copy_(weight)
        size = weight.abs()
        threshold = size.flatten().kthvalue(max(1, round((1 - ratio) * size.numel()))).values
        mask &= size >= (1 - self.margin) * threshold
        mask |= size > (1 + self.margin) * threshold
        weight.masked_fill_(~mask, 0.0)

    @torch.no_grad()
    def _each(self, network: Ssd, act: _Act) -> None:
        buffers = dict(self.named_buffers())
        for number, (name, ratio) in enumerate(self.keep_ratios.items()):
            whole, mask = buffers[f"whole_{number}"], buffers[f"mask_{number}"]
            act(_weight(network, name), whole, mask, ratio)


class IterativeThresholding(Companion):
    """Iterative hard thresholding (Jin et al. 2016): epochs in which all but the largest weights
    are held at zero, and epochs in which everything learns, in turns; the last ones are held."""

    def __init__(
        self, keep_ratios: Mapping[str, float], held: int, free: int, epochs: int
    ) -> None:
        super().__init__()
        self.keep_ratios = dict(keep_ratios)
        self.held, self.free, self.epochs = held, free, epochs

    def begin(self, network: Ssd) -> None:
        for number, name in enumerate(self.keep_ratios):
            everything = torch.ones_like(_weight(network, name), dtype=torch.bool)
            self.register_buffer(f"mask_{number}", everything)

    @torch.no_grad()
    def before_step(self, network: Ssd, epoch: int) -> None:
        holding = (self.epochs - 1 - epoch) % (self.held + self.free) < self.held
        buffers = dict(self.named_buffers())
        for number, (name, ratio) in enumerate(self.keep_ratios.items()):
            mask = buffers[f"mask_{number}"]
            if holding and bool(mask.all()):
                mask.copy_(magnitude_mask(_weight(network, name), ratio))
            elif not holding:
                mask.fill_(True)

    @torch.no_grad()
    def after_step(self, network: Ssd) -> None:
        for mask, name in zip(self.buffers(), self.keep_ratios, strict=True):
            _weight(network, name).masked_fill_(~mask, 0.0)


def _weight(network: nn.Module, name: str) -> Tensor:
    layer = network.get_submodule(name)
    assert isinstance(layer, nn.Conv2d)
    return layer.weight
