"""Networks whose layers differ from their design's: pruned, factorised, widened or deepened.

A checkpoint names the design and, for each layer that isn't the design's any more, the layers that
stand there now (Architecture.layers): a compressed network is rebuilt from data, never unpickled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.backbones.vgg16 import L2Norm
from thermoscout_core.learning.design import LayerChanges, LayerShape
from thermoscout_core.learning.layers import ACTIVATIONS


def rebuild(network: nn.Module, layers: LayerChanges) -> None:
    """Put the layers of each change in their place, with new weights. Raises ModelError where the
    network has no layer of that name."""
    for name, shapes in layers:
        try:
            network.get_submodule(name)
        except AttributeError as error:
            raise ModelError(f"the architecture changes {name}, which the design lacks") from error
        replace_layer(network, name, [make_layer(shape) for shape in shapes])


def replace_layer(network: nn.Module, name: str, layers: Sequence[nn.Module]) -> None:
    """Put layers, one after the other, where the layer of that name was; none passes through."""
    owner, _, child = name.rpartition(".")
    standing = layers[0] if len(layers) == 1 else nn.Sequential(*layers)
    setattr(network.get_submodule(owner), child, standing if layers else nn.Identity())


def changes_of(network: nn.Module, plain: nn.Module) -> LayerChanges:
    """Where a network differs from its plain design. Nested replacements are flattened in
    place first, so that the names of its weights are those that rebuild gives.

    Raises ModelError for a layer of a kind that can't be described.
    """
    changes = []
    for name, original in plain.named_modules():
        if not isinstance(original, _KINDS):
            continue
        standing = network.get_submodule(name)
        leaves = list(_leaves(standing))
        if isinstance(standing, nn.Sequential):
            replace_layer(network, name, leaves)
        shapes = tuple(shape_of(leaf) for leaf in leaves)
        if shapes != (shape_of(original),):
            changes.append((name, shapes))
    return tuple(changes)


def shape_of(layer: nn.Module) -> LayerShape:
    """A layer as data. Raises ModelError for a kind that can't be described."""
    if isinstance(layer, nn.Conv2d):
        return LayerShape(
            "conv",
            layer.in_channels,
            layer.out_channels,
            _pair(layer.kernel_size),
            _pair(layer.stride),
            _pair(layer.padding),
            _pair(layer.dilation),
            layer.groups,
            layer.bias is not None,
        )
    if isinstance(layer, nn.BatchNorm2d):
        channels, momentum = layer.num_features, layer.momentum or 0.0
        return LayerShape("norm", channels, channels, epsilon=layer.eps, momentum=momentum)
    if isinstance(layer, L2Norm):
        return LayerShape("scale", len(layer.weight), len(layer.weight))
    for kind, activation in ACTIVATIONS.items():
        if type(layer) is activation:
            return LayerShape(kind)
    raise ModelError(f"a {type(layer).__name__} can't stand in a compressed network")


def make_layer(shape: LayerShape) -> nn.Module:
    """The layer of a description, with new weights. Raises ModelError for an unknown kind."""
    if shape.kind == "conv":
        return nn.Conv2d(
            shape.inputs,
            shape.outputs,
            shape.kernel,
            shape.stride,
            shape.padding,
            shape.dilation,
            shape.groups,
            shape.bias,
        )
    if shape.kind == "norm":
        return nn.BatchNorm2d(shape.outputs, shape.epsilon, shape.momentum)
    if shape.kind == "scale":
        return L2Norm(shape.outputs)
    if shape.kind in ACTIVATIONS:
        return ACTIVATIONS[shape.kind](inplace=True)
    raise ModelError(f"the architecture has a layer of the unknown kind '{shape.kind}'")


_KINDS: tuple[type[nn.Module], ...] = (nn.Conv2d, nn.BatchNorm2d, L2Norm, *ACTIVATIONS.values())


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, nn.Sequential):
        for part in module:
            yield from _leaves(part)
    elif not isinstance(module, nn.Identity):
        yield module


def _pair(values: str | int | Sequence[int]) -> tuple[int, int]:
    if isinstance(values, (str, int)):
        raise ModelError(f"a convolution padded '{values}' can't be described; give two numbers")
    rows, columns = values
    return int(rows), int(columns)
