"""Prints the tables of docs/models.md: what the networks are and what they count."""

from __future__ import annotations

import torch

from thermoscout_core.learning.blocks import BLOCKS, make_block
from thermoscout_core.learning.classifiers import ImageClassifier, WideResNet
from thermoscout_core.learning.counting import Counts, count
from thermoscout_core.learning.design import Design
from thermoscout_core.learning.reference import SSDS, YOLOS
from thermoscout_core.learning.ssd import prior_count

VOC_CLASSES = 20
IMAGENET_CLASSES = 1000
BLOCK_CHANNELS = 128
BLOCK_MAP_PX = (38, 38)
PUBLISHED_DETECTORS = {
    "mobilenet_v1_ssd300": "5.8 M (seed 002)",
    "mobilenet_v2_ssdlite300": "–",
    "vgg16_ssd300": "105.2 MB in float32 (seed 001)",
    "kenet_ssd300": "5.5 M (seed 002)",
    "kedet300": "5.7 M (seed 002)",
    "yolov3_tiny": "5.56 GFLOPs (80 classes)",
    "yolov3": "65.86 GFLOPs (80 classes)",
}
IMAGENET = {
    "MobileNetV1 1.0, 224 px": (Design(first_stride=32), 224, "4.2 M, 569 M"),
    "MobileNetV1 0.75, 224 px": (Design(width=0.75, first_stride=32), 224, "2.6 M, 325 M"),
    "MobileNetV1 0.5, 224 px": (Design(width=0.5, first_stride=32), 224, "1.3 M, 149 M"),
    "MobileNetV1 1.0, 160 px": (Design(first_stride=32), 160, "4.2 M, 290 M"),
    "MobileNetV2 1.0, 224 px": (
        Design(backbone="mobilenet_v2", first_stride=32),
        224,
        "3.4 M, 300 M",
    ),
}
SEED_002_TABLE_1 = {
    "residual": 2238.6,
    "gconv(2)": 1357.4,
    "gconv(4)": 813.1,
    "gconv(8)": 541.0,
    "gconv(16)": 404.9,
    "bottleneck(2)": 430.5,
    "kenet(2, 2)": 257.6,
    "kenet(4, 2)": 170.2,
    "kenet(8, 2)": 126.6,
    "kenet(16, 2)": 104.7,
}


def detector_rows() -> list[tuple[str, ...]]:
    """Name, input, parameters, multiply-adds, priors, published; at 20 classes."""
    rows = []
    for name, ssd in SSDS.items():
        counts = count(ssd.build(VOC_CLASSES), ssd.input_size_px)
        priors = prior_count(ssd.architecture(("equipment",)).levels)
        rows.append(_detector(name, ssd.input_size_px, counts, str(priors)))
    for name, yolo in YOLOS.items():
        counts = count(yolo.build(), yolo.input_size_px)
        rows.append(_detector(name, yolo.input_size_px, counts, "–"))
    return rows


def _detector(
    name: str, input_size_px: tuple[int, int], counts: Counts, priors: str
) -> tuple[str, ...]:
    size = f"{input_size_px[0]}×{input_size_px[1]}"
    millions, giga = f"{counts.parameters / 1e6:.3f}", f"{counts.macs / 1e9:.3f}"
    return (f"`{name}`", size, millions, giga, priors, PUBLISHED_DETECTORS[name])


def classifier_rows() -> list[tuple[str, ...]]:
    """Name, parameters, multiply-adds, published."""
    rows: list[tuple[str, ...]] = []
    for name, (design, side_px, published) in IMAGENET.items():
        counts = count(ImageClassifier(design, IMAGENET_CLASSES), (side_px, side_px))
        millions = f"{counts.parameters / 1e6:.2f} M"
        rows.append((name, millions, f"{counts.macs / 1e6:.0f} M", published))
    for block, published_thousands in SEED_002_TABLE_1.items():
        counts = count(WideResNet(block), (32, 32))
        thousands = f"{counts.parameters / 1e3:.1f} K"
        million_macs = f"{counts.macs / 1e6:.1f} M"
        published = f"{published_thousands} K"
        rows.append((f"WRN-40-2 of `{block}`", thousands, million_macs, published))
    return rows


def block_rows() -> list[tuple[str, ...]]:
    """Name, convolution weights and multiply-adds by formula."""
    rows: list[tuple[str, ...]] = []
    for name in BLOCKS:
        block = make_block(name, BLOCK_CHANNELS, BLOCK_CHANNELS)
        macs = block.macs(*BLOCK_MAP_PX)
        rows.append((f"`{name}`", f"{block.weights().total / 1e3:.1f}", f"{macs / 1e6:.1f}"))
    return rows


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def tables() -> list[str]:
    """The three tables of docs/models.md."""
    with torch.device("meta"):
        detectors, classifiers, blocks = detector_rows(), classifier_rows(), block_rows()
    return [
        table(("detector", "input", "parameters, M", "GMACs", "priors", "published"), detectors),
        table(("classifier", "parameters", "MACs", "published"), classifiers),
        table(("block", "weights, K", "MMACs"), blocks),
    ]


if __name__ == "__main__":
    print("\n\n".join(tables()))
