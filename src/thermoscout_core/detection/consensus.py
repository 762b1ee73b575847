"""What several looks at one frame agree on: boxes are the mean of what the looks say, scores too,
so that what one look alone believes to see counts little (weighted boxes fusion: Solovyev et al.
2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.looks import Look
from thermoscout_core.detection.postprocess import Selected, Selection, suppress
from thermoscout_core.detection.priors import iou_matrix

Floats = NDArray[np.float32]

FLOOR = 0.05
"""A look's detections of a lower score say nothing."""
SAME_IOU = 0.5
"""Two looks' detections of one class that overlap by less aren't the same piece of equipment."""


def of_a_look(selection: Selection) -> Selection:
    """What each look is asked for."""
    return Selection(FLOOR, selection.iou_threshold, max_detections=200)


def agree(looks: Sequence[Look], said: Sequence[Selected], selection: Selection) -> Selected:
    """What each look said, boxes as fractions of what it saw -> boxes (N, 4) as fractions of the
    frame, scores (N,) and class indices (N,), best first.

    A score is the mean over all looks that have a say of that place, 0 where one says nothing.
    """
    placed = [look.placed(boxes) for look, (boxes, _, _) in zip(looks, said, strict=True)]
    spoken = [look.speaks_of(boxes) for look, boxes in zip(looks, placed, strict=True)]
    boxes = np.concatenate([b[kept] for b, kept in zip(placed, spoken, strict=True)])
    scores = np.concatenate([s[kept] for (_, s, _), kept in zip(said, spoken, strict=True)])
    classes = np.concatenate([c[kept] for (_, _, c), kept in zip(said, spoken, strict=True)])
    speaker = np.repeat(np.arange(len(looks)), [int(kept.sum()) for kept in spoken])

    if not scores.size:
        return boxes, scores, classes

    first = suppress(boxes, scores, classes, SAME_IOU)
    overlap = iou_matrix(boxes[first], boxes)
    overlap[classes[first][:, None] != classes] = 0.0
    owner = overlap.argmax(axis=0)
    owner[first] = np.arange(first.size)
    member = np.flatnonzero(overlap[owner, np.arange(owner.size)] >= SAME_IOU)
    owner, speaker, weight = owner[member], speaker[member], scores[member]

    best = np.zeros((first.size, len(looks)), np.float32)
    np.maximum.at(best, (owner, speaker), weight)
    sums = np.zeros((first.size, 5), np.float32)
    np.add.at(sums, owner, weight[:, None] * np.c_[boxes[member], np.ones(member.size)])
    mean = np.clip(sums[:, :4] / sums[:, 4:], 0.0, 1.0)
    have_a_say = np.stack([look.speaks_of(mean) for look in looks], axis=1) | (best > 0)
    agreed = (best.sum(axis=1) / have_a_say.sum(axis=1)).astype(np.float32)

    enough = np.flatnonzero(agreed >= selection.score_threshold)
    kept = enough[
        suppress(mean[enough], agreed[enough], classes[first][enough], selection.iou_threshold)
    ][: selection.max_detections]
    return mean[kept], agreed[kept], classes[first][kept]
