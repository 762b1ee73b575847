"""What optics, detector array and shutter correction do to counts.

Amounts are in parts of the frame's range (1st to 99th percentile): a camera's noise is some
fraction of the contrast that the gain control will stretch to the whole of the greys.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.frames import COUNT_MAX, Counts
from thermoscout_core.learning.augmentation.config import AugmentConfig

Image = NDArray[np.float32]

BLOTCHES = (6, 8)
"""Rows and columns of the coarse grid that an uneven response is drawn on."""


def worsen(counts: Image, config: AugmentConfig, rng: np.random.Generator) -> Counts:
    """Counts (H, W) float32 -> what a worse camera would have sent, uint16."""
    low, high = np.percentile(counts[::4, ::4], [1, 99])
    span = max(float(high - low), 1.0)
    image = counts
    if rng.random() < config.motion_blur:
        image = motion_blur(image, rng.uniform(0, config.motion_blur_px), rng.uniform(0, np.pi))
    if rng.random() < config.sensor:
        image = _blur_noise_stripes(image, span, config, rng)
    if rng.random() < config.unevenness:
        image = image + unevenness(
            image.shape, span * rng.uniform(0, config.unevenness_amount), rng
        )
    if rng.random() < config.shading:
        image = image + shading(image.shape, span * rng.uniform(0, config.shading_amount), rng)
    if rng.random() < config.dead_pixels:
        image = _dead_pixels(image, rng.uniform(0, config.dead_fraction), rng)
    return np.clip(image, 0, COUNT_MAX).astype(np.uint16)


def _blur_noise_stripes(
    image: Image, span: float, config: AugmentConfig, rng: np.random.Generator
) -> Image:
    blur_px = rng.uniform(0, config.blur_px)
    if blur_px > 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur_px), np.float32)
    noise = rng.standard_normal(image.shape, np.float32) * (span * rng.uniform(0, config.noise))
    columns = rng.standard_normal((1, image.shape[1]), np.float32)
    return np.asarray(image + noise + columns * (span * rng.uniform(0, config.stripes)))


def motion_blur(image: Image, length_px: float, angle_rad: float) -> Image:
    """Smear along a line of that length."""
    reach = int(np.ceil(length_px / 2))
    if reach < 1:
        return image
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    offset = np.array([np.cos(angle_rad), np.sin(angle_rad)]) * length_px / 2
    ends = np.rint((reach + np.stack([-offset, offset])) * 16).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_8, shift=4)
    kernel /= kernel.sum()
    smeared = cv2.filter2D(image, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smeared, np.float32)


def unevenness(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Image:
    """Smooth blotches of that sigma, and half as strong stripes along the rows (H, W)."""
    coarse = rng.standard_normal(BLOTCHES, np.float32)
    blotches = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    rows = rng.standard_normal((shape[0], 1), np.float32) / 2
    return np.asarray(sigma * (blotches + rows), np.float32)


def shading(shape: tuple[int, ...], depth: float, rng: np.random.Generator) -> Image:
    """An offset of the corners by ±depth, or of a disc near the middle by −depth (H, W)."""
    height, width = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    off_axis = rng.uniform(-0.15, 0.15, 2)
    squared = (x - off_axis[0]) ** 2 + (y - off_axis[1]) ** 2
    if rng.random() < 0.5:
        return np.asarray(rng.choice([-depth, depth]) * (squared / squared.max()) ** 2, np.float32)
    return np.asarray(-depth * np.exp(-squared / rng.uniform(0.05, 0.4)), np.float32)


def _dead_pixels(image: Image, fraction: float, rng: np.random.Generator) -> Image:
    count = int(fraction * image.size)
    stuck = image.ravel().copy()
    stuck[rng.integers(image.size, size=count)] = rng.choice([image.min(), image.max()], count)
    return stuck.reshape(image.shape)
