"""Verdicts as rviz markers: a sphere and a text where the hot spot is, in the camera's frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from thermoscout_core.verdicts import Severity, Verdict

LIFETIME_S = 2

_COLOURS = {
    Severity.UNKNOWN: (0.6, 0.6, 0.6),
    Severity.NORMAL: (0.1, 0.8, 0.2),
    Severity.GENERAL: (1.0, 0.85, 0.1),
    Severity.SERIOUS: (1.0, 0.5, 0.0),
    Severity.CRITICAL: (1.0, 0.05, 0.05),
}


def hot_spot_position(
    hot_spot_px: tuple[int, int], size_px: tuple[int, int], hfov_rad: float, distance_m: float
) -> tuple[float, float, float]:
    """Pixel of the hot spot -> (x right, y down, z forward) in m, in the camera's optical frame.

    distance_m: along the ray, as a rangefinder at the camera measures it.
    """
    width, height = size_px
    focal_px = width / 2 / math.tan(hfov_rad / 2)
    x = (hot_spot_px[0] + 0.5 - width / 2) / focal_px
    y = (hot_spot_px[1] + 0.5 - height / 2) / focal_px
    forward_m = distance_m / math.sqrt(x * x + y * y + 1)
    return x * forward_m, y * forward_m, forward_m


def verdict_markers(
    verdicts: Sequence[Verdict],
    header: Any,
    size_px: tuple[int, int],
    hfov_rad: float,
    sphere_m: float,
) -> MarkerArray:
    """Markers that replace the earlier ones. Only where a hot spot and a distance are known."""
    message = MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL)])
    if not (math.isfinite(hfov_rad) and 0 < hfov_rad < math.pi):
        return message
    for index, verdict in enumerate(verdicts):
        reading = verdict.reading
        if reading.hot_spot_px is None or not math.isfinite(reading.distance_m):
            continue
        position = hot_spot_position(reading.hot_spot_px, size_px, hfov_rad, reading.distance_m)
        message.markers += _sphere_and_text(verdict, index, header, position, sphere_m)
    return message


def _sphere_and_text(
    verdict: Verdict,
    index: int,
    header: Any,
    position: tuple[float, float, float],
    sphere_m: float,
) -> list[Marker]:
    red, green, blue = _COLOURS[verdict.severity]
    colour = ColorRGBA(r=red, g=green, b=blue, a=0.8)
    made = []
    for namespace, kind in (("hot_spot", Marker.SPHERE), ("label", Marker.TEXT_VIEW_FACING)):
        marker = Marker(header=header, ns=namespace, id=index, type=kind, color=colour)
        marker.lifetime = Duration(sec=LIFETIME_S)
        marker.pose.orientation.w = 1.0
        marker.pose.position.x, marker.pose.position.y, marker.pose.position.z = position
        marker.scale.x = marker.scale.y = marker.scale.z = sphere_m
        made.append(marker)
    text = made[1]
    text.pose.position.y -= sphere_m
    celsius = verdict.reading.corrected_c
    shown = f"{celsius:.1f} °C" if math.isfinite(celsius) else "no temperature"
    text.text = f"{verdict.reading.detection.class_name}\n{shown} {verdict.severity.value}"
    return made
