"""The map of a camera's dead pixels: a picture in which they aren't black."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.thermograms.decoding import decode_picture
from thermoscout_core.thermometry.regions import Mask


def read_dead_pixels(path: Path | str) -> Mask:
    """A picture of the frame's size (PNG or any that OpenCV reads) -> (H, W) True where dead.

    Raises ConfigurationError for a file that is no picture, or in which every pixel is dead.
    """
    file = Path(path)
    try:
        picture = decode_picture(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{file}: no readable map of dead pixels ({error.strerror or error})"
        ) from None
    if picture is None:
        raise ConfigurationError(
            f"{file}: no picture; draw the dead pixels white on black, as PNG"
        )
    colours = picture[..., :3] if picture.ndim == 3 else picture[..., None]
    dead: Mask = np.any(colours > 0, axis=-1)
    if dead.all():
        raise ConfigurationError(f"{file}: every pixel is marked dead; the good ones are black")
    return dead
