"""Nearly the same picture twice: correlation of small views, whatever their gain and offset.

Two steps. All pairs are compared at 64×48 with every shift up to an eighth of the picture, by
Fourier transform; those that correlate are then aligned by an affine warp (Evangelidis and
Psarakis 2008, ECC) at 128×96, and the correlation after that is their similarity. Both look at
the view less its blurred self, since warm ground below cold sky is common to all pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.frames import Counts
from thermoscout_core.learning.dataset_check.progress import Watch

FINGERPRINT_PX = (128, 96)
_COARSE_PX = (64, 48)
_MAX_SHIFT_PX = 8
_BACKGROUND_PX = 6.0
"""Standard deviation of the blur that is taken away, at either size."""
_WORTH_ALIGNING = 0.45
"""Correlation before alignment. Of 659 real pictures 0.2 % of the pairs are above; a search down
to 0.3 found two pairs more than these 21 with a similarity above 0.85."""
_MIN_OVERLAP = 0.5
_ECC_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-3)
_BLOCK = 256

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class SimilarPair:
    """Indices of two pictures (first < second), and their similarity, 0..1."""

    first: int
    second: int
    similarity: float


def fingerprint(counts: Counts) -> NDArray[np.uint8]:
    """Counts (H, W) uint16 -> their 8-bit view at 128×96, (96, 128) uint8."""
    view = to_8bit_view(counts)
    small = cv2.resize(view, FINGERPRINT_PX, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def similar_pairs(
    fingerprints: Sequence[NDArray[np.uint8]],
    least: float,
    watch: Watch,
) -> list[SimilarPair]:
    """All pairs with at least that similarity, the most similar first. watch: shows progress."""
    detail = [_without_background(print_, FINGERPRINT_PX) for print_ in fingerprints]
    search = _ShiftSearch([_without_background(print_, _COARSE_PX) for print_ in fingerprints])
    pairs = []
    for first in watch("comparing", range(len(detail))):
        for second, shift in search.candidates(first):
            found = _aligned_similarity(detail[first], detail[second], shift)
            if found >= least:
                pairs.append(SimilarPair(first, second, found))
    return sorted(pairs, key=lambda pair: -pair.similarity)


class _ShiftSearch:
    """Correlation of pictures under every small shift; zeros beyond their edges."""

    def __init__(self, pictures: Sequence[Floats]) -> None:
        width, height = _COARSE_PX
        self._size = (height + 2 * _MAX_SHIFT_PX, width + 2 * _MAX_SHIFT_PX)
        stack = np.stack(pictures) if pictures else np.zeros((0, height, width), np.float32)
        stack = stack - stack.mean((1, 2), keepdims=True)
        norms = np.linalg.norm(stack, axis=(1, 2), keepdims=True)
        self._spectra = fft.rfft2(stack / np.maximum(norms, 1e-6), s=self._size)
        self._shifts = np.r_[0 : _MAX_SHIFT_PX + 1, -_MAX_SHIFT_PX:0]

    def candidates(self, first: int) -> Iterable[tuple[int, tuple[float, float]]]:
        """Later pictures worth aligning with this one; the shift (x, y) as a fraction."""
        count = len(self._shifts)
        for start in range(first + 1, len(self._spectra), _BLOCK):
            block = np.conj(self._spectra[start : start + _BLOCK])
            surface = fft.irfft2(self._spectra[first] * block, s=self._size)
            near = surface[:, self._shifts][:, :, self._shifts].reshape(len(block), -1)
            best = near.argmax(1)
            for index in np.flatnonzero(near.max(1) > _WORTH_ALIGNING):
                y, x = (self._shifts[step] for step in divmod(int(best[index]), count))
                yield start + int(index), (x / _COARSE_PX[0], y / _COARSE_PX[1])


def _aligned_similarity(first: Floats, second: Floats, shift: tuple[float, float]) -> float:
    """Correlation after an affine warp, started at a shift; 0 when they can't be aligned."""
    width, height = FINGERPRINT_PX
    start = np.array([[1, 0, -shift[0] * width], [0, 1, -shift[1] * height]], np.float32)
    try:
        found, warp = cv2.findTransformECC(
            first, second, start, cv2.MOTION_AFFINE, _ECC_STOP, None
        )
    except cv2.error:  # no texture, or it diverged
        return 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    overlap = cv2.warpAffine(np.ones_like(second), warp, FINGERPRINT_PX, flags=flags).mean()
    return float(np.clip(found, 0, 1)) if overlap >= _MIN_OVERLAP else 0.0


def _without_background(print_: NDArray[np.uint8], size_px: tuple[int, int]) -> Floats:
    small = cv2.resize(print_.astype(np.float32), size_px, interpolation=cv2.INTER_AREA)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), _BACKGROUND_PX), np.float32)
