"""Read every picture and label file once; what can't be read becomes a finding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.dataset_check.findings import Finding
from thermoscout_core.learning.dataset_check.progress import Watch
from thermoscout_core.learning.dataset_check.similarity import fingerprint
from thermoscout_core.learning.datasets.layout import (
    Entry,
    LabelledObject,
    Labels,
    Layout,
    fault_of,
    size_conflict,
)
from thermoscout_core.learning.datasets.pictures import read_counts


@dataclass(frozen=True)
class CheckedImage:
    """A picture that could be read.

    name: unique among all datasets checked, for messages. split: None outside of every split.
    size_px: (width, height). digest: equal for equal pixels. fingerprint: see similarity.py.
    sound: the objects that can be trained on.
    """

    name: str
    dataset: str
    split: str | None
    entry: Entry
    size_px: tuple[int, int]
    digest: bytes
    fingerprint: NDArray[np.uint8]
    labels: Labels | None
    sound: tuple[LabelledObject, ...]


@dataclass
class CheckedDataset:
    """label: short name of the dataset among those checked; "" when it is the only one."""

    label: str
    layout: Layout
    splits: dict[str, list[Entry]] = field(default_factory=dict)
    images: list[CheckedImage] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_dataset(label: str, layout: Layout, watch: Watch) -> CheckedDataset:
    """Read the whole folder. Raises DatasetError when its lists of pictures can't be read."""
    checked = CheckedDataset(label, layout)
    _read_splits(checked)
    for split, entry in watch(f"reading {layout.root.name}", list(_places(checked))):
        _read_image(checked, split, entry)
    for path in layout.orphans():
        checked.findings.append(Finding("orphan_labels", f"{path}: no picture of that name"))
    return checked


def _read_splits(checked: CheckedDataset) -> None:
    layout = checked.layout
    for split in layout.splits:
        if any(split.startswith(f"{name}_") for name in layout.classes):
            continue  # PASCAL's lists of one class
        try:
            checked.splits[split] = layout.entries(split)
        except DatasetError as error:
            checked.findings.append(Finding("unreadable_list", str(error)))
    pictures = {name: {entry.image for entry in found} for name, found in checked.splits.items()}
    for split, found in pictures.items():
        parts = [other for name, other in pictures.items() if name != split and other < found]
        if len(parts) > 1 and set().union(*parts) == found:
            del checked.splits[split]  # trainval


def _places(checked: CheckedDataset) -> Iterator[tuple[str | None, Entry]]:
    """Each picture once, in its first split, or in none."""
    first: dict[Path, str] = {}
    for split, entries in checked.splits.items():
        for entry in entries:
            earlier = first.setdefault(entry.image, split)
            if earlier == split:
                yield split, entry
            else:
                message = f"{entry.image}: listed in {earlier} and in {split}"
                checked.findings.append(Finding("listed_twice", message))
    for entry in checked.layout.entries(None):
        if entry.image not in first:
            if checked.splits:
                message = f"{entry.image}: in none of {', '.join(checked.splits)}"
                checked.findings.append(Finding("unlisted_image", message))
            yield None, entry


def _read_image(checked: CheckedDataset, split: str | None, entry: Entry) -> None:
    name = "/".join(part for part in (checked.label, split, entry.id) if part)
    if not entry.image.is_file():
        checked.findings.append(Finding("missing_image", f"{entry.image}: isn't there", (name,)))
        return
    try:
        counts = read_counts(entry.image)
    except DatasetError as error:
        checked.findings.append(Finding("unreadable_image", str(error), (name,)))
        return
    if counts.min() == counts.max():
        message = f"{entry.image}: every count is {counts.flat[0]}"
        checked.findings.append(Finding("constant_image", message, (name,)))
    size_px = (counts.shape[1], counts.shape[0])
    labels = _read_labels(checked, entry, size_px, name)
    sound: list[LabelledObject] = []
    for found in labels.objects if labels else ():
        fault = fault_of(found, checked.layout.classes, size_px)
        if fault is None:
            sound.append(found)
        else:
            message = f"{name}: object {found.number} ({found.class_name}): {fault[1]}"
            finding = Finding(fault[0].value, message, (name,), (found.number,))
            checked.findings.append(finding)
    digest = hashlib.sha256(np.ascontiguousarray(counts).data).digest() + repr(size_px).encode()
    print_ = fingerprint(counts)
    image = CheckedImage(
        name, checked.label, split, entry, size_px, digest, print_, labels, tuple(sound)
    )
    checked.images.append(image)


def _read_labels(
    checked: CheckedDataset, entry: Entry, size_px: tuple[int, int], name: str
) -> Labels | None:
    findings = checked.findings
    try:
        labels = checked.layout.labels(entry, size_px)
    except DatasetError as error:
        findings.append(Finding("unreadable_labels", str(error), (name,)))
        return None
    if labels is None:
        empty = checked.layout.unlabelled_is_empty
        kind = "no_objects" if empty else "missing_labels"
        findings.append(Finding(kind, f"{entry.labels}: isn't there", (name,)))
        return None
    conflict = size_conflict(labels, size_px)
    if conflict is not None:
        findings.append(Finding("size_conflict", f"{labels.source}: {conflict}", (name,)))
    if not labels.objects:
        findings.append(Finding("no_objects", f"{name}: labels without an object", (name,)))
    return labels
