"""Convolution, batch norm and activation in one: what every network here is made of."""

from __future__ import annotations

from torch import nn

BATCH_NORM_EPSILON = 1e-3  # as in TF-slim, where the ImageNet weights come from
BATCH_NORM_MOMENTUM = 0.03

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu6": nn.ReLU6, "relu": nn.ReLU}


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution without bias and batch norm; symmetric padding keeps ceil(size / stride)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON, momentum=BATCH_NORM_MOMENTUM),
    )


def conv_bn_act(
    inputs: int,
    outputs: int,
    kernel: int,
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
