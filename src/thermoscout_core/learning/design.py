"""What an SSD is made of: the choices that a recipe makes and a checkpoint remembers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from thermoscout_core.detection.priors import PriorLevel

SEED_EXTRAS = ((256, 512), (128, 256), (128, 256), (64, 128))


@dataclass(frozen=True)
class Design:
    """The layers of an SSD, without classes and priors. The defaults are seed 000's network.

    backbone: a name in learning.backbones. width: multiplies every channel count. activation:
    relu6 or relu. first_stride: stride of the finest map that gets priors; the backbone's coarser
    ones follow. neck_channels: channels of a top-down neck over the backbone's maps (a feature
    pyramid, Lin et al. 2017), 0 for none. extras: (squeeze, outputs) of each further map.
    head: pointwise (1×1, seed 000), full (3×3, Liu et al. 2016) or separable (SSDLite, Sandler et
    al. 2018). extra: what the extras are made of: full or separable, each halving the size, or
    original (Liu et al. 2016: no batch norm, and from the third on neither stride nor padding).
    block, widths, depths: of the backbone "stack": a block of learning.blocks with its arguments,
    and channels and number of blocks for each stage. attention_reduction: r of the knowledge
    enhancement (seed 002, eq. 2–4) of each map before its heads, 0 for none.
    """

    backbone: str = "mobilenet_v1"
    width: float = 1.0
    activation: str = "relu6"
    first_stride: int = 16
    neck_channels: int = 0
    extras: tuple[tuple[int, int], ...] = SEED_EXTRAS
    head: str = "pointwise"
    extra: str = "full"
    block: str = "residual"
    widths: tuple[int, ...] = (64, 128, 256, 512)
    depths: tuple[int, ...] = (3, 4, 6, 3)
    attention_reduction: int = 0


@dataclass(frozen=True)
class LayerShape:
    """One layer as data. kind: conv, norm, scale, relu or relu6; the numbers are torch's
    arguments of such a layer, (rows, columns) where there are two."""

    kind: str
    inputs: int = 0
    outputs: int = 0
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: bool = False
    epsilon: float = 0.0
    momentum: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """What isn't the default."""
        values = {entry.name: (getattr(self, entry.name), entry.default) for entry in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> LayerShape:
        """The inverse of as_dict, from JSON. Raises TypeError for other content."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content.items()
        }
        return cls(**values)


LayerChanges = tuple[tuple[str, tuple[LayerShape, ...]], ...]
"""(name of a layer of the design, the layers that stand in its place), see learning.surgery."""


@dataclass(frozen=True)
class Architecture:
    """What rebuilds a network. input_size_px: (width, height). layers: what compression has made
    of the design's layers; none for a network as it was designed."""

    design: Design
    classes: tuple[str, ...]
    input_size_px: tuple[int, int]
    levels: tuple[PriorLevel, ...]
    layers: LayerChanges = ()

    def as_dict(self) -> dict[str, Any]:
        changed = {name: [shape.as_dict() for shape in shapes] for name, shapes in self.layers}
        return {
            **asdict(self.design),
            "classes": list(self.classes),
            "input_size_px": list(self.input_size_px),
            "levels": [[level.columns, level.rows, level.sizes] for level in self.levels],
            **({"layers": changed} if changed else {}),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Architecture:
        """Keys of the design that are missing take their defaults, so that files from before a
        choice existed still load. Raises KeyError, TypeError or ValueError for other content."""
        known = {entry.name for entry in fields(Design)}
        design = {name: value for name, value in content.items() if name in known}
        if "extras" in design:
            design["extras"] = tuple((squeeze, outputs) for squeeze, outputs in design["extras"])
        for name in ("widths", "depths"):
            if name in design:
                design[name] = tuple(design[name])
        levels = tuple(
            PriorLevel(columns, rows, tuple((w, h) for w, h in sizes))
            for columns, rows, sizes in content["levels"]
        )
        layers = tuple(
            (name, tuple(LayerShape.from_dict(shape) for shape in shapes))
            for name, shapes in content.get("layers", {}).items()
        )
        width_px, height_px = content["input_size_px"]
        size_px = (width_px, height_px)
        return cls(Design(**design), tuple(content["classes"]), size_px, levels, layers)
