"""The recipe's ``augment`` section: how often each change happens, and how far it goes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]


class AugmentConfig(BaseModel):
    """Probabilities are of each frame; amounts are the largest, drawn evenly from zero."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    flip: Probability = 0.5
    """Mirror left and right."""
    expand: Probability = 0.25
    """Show the frame smaller, on a plain surround."""
    expand_max: float = Field(1.7, ge=1)
    """How many times larger the surround's sides are than the frame's, at most."""
    crop: Probability = 0.75
    """Show a window of the frame; of the frames that aren't expanded."""
    crop_min: float = Field(0.4, gt=0, le=1)
    """The smallest window's sides as a part of the frame's."""
    iou_crop: Probability = 0.0
    """Of the crops, how many are SSD's own (Liu et al. 2016, §2.2): any window of aspect 0.5 to
    2 that overlaps a box by an IoU of at least 0.1 to 0.9. They zoom in on large equipment."""
    aspect: float = Field(1.3, ge=1)
    """Widest change of the window's aspect ratio, as a factor."""
    rotate: Probability = 0.25
    """Roll the camera."""
    rotate_deg: Amount = 6.0
    """By up to so many degrees either way."""

    sensor: Probability = 0.3
    """A worse camera: blur, noise and stripes of amounts drawn together."""
    blur_px: Amount = 1.0
    """Sigma of the optics' blur."""
    noise: Amount = 0.02
    """Sigma of the noise, in parts of the frame's range (1st to 99th percentile)."""
    stripes: Amount = 0.01
    """Sigma of the columns' offsets, in parts of that range (column amplifiers)."""
    motion_blur: Probability = 0.0
    """Blur along a line: the robot drives, or the camera pans."""
    motion_blur_px: Amount = 6.0
    """Length of that line."""
    unevenness: Probability = 0.0
    """Fixed pattern of a shutter correction (NUC) that is too old: blotches and stripes."""
    unevenness_amount: Amount = 0.03
    """Sigma of the blotches, in parts of the frame's range."""
    shading: Probability = 0.0
    """Dark or bright corners (vignetting), or a cold disc in the middle (narcissus)."""
    shading_amount: Amount = 0.15
    """Its depth, in parts of the frame's range."""
    dead_pixels: Probability = 0.0
    """Single pixels stuck at the cold or the hot end."""
    dead_fraction: float = Field(0.0005, ge=0, le=0.05)
    """Of the pixels, at most."""

    gain_control: Probability = 0.6
    """Another plateau and other clipped tails of the automatic gain control."""
    gamma: Probability = 0.3
    """Bend the greys by up to e^±0.4."""
    invert: Probability = 0.0
    """Hot is black: for cameras whose video comes in either polarity."""
    palette: Probability = 0.0
    """A palette picture turned to grey by luminance, so that greys no longer rise with the heat:
    for robots that get nothing but the camera's coloured video."""

    mosaic: Probability = 0.0
    """Four frames in one, each stretched by a gain control of its own; small equipment gets
    smaller still."""
    mosaic_off_epochs: int = Field(0, ge=0)
    """The last epochs go without mosaics, so that training ends on frames as they are."""
