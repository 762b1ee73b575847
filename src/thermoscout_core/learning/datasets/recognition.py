"""Which layout a folder has."""

from __future__ import annotations

from pathlib import Path

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.datasets.coco import CocoFolder
from thermoscout_core.learning.datasets.layout import Layout
from thermoscout_core.learning.datasets.voc import VocFolder
from thermoscout_core.learning.datasets.yolo import YoloFolder

_LOOKED_FOR = (
    "counts/ + annotations/*.xml + classes.txt (Thermoscout's own)",
    "JPEGImages/ or images/ + Annotations/*.xml (VOC)",
    "data.yaml, or images/ + labels/ + classes.txt (YOLO)",
    "*.json with images, annotations and categories, here, in annotations/ or in the splits' "
    "folders (COCO)",
)


def recognise(root: str | Path) -> Layout:
    """Open a folder in the first layout that fits, in the order of the list in the error.

    Raises DatasetError when it isn't a folder, none fits, or its lists can't be read.
    """
    root = Path(root)
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder; a dataset is a folder")
    layout = VocFolder.recognise(root) or YoloFolder.recognise(root) or CocoFolder.recognise(root)
    if layout is None:
        raise DatasetError(f"{root}: not a known dataset; looked for " + "; ".join(_LOOKED_FOR))
    return layout
