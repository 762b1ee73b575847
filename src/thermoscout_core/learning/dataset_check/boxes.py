"""Boxes that can be trained on and yet look wrong."""

from __future__ import annotations

from itertools import combinations

from thermoscout_core.detections import Box
from thermoscout_core.learning.dataset_check.findings import Finding, Limits
from thermoscout_core.learning.dataset_check.images import CheckedImage


def box_findings(image: CheckedImage, limits: Limits) -> list[Finding]:
    """Boxes of one image that are tiny, oddly long, or in the same place as another."""
    found = []
    for entry in image.sound:
        box = Box(*entry.corners)
        shorter, longer = sorted((box.width_px, box.height_px))
        size = f"{box.width_px:.1f} x {box.height_px:.1f} px"
        where = f"{image.name}: object {entry.number} ({entry.class_name})"
        if shorter < limits.tiny_px:
            message = f"{where}: only {size}"
            found.append(Finding("tiny_box", message, (image.name,), (entry.number,)))
        elif longer > limits.longest_shape * shorter:
            message = f"{where}: {size}"
            found.append(Finding("odd_shape", message, (image.name,), (entry.number,)))
    return found + _doubles(image, limits)


def _doubles(image: CheckedImage, limits: Limits) -> list[Finding]:
    found = []
    for one, other in combinations(image.sound, 2):
        iou = Box(*one.corners).iou(Box(*other.corners))
        if iou > limits.double_iou:
            kind = "double_box" if one.class_name == other.class_name else "two_classes"
            message = (
                f"{image.name}: objects {one.number} ({one.class_name}) and {other.number} "
                f"({other.class_name}) overlap with IoU {iou:.2f}"
            )
            numbers = (one.number, other.number)
            found.append(Finding(kind, message, (image.name,), numbers))
    return found
