"""From a detector's picture to the thermal frame: where a box found in a resized or a visible
picture lies in the counts that are measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from thermoscout_core.detections import Box, Detection, Polygon
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.thermometry.atmosphere import Floats

MIN_POINTS = 4
OUTLIER_PX = 3.0


@dataclass(frozen=True)
class ImageMapping:
    """A projective mapping of picture coordinates to the thermal frame's.

    matrix: (3, 3), picture (x, y, 1) -> thermal (x·w, y·w, w), continuous pixel coordinates as
    :class:`Box` has them. A visible camera beside the thermal one sees from another place: such a
    mapping holds at the distance at which its points were taken.
    """

    matrix: Floats

    @classmethod
    def resized(
        cls, picture_px: tuple[float, float], thermal_px: tuple[float, float]
    ) -> ImageMapping:
        """The picture is the whole thermal frame in another size; (width, height) each."""
        if min(*picture_px, *thermal_px) <= 0:
            raise ConfigurationError(f"a picture has a size, got {picture_px} and {thermal_px}")
        scale = [
            thermal / picture for thermal, picture in zip(thermal_px, picture_px, strict=True)
        ]
        return cls(np.diag([*scale, 1.0]))

    @classmethod
    def from_points(
        cls,
        picture: Sequence[tuple[float, float]],
        thermal: Sequence[tuple[float, float]],
    ) -> ImageMapping:
        """From four or more points seen in both, (x, y) each; points that don't fit the others
        (RANSAC, OUTLIER_PX) are left out. Raises ConfigurationError where they fix no mapping."""
        if len(picture) != len(thermal) or len(picture) < MIN_POINTS:
            raise ConfigurationError(
                f"a mapping needs {MIN_POINTS} points or more, each seen in both pictures; got "
                f"{len(picture)} and {len(thermal)}"
            )
        source, target = (np.asarray(points, np.float64) for points in (picture, thermal))
        matrix, _ = cv2.findHomography(source, target, cv2.RANSAC, OUTLIER_PX)
        if matrix is None or not np.isfinite(matrix).all():
            raise ConfigurationError(
                "these points fix no mapping; take four or more that aren't on one line"
            )
        return cls(np.asarray(matrix, np.float64))

    def points(self, picture: Floats) -> Floats:
        """(N, 2) picture coordinates -> (N, 2) thermal ones."""
        x, y, w = self.matrix @ np.column_stack([picture, np.ones(len(picture))]).T
        return np.column_stack([x / w, y / w])

    def box(self, box: Box) -> Box:
        """The smallest thermal box around a picture's box."""
        return self.outline(box).box

    def outline(self, box: Box) -> Polygon:
        """The picture's box as it lies in the thermal frame, turned where the mapping turns."""
        corners = [(box.x1, box.y1), (box.x2, box.y1), (box.x2, box.y2), (box.x1, box.y2)]
        return Polygon(tuple((float(x), float(y)) for x, y in self.points(np.array(corners))))

    def detection(self, detection: Detection) -> Detection:
        """A detection in the picture as one in the thermal frame; measured within its outline
        where that is no upright box."""
        outline = self.outline(detection.box)
        upright = {x for x, _ in outline.corners} == {outline.box.x1, outline.box.x2}
        return replace(detection, box=outline.box, outline=None if upright else outline)
