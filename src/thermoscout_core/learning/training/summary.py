"""run.json: a training in one file, for model cards and for comparing runs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from torch import nn

from thermoscout_core.learning.checkpoint import write_whole
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.ssd import prior_count
from thermoscout_core.learning.training.history import EpochRecord
from thermoscout_core.learning.training.material import Material


def describe_network(network: nn.Module, architecture: Architecture) -> dict[str, Any]:
    """Its size, without the weights."""
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "trained_parameters": trained,
        "priors": prior_count(architecture.levels),
        "input_size_px": list(architecture.input_size_px),
    }


def describe_data(config: TrainConfig, material: Material) -> dict[str, Any]:
    """What is learnt from; folders by name alone."""
    data = config.data
    return {
        "root": data.root.name,
        "extra": [root.name for root in data.extra],
        "train_frames": len(material.samples),
        "simulated_frames_per_epoch": round(len(material.samples) * data.simulated_ratio),
        "val_frames": len(material.val),
        "train_boxes": dict(zip(material.classes, material.boxes, strict=True)),
    }


def timings(history: Sequence[EpochRecord]) -> dict[str, float]:
    """Over the finished epochs."""
    if not history:
        return {}
    return {
        "hours": round(sum(record.seconds for record in history) / 3600, 4),
        "median_epoch_s": round(median(record.seconds for record in history), 2),
        "median_images_per_s": round(median(record.images_per_s for record in history), 2),
        "peak_memory_mb": round(max(record.memory_mb for record in history), 1),
    }


def best_epoch(history: Sequence[EpochRecord]) -> dict[str, Any] | None:
    """The validation whose weights are best.safetensors."""
    validated = [record for record in history if record.validated]
    if not validated:
        return None
    known = [record for record in validated if not math.isnan(record.val_map_50)]
    best = max(known, key=lambda record: record.val_map_50) if known else validated[-1]
    return {
        "epoch": best.epoch,
        "val_map_50": _number(best.val_map_50),
        "val_ap": {name: _number(ap) for name, ap in best.val_ap.items()},
    }


def write_summary(path: Path, content: dict[str, Any]) -> None:
    """Raises CheckpointError when it can't be written."""
    write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
