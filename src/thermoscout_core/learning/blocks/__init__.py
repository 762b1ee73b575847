"""The building blocks of seeds 002, 003 and 004 by name, one file a family.

A recipe names a block with its arguments, as the papers do: ``kenet(2, 2)``, ``shuffle(8)``,
``residual(zero_pad)``, ``separable``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.blocks.base import Block, Weights
from thermoscout_core.learning.blocks.dense import Dense
from thermoscout_core.learning.blocks.inception import (
    InceptionV1,
    InceptionV3,
    InceptionV3Asymmetric,
)
from thermoscout_core.learning.blocks.mlpconv import MaxoutMlpconv, Mlpconv
from thermoscout_core.learning.blocks.residual import (
    Bottleneck,
    GroupedResidual,
    KENet,
    Residual,
)
from thermoscout_core.learning.blocks.separable import InvertedResidual, Separable, Xception
from thermoscout_core.learning.blocks.shuffle import Shuffle

__all__ = ["BLOCKS", "Block", "Weights", "make_block"]

BLOCKS: dict[str, Callable[..., Block]] = {
    "bottleneck": Bottleneck,
    "dense": Dense,
    "gconv": GroupedResidual,
    "inception_v1": InceptionV1,
    "inception_v3": InceptionV3,
    "inception_v3_asymmetric": InceptionV3Asymmetric,
    "inverted_residual": InvertedResidual,
    "kenet": KENet,
    "maxout_mlpconv": MaxoutMlpconv,
    "mlpconv": Mlpconv,
    "residual": Residual,
    "separable": Separable,
    "shuffle": Shuffle,
    "xception": Xception,
}
"""Name -> constructor taking inputs, outputs, stride, activation and the block's arguments."""

_SPECIFICATION = re.compile(r"\s*(\w+)\s*(?:\(([\w\s,]*)\))?\s*")


def make_block(
    specification: str,
    inputs: int,
    outputs: int,
    stride: int = 1,
    activation: str = "relu",
    **options: bool,
) -> Block:
    """A block by name and arguments. Raises ModelError for an unknown block, for arguments that
    it doesn't take and for channels that it can't divide."""
    matched = _SPECIFICATION.fullmatch(specification)
    if matched is None or matched[1] not in BLOCKS:
        raise ModelError(
            f"block '{specification}' is unknown; there are {', '.join(BLOCKS)}, each with "
            "arguments in brackets if it takes any: kenet(2, 2)"
        )
    words = [word.strip() for word in (matched[2] or "").split(",") if word.strip()]
    arguments = [int(word) if word.isdigit() else word for word in words]
    if 0 in arguments:
        raise ModelError(f"block '{specification}': its numbers start at 1")
    try:
        return BLOCKS[matched[1]](inputs, outputs, stride, activation, *arguments, **options)
    except TypeError as error:
        raise ModelError(f"block '{specification}': {error}") from error
