"""The whole check of one or several dataset folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermoscout_core.learning.dataset_check.balance import (
    Balance,
    balance_findings,
    count_boxes,
)
from thermoscout_core.learning.dataset_check.boxes import box_findings
from thermoscout_core.learning.dataset_check.findings import KINDS, Finding, Level, Limits
from thermoscout_core.learning.dataset_check.images import (
    CheckedDataset,
    CheckedImage,
    read_dataset,
)
from thermoscout_core.learning.dataset_check.pairs import pair_findings
from thermoscout_core.learning.dataset_check.progress import Watch
from thermoscout_core.learning.datasets.recognition import recognise

_ORDER = list(KINDS)


@dataclass(frozen=True)
class Check:
    """What was found. findings: the gravest kinds first."""

    datasets: list[CheckedDataset]
    balance: Balance
    findings: list[Finding]
    limits: Limits

    @property
    def images(self) -> list[CheckedImage]:
        return [image for dataset in self.datasets for image in dataset.images]

    @property
    def classes(self) -> list[str]:
        return self.balance.classes

    def kinds(self) -> Counter[str]:
        """How often each kind was found, the gravest first."""
        return Counter(finding.kind for finding in self.findings)

    def reaches(self, level: Level) -> bool:
        """Whether there is a finding at least as grave."""
        return any(finding.level >= level for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        return {
            "datasets": [
                {"root": str(d.layout.root), "layout": d.layout.name} for d in self.datasets
            ],
            "limits": vars(self.limits),
            **self.balance.as_dict(),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def check_datasets(roots: Sequence[Path], limits: Limits, watch: Watch) -> Check:
    """Check folders of any layout, each alone and all against each other.

    Raises DatasetError when a folder is no dataset, or its lists can't be read.
    """
    layouts = [recognise(root) for root in roots]
    datasets = [
        read_dataset(label, layout, watch)
        for label, layout in zip(_labels(roots), layouts, strict=True)
    ]
    images = [image for dataset in datasets for image in dataset.images]
    classes = list(dict.fromkeys(name for layout in layouts for name in layout.classes))
    balance = count_boxes(images, classes)
    findings = [finding for dataset in datasets for finding in dataset.findings]
    for image in images:
        findings += box_findings(image, limits)
    findings += pair_findings(images, limits, watch)
    findings += balance_findings(balance, limits)
    findings.sort(key=lambda finding: _ORDER.index(finding.kind))
    return Check(datasets, balance, findings, limits)


def _labels(roots: Sequence[Path]) -> list[str]:
    """The folders' names, with numbers where they are equal; none for a single dataset."""
    if len(roots) == 1:
        return [""]
    names = [root.resolve().name for root in roots]
    return [
        f"{name}_{number}" if names.count(name) > 1 else name
        for number, name in enumerate(names, 1)
    ]
