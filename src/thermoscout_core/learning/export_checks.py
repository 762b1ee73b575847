"""What an exported file must show before it is kept: the answers of the network it was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import Contract, network_input
from thermoscout_core.detection.postprocess import Selected, Selection, select
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ModelError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.folding import TOLERANCE, relative_difference
from thermoscout_core.learning.ssd import SsdWithBoxes

RANDOM_IMAGES = 2


def check_images(frames: Sequence[Counts], input_size_px: tuple[int, int]) -> dict[str, Tensor]:
    """Random images, and the network's input of each frame; (N, 3, H, W) in −1..1, the same grey
    in all channels, which is what a file takes."""
    width_px, height_px = input_size_px
    generator = torch.Generator().manual_seed(0)
    grey = torch.rand(RANDOM_IMAGES, 1, height_px, width_px, generator=generator) * 2 - 1
    images = {"random": grey.expand(-1, 3, -1, -1).contiguous()}
    if frames:
        views = [network_input(to_8bit_view(counts), input_size_px) for counts in frames]
        images["real"] = torch.from_numpy(np.concatenate(views))
    return images


def check_tensors(
    path: Path, network: nn.Module, inputs: Mapping[str, Tensor], batch: int | None
) -> float:
    """Largest relative_difference of any output, ONNX Runtime against torch.

    Raises ModelError when it exceeds TOLERANCE.
    """
    backend = OnnxRuntimeBackend(path)
    largest = 0.0
    for kind, images in inputs.items():
        for image in torch.unbind(images.unsqueeze(1)):
            same = image.expand(batch or 1, -1, -1, -1)
            with torch.no_grad():
                wanted = network(image)
            found = map(torch.from_numpy, backend.run({"images": same.numpy()}).values())
            difference = max(
                relative_difference(one.expand_as(other), other)
                for one, other in zip(wanted, found, strict=True)
            )
            if not difference <= TOLERANCE:
                raise ModelError(
                    f"ONNX Runtime's outputs differ from torch's by {difference:.2e} on {kind} "
                    f"input (at most {TOLERANCE:.0e} is allowed); nothing was written"
                )
            largest = max(largest, difference)
    return largest


def require_same_detections(
    path: Path,
    network: SsdWithBoxes,
    frames: Sequence[Counts],
    input_size_px: tuple[int, int],
    selection: Selection,
) -> None:
    """Raises ModelError unless the file finds in every frame what torch and numpy find."""
    contract = Contract(OnnxRuntimeBackend(path))
    for number, counts in enumerate(frames):
        images = torch.from_numpy(network_input(to_8bit_view(counts), input_size_px))
        with torch.no_grad():
            boxes, scores = (output[0].numpy() for output in network(images))
        wanted = select(boxes, scores[:, 1:], selection)
        found = contract.read(contract.run(contract.prepare(counts), selection), selection)
        if not same_detections(wanted, found, TOLERANCE):
            raise ModelError(
                f"in frame {number}, the exported file finds {len(found[1])} objects where torch "
                f"finds {len(wanted[1])}, or others; nothing was written"
            )


def same_detections(first: Selected, second: Selected, tolerance: float) -> bool:
    """As many, and for each one of its class whose box and score lie within tolerance."""
    boxes, scores, classes = second
    return len(first[1]) == len(scores) and all(
        (
            (classes == class_index)
            & (np.abs(scores - score) <= tolerance)
            & (np.abs(boxes - box) <= tolerance).all(axis=1)
        ).any()
        for box, score, class_index in zip(*first, strict=True)
    )
