"""The map of dead pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.thermometry.dead_pixels import read_dead_pixels


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_not_black_is_dead(tmp_path, channels):
    picture = np.zeros((6, 8, channels), np.uint8)
    picture[..., 3:] = 255  # opaque
    picture[2, 3, :3] = 40
    cv2.imwrite(str(tmp_path / "dead.png"), picture)
    dead = read_dead_pixels(tmp_path / "dead.png")
    assert dead.shape == (6, 8) and np.argwhere(dead).tolist() == [[2, 3]]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "no readable map"),
        (b"text", "no picture"),
        (cv2.imencode(".png", np.full((4, 4), 255, np.uint8))[1].tobytes(), "every pixel"),
    ],
)
def test_a_map_that_is_none_is_refused(tmp_path, content, complaint):
    path = tmp_path / "dead.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=complaint):
        read_dead_pixels(path)
