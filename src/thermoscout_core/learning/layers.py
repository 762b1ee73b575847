"""Convolution, batch norm and activation in one: what every network here is made of."""

from __future__ import annotations

from torch import nn

BATCH_NORM_EPSILON = 1e-3  # as in TF-slim, where the ImageNet weights come from
BATCH_NORM_MOMENTUM = 0.03

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu6": nn.ReLU6, "relu": nn.ReLU}


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm with the ε and momentum that all networks here share."""
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM)


def conv(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    groups: int = 1,
) -> nn.Conv2d:
    """Convolution without bias; kernel (rows, columns); symmetric padding keeps
    ceil(size / stride)."""
    rows, columns = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (rows // 2, columns // 2)
    return nn.Conv2d(inputs, outputs, (rows, columns), stride, padding, groups=groups, bias=False)


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    """Convolution without bias, and batch norm."""
    return nn.Sequential(conv(inputs, outputs, kernel, stride, groups), batch_norm(outputs))


def conv_bn_act(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    groups: int = 1,
    activation: str = "relu6",
) -> nn.Sequential:
    """conv_bn and an activation of ACTIVATIONS."""
    layers = conv_bn(inputs, outputs, kernel, stride, groups)
    layers.append(ACTIVATIONS[activation](inplace=True))
    return layers


def separable(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, activation: str = "relu6"
) -> nn.Sequential:
    """Depthwise and pointwise convolution, each with batch norm and activation (MobileNetV1)."""
    return nn.Sequential(
        conv_bn_act(inputs, inputs, kernel, stride, inputs, activation),
        conv_bn_act(inputs, outputs, 1, activation=activation),
    )
