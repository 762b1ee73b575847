"""Where exactly a detection lies: all that saw it vote (Gidaris and Komodakis 2015, §4).

Suppression keeps the surest of several boxes on one piece of equipment, and that needn't be the
best placed one. The ones that it suppresses know something, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.priors import iou_matrix

Floats = NDArray[np.float32]

VOTER_SCORE = 0.1
"""Candidates of a lower score don't vote."""
VOTER_IOU = 0.5
"""Nor do those that overlap the detection by less."""
VOTERS = 200
"""Of a frame, the best of all classes together."""


def vote(
    kept: NDArray[np.intp], boxes: Floats, scores: Floats, classes: NDArray[np.intp]
) -> Floats:
    """The candidates' boxes (M, 4), scores (M,) and classes (M,), and which of them are kept (N,)
    -> the boxes of those (N, 4): the mean of each and its voters of its class, by their scores."""
    voters = np.flatnonzero(scores >= VOTER_SCORE)
    if voters.size > VOTERS:
        voters = voters[np.argsort(-scores[voters], kind="stable")[:VOTERS]]
    near = iou_matrix(boxes[kept], boxes[voters]) >= VOTER_IOU
    others = (classes[kept][:, None] == classes[voters]) & (kept[:, None] != voters)
    weights = np.where(near & others, scores[voters], np.float32(0))
    others_say = weights.sum(axis=1, keepdims=True)
    own = scores[kept][:, None]
    mean = (weights @ boxes[voters] + own * boxes[kept]) / np.maximum(others_say + own, 1e-9)
    return np.where(others_say > 0, mean, boxes[kept]).astype(np.float32)
