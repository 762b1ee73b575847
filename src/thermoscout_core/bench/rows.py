"""What is measured: the networks of the seeds' table, the shipped detectors, the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core.detection.detector import SHIPPED_MODELS
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.resources import resource_path

BASELINE = "mobilenet_v1_ssd300"
"""The network that the others' times are divided by: seed 000's own."""

REFERENCES = {
    BASELINE: "MobileNet-SSD",
    "mobilenet_v2_ssdlite300": "MobileNetV2-SSDLite",
    "kenet_ssd300": "KENet-SSD",
    "kedet300": "KEDet (KENet)",
    "vgg16_ssd300": "SSD (VGG16)",
    "yolov3_tiny": "YOLOv3-tiny-shaped",
    "yolov3": "YOLOv3-shaped",
}
"""Names in learning.reference -> what the table calls them. Their weights are random."""

DEFAULT_MODELS = (*SHIPPED_MODELS, *(name for name in REFERENCES if name != "kedet300"))

SEED_RATIOS = {"vgg16_ssd300": 597 / 58, "yolov3_tiny": 90 / 58, "yolov3": 322 / 58}
"""Time over MobileNet-SSD's on a Jetson TX1 (seed 000, table 3)."""


@dataclass(frozen=True)
class Row:
    """One network at one input size.

    name: in REFERENCES, in SHIPPED_MODELS, or the stem of a file. file: a trained detector; None:
    random weights. input_size_px: (width, height); None until the network says it.
    """

    name: str
    title: str
    file: Path | None = None
    input_size_px: tuple[int, int] | None = None


def choose_rows(
    models: Sequence[str], input_sizes_px: Sequence[tuple[int, int]] = ()
) -> list[Row]:
    """Rows of the named models, the random ones at each input size (none given: at their own).

    Raises ConfigurationError for a name that is neither a network nor an ONNX file.
    """
    rows: list[Row] = []
    for name in models:
        if name in SHIPPED_MODELS:
            file = resource_path(SHIPPED_MODELS[name])
            rows.append(Row(name, f"shipped detector, {name}", file))
        elif name in REFERENCES:
            for size_px in input_sizes_px or (None,):
                rows.append(Row(name, REFERENCES[name], None, size_px))
        elif Path(name).is_file():
            rows.append(Row(Path(name).stem, Path(name).stem, Path(name)))
        else:
            raise ConfigurationError(
                f"model '{name}' is neither an ONNX file nor one of "
                f"{', '.join((*SHIPPED_MODELS, *REFERENCES))}"
            )
    return rows
