"""How much accuracy each layer costs when it is pruned alone (seed 001, figures 5 and 6).

The sweep is kept in a file after every measurement and goes on from there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from thermoscout_core.atomic import write_bytes
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.compression.weights.masks import prune_weights
from thermoscout_core.learning.ssd import Ssd

ROUNDING = 1e-9
"""Of differences of accuracies that people write with four digits."""

Curve = dict[float, float]
"""Keep ratio -> mAP of the network with one layer pruned to it."""


@dataclass(frozen=True)
class Sensitivity:
    """dense: mAP of the network as it is. curves: of each layer."""

    dense: float
    curves: dict[str, Curve]

    def as_dict(self) -> dict[str, Any]:
        return {"dense": self.dense, "curves": self.curves}


def with_pruned_weights(network: Ssd, layer: str, keep_ratio: float) -> Ssd:
    """A copy of the network with one layer's small weights at zero."""
    pruned = copy.deepcopy(network)
    prune_weights(pruned, {layer: keep_ratio})
    return pruned


def sweep(
    network: Ssd,
    layers: Sequence[str],
    keep_ratios: Sequence[float],
    mean_ap: Callable[[Ssd], float],
    cache: Path,
    fingerprint: str,
    *,
    prune: Callable[[Ssd, str, float], Ssd] = with_pruned_weights,
    stop_at_loss: float = 1.0,
    told: Callable[[str], None] = lambda _: None,
) -> Sensitivity:
    """Prune each layer alone to each ratio, from the largest down, and measure.

    prune: gives a pruned copy. stop_at_loss: a layer's smaller ratios are left out once it has
    lost so much mAP. cache: of a sweep with the same fingerprint (weights, data, method) goes on;
    another one is written over.
    """
    found = _read(cache, fingerprint)
    if found is None:
        found = Sensitivity(mean_ap(network), {})
        _write(cache, fingerprint, found)
    for number, name in enumerate(layers, 1):
        curve = found.curves.setdefault(name, {})
        for ratio in sorted(keep_ratios, reverse=True):
            if ratio not in curve:
                curve[ratio] = mean_ap(prune(network, name, ratio))
                _write(cache, fingerprint, found)
            if found.dense - curve[ratio] > stop_at_loss:
                break
        told(f"sensitivity {number}/{len(layers)} {name}: {_told(curve)}")
    return found


def knee_by_loss(curve: Mapping[float, float], dense: float, loss: float) -> float:
    """The smallest keep ratio from which on no ratio loses more mAP than loss; 1 if none."""
    knee = 1.0
    for ratio in sorted(curve, reverse=True):
        if dense - curve[ratio] > loss + ROUNDING:
            break
        knee = ratio
    return knee


def knee_by_slope(curve: Mapping[float, float], dense: float, slope: float) -> float:
    """The smallest keep ratio above which mAP grows by no more than slope per unit of keep ratio
    (the seed's "growth rate of the accuracy")."""
    points = {**curve, 1.0: dense}
    ratios = sorted(points, reverse=True)
    knee = 1.0
    for larger, smaller in pairwise(ratios):
        if (points[larger] - points[smaller]) / (larger - smaller) > slope + ROUNDING:
            break
        knee = smaller
    return knee


def _read(cache: Path, fingerprint: str) -> Sensitivity | None:
    if not cache.is_file():
        return None
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
        if content["fingerprint"] != fingerprint:
            return None
        curves = {
            name: {float(ratio): value for ratio, value in curve.items()}
            for name, curve in content["curves"].items()
        }
        return Sensitivity(content["dense"], curves)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompressionError(
            f"{cache}: not a sensitivity sweep ({error}); delete it to sweep anew"
        ) from error


def _write(cache: Path, fingerprint: str, found: Sensitivity) -> None:
    content = {"fingerprint": fingerprint, **found.as_dict()}
    write_bytes(cache, json.dumps(content, indent=1).encode(), durable=False)


def _told(curve: Mapping[float, float]) -> str:
    return ", ".join(f"{ratio:g}: {value:.4f}" for ratio, value in sorted(curve.items()))
