"""Several looks at one frame: at the whole of it, closer and from further away, and at the mirror
image of each. What the network overlooks in one place of its grid or at one size, it sees in
another; how the answers are put together: ``consensus``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = TypeVar("Pixels", np.uint8, np.uint16)

EDGE = 0.03
"""What comes nearer to the edge of a close look than that part of it may be cut off."""
LARGEST = 0.5
"""What is longer than that part of a close look is seen better in a wider one."""


@dataclass(frozen=True)
class Look:
    """What is looked at: the part of the frame from (left, top), `size` times as wide and as high
    as the frame, all three as fractions of it; what lies outside of the frame is grey."""

    left: float = 0.0
    top: float = 0.0
    size: float = 1.0
    mirrored: bool = False

    def picture(self, view: NDArray[Pixels]) -> NDArray[Pixels]:
        """What is seen of a frame (H, W) or of its view."""
        seen = view
        if self.size != 1.0:
            height, width = view.shape
            top, left = round(self.top * height), round(self.left * width)
            rows, columns = round(self.size * height), round(self.size * width)
            if self.size < 1.0:
                seen = view[top : top + rows, left : left + columns]
            else:
                below, right = rows + top - height, columns + left - width
                grey = float(view.mean())
                edges = (-top, below, -left, right)
                seen = np.asarray(
                    cv2.copyMakeBorder(view, *edges, cv2.BORDER_CONSTANT, value=(grey,))
                )
        return np.ascontiguousarray(seen[:, ::-1]) if self.mirrored else seen

    def placed(self, boxes: Floats) -> Floats:
        """Boxes (N, 4) as fractions of what is seen -> of the frame."""
        if self.mirrored:
            boxes = boxes[:, [2, 1, 0, 3]]
            boxes[:, [0, 2]] = 1.0 - boxes[:, [0, 2]]
        start = np.array([self.left, self.top] * 2, np.float32)
        return boxes * np.float32(self.size) + start

    def speaks_of(self, boxes: Floats) -> NDArray[np.bool_]:
        """Of which boxes (N, 4), fractions of the frame, it has a say: a close look of what is
        small and well inside."""
        if self.size >= 1.0:
            return np.ones(len(boxes), np.bool_)
        edge = EDGE * self.size
        told = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) <= LARGEST * self.size
        for axis, start in enumerate((self.left, self.top)):
            end = start + self.size
            if start > 0.0:
                told &= boxes[:, axis] > start + edge
            if end < 1.0:
                told &= boxes[:, 2 + axis] < end - edge
        return np.asarray(told, np.bool_)


CLOSE = 0.85
WIDE = 1.2
_WHOLE = Look()
_CORNERS = tuple(Look(x, y, CLOSE) for y, x in product((0.0, 1.0 - CLOSE), repeat=2))
_FURTHER = Look((1.0 - WIDE) / 2, (1.0 - WIDE) / 2, WIDE)


def _and_mirrored(*looks: Look) -> tuple[Look, ...]:
    return tuple(
        Look(look.left, look.top, look.size, mirrored)
        for mirrored in (False, True)
        for look in looks
    )


LOOKS = {
    1: (_WHOLE,),
    2: _and_mirrored(_WHOLE),
    12: _and_mirrored(_WHOLE, *_CORNERS, _FURTHER),
}
"""By how many they are. Sizes, edge and largest box were chosen on val (docs/models.md)."""

THRESHOLD_SHARE = {1: 1.0, 2: 0.8, 12: 0.5}
"""Of a model's own score threshold: the mean of several looks is lower, and surer, than what one
look says. Chosen on val for the sake of hot connectors, of which 12 looks then find nine in ten;
fewer of the detections are right than with one look (docs/models.md has both)."""
