"""A camera's geometric calibration, from the YAML file of ROS' camera_info_manager."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import yaml

from thermoscout_core.errors import ConfigurationError

MODELS = {"plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), "equidistant": (4,)}
"""Distortion model -> the numbers of coefficients that it may have."""


@dataclass(frozen=True)
class CameraCalibration:
    """As sensor_msgs/CameraInfo has it: d of any length; k, r 3x3 and p 3x4, row by row."""

    width_px: int
    height_px: int
    distortion_model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]


def read_calibration(path: Path) -> CameraCalibration:
    """Raises ConfigurationError that names the key and what it should hold."""
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: the calibration can't be read: {error}") from error
    if not isinstance(tree, dict):
        raise ConfigurationError(f"{path}: this is no calibration of camera_info_manager")
    model = str(tree.get("distortion_model", tree.get("camera_model", "plumb_bob")))
    if model not in MODELS:
        raise ConfigurationError(
            f"{path}: distortion_model must be one of {', '.join(MODELS)}, not {model}"
        )
    d = _matrix(tree, "distortion_coefficients", None, path)
    if len(d) not in MODELS[model]:
        raise ConfigurationError(f"{path}: {model} doesn't have {len(d)} coefficients")
    k = _matrix(tree, "camera_matrix", (3, 3), path)
    if not (k[0] > 0 and k[4] > 0):
        raise ConfigurationError(f"{path}: camera_matrix has no positive focal lengths")
    return CameraCalibration(
        _size(tree, "image_width", path),
        _size(tree, "image_height", path),
        model,
        d,
        k,
        _matrix(tree, "rectification_matrix", (3, 3), path),
        _matrix(tree, "projection_matrix", (3, 4), path),
    )


def _size(tree: dict[object, object], key: str, path: Path) -> int:
    value = tree.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ConfigurationError(f"{path}: {key} must be a number of pixels, not {value!r}")
    return value


def _matrix(
    tree: dict[object, object], key: str, shape: tuple[int, int] | None, path: Path
) -> tuple[float, ...]:
    node = tree.get(key)
    data = node.get("data") if isinstance(node, dict) else None
    numbers = (
        tuple(float(x) for x in data if isinstance(x, (int, float)) and math.isfinite(x))
        if isinstance(data, list)
        else ()
    )
    wanted = len(data) if isinstance(data, list) else -1
    if len(numbers) != wanted or (shape is not None and wanted != shape[0] * shape[1]):
        size = "numbers" if shape is None else f"{shape[0]}x{shape[1]} numbers"
        raise ConfigurationError(f"{path}: {key} must be a matrix with data: of {size}")
    return numbers
