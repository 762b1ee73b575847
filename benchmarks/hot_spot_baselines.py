"""What anyone would try first: heat above the foreground's level, and the hottest places."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixel = tuple[int, int]
MIN_BLOB_PX, PEAK_DISTANCE_PX = 4, 20


def above_foreground(celsius: NDArray[np.float32], k: float) -> list[Pixel]:
    """The hottest pixel of each blob of at least 4 px whose 3x3 mean is k above the median of what
    Otsu's threshold calls foreground."""
    smooth = cv2.blur(celsius, (3, 3))
    low, high = float(smooth.min()), float(smooth.max())
    view = np.rint((smooth - low) * (255 / max(high - low, 1e-3))).astype(np.uint8)
    cut, _ = cv2.threshold(view, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    hot = smooth > np.median(smooth[view > cut]) + k
    count, blobs, stats, _ = cv2.connectedComponentsWithStats(hot.astype(np.uint8))
    spots = []
    for blob in range(1, count):
        if stats[blob, cv2.CC_STAT_AREA] >= MIN_BLOB_PX:
            inside = np.where(blobs == blob, smooth, -np.inf)
            y, x = np.unravel_index(int(inside.argmax()), inside.shape)
            spots.append((int(x), int(y)))
    return spots


def hottest(celsius: NDArray[np.float32], k: int) -> list[Pixel]:
    """The k hottest places of the 3x3 mean, 20 px apart."""
    smooth = cv2.blur(celsius, (3, 3))
    spots = []
    for _ in range(k):
        _, _, _, (x, y) = cv2.minMaxLoc(smooth)
        spots.append((x, y))
        reach = PEAK_DISTANCE_PX
        smooth[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = -np.inf
    return spots
