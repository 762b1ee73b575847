"""Is what runs hot found? Recall on annotated boxes that are hotter than their surroundings.

A box is hot when its hot spot (the hottest pixel that its neighbours support) exceeds the median
of the ring around the box, other annotated boxes left out, by a given number of kelvin: the same
hot spot and ring that the thermometer reads (thermometry.regions). Against a cold sky sound
equipment may pass 10 K; a larger number asks for hot joints alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.frames import LinearScale
from thermoscout_core.learning.data import Sample
from thermoscout_core.learning.evaluation.matching import (
    FALSE,
    ClassMatches,
    Floats,
    Indices,
    Prediction,
)
from thermoscout_core.thermometry.regions import measure_regions


@dataclass(frozen=True)
class BoxHeat:
    """The heat of one image's N annotated boxes.

    rise_k (N,): hot spot above the surrounding ring, NaN where there is no ring (other boxes all
    around) or no hot spot. hot_spot_px (N, 2): centre of the hot spot's pixel, NaN likewise.
    """

    rise_k: Floats
    hot_spot_px: Floats


@dataclass(frozen=True)
class HotRecall:
    """One class. Per image (I,): boxes that are hot, those found at IoU 0.5 by a detection of
    their class, those whose hot spot lies in a detection of any class. unmeasured: boxes without
    a rise, in all images; they count as neither hot nor cold."""

    hot: Indices
    found: Indices
    located: Indices
    unmeasured: int

    @property
    def boxes(self) -> int:
        return int(self.hot.sum())

    @property
    def recall(self) -> float:
        return int(self.found.sum()) / self.boxes if self.boxes else math.nan

    @property
    def located_share(self) -> float:
        return int(self.located.sum()) / self.boxes if self.boxes else math.nan


def measure_heat(samples: Sequence[Sample], scale: LinearScale) -> list[BoxHeat]:
    """The heat of every annotated box, one BoxHeat per sample."""
    return [_heat_of(sample, scale.gain_c_per_count) for sample in samples]


def _heat_of(sample: Sample, gain_c_per_count: float) -> BoxHeat:
    boxes = [Box(*(float(edge) for edge in box)) for box in sample.annotation.boxes]
    rise_k = np.full(len(boxes), np.nan)
    hot_spot_px = np.full((len(boxes), 2), np.nan)
    for index, region in enumerate(measure_regions(sample.counts, boxes, gain_c_per_count)):
        if region is not None:
            rise_k[index] = (region.hot - region.ring) * gain_c_per_count
            hot_spot_px[index] = np.add(region.hot_spot_px, 0.5)
    return BoxHeat(rise_k, hot_spot_px)


def hot_recall(
    label: int,
    matches: ClassMatches,
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    heat: Sequence[BoxHeat],
    hot_k: float,
    score_threshold: float,
) -> HotRecall:
    """Recall of one class's boxes that are hotter than their ring by hot_k or more, at a score."""
    kept = matches.above(score_threshold)
    right = kept.truths != FALSE
    found_boxes = set(zip(kept.images[right].tolist(), kept.truths[right].tolist(), strict=True))
    hot, found, located = (np.zeros(len(samples), np.intp) for _ in range(3))
    unmeasured = 0
    for image, (sample, prediction, warm) in enumerate(
        zip(samples, predictions, heat, strict=True)
    ):
        annotation = sample.annotation
        mine = (annotation.labels == label) & ~annotation.difficult
        unmeasured += int(np.isnan(warm.rise_k[mine]).sum())
        boxes = prediction.boxes[prediction.scores >= score_threshold]
        for truth in np.flatnonzero(mine & (warm.rise_k >= hot_k)):
            hot[image] += 1
            found[image] += (image, int(truth)) in found_boxes
            located[image] += bool(_contain(boxes, warm.hot_spot_px[truth]).any())
    return HotRecall(hot, found, located, unmeasured)


def _contain(boxes: NDArray[np.float32], point_px: Floats) -> NDArray[np.bool_]:
    """Which boxes (N, 4) the point (x, y) lies in."""
    return np.asarray((boxes[:, :2] <= point_px).all(1) & (point_px < boxes[:, 2:]).all(1))
