"""A frame's verdicts as a line of JSON: to read, to compare, to count."""

from __future__ import annotations

import math
from typing import Any

from thermoscout_core.verdicts import Severity

SEVERITIES = tuple(Severity)


def verdicts_to_json(message: Any) -> dict[str, Any]:
    """A ThermalVerdicts message -> what matters of it; NaN becomes null.

    box_px: left, top, right, bottom. Temperatures in °C, the distance in metres.
    """
    stamp = message.header.stamp
    return {
        "stamp": f"{stamp.sec}.{stamp.nanosec:09d}",
        "verdicts": [_verdict(verdict) for verdict in message.verdicts],
    }


def _verdict(message: Any) -> dict[str, Any]:
    return {
        "severity": SEVERITIES[message.severity].value,
        "provisional": message.provisional,
        "rule": message.rule,
        "t1_c": _number(message.t1_c),
        "t2_c": _number(message.t2_c),
        "t0_c": _number(message.t0_c),
        "relative_difference": _number(message.relative_difference),
        "reason": message.reason,
        "track": message.track,
        "alarm": message.alarm,
        **_reading(message.reading),
    }


def _reading(message: Any) -> dict[str, Any]:
    return {
        "class": message.class_name,
        "score": _number(message.score),
        "box_px": [round(edge, 2) for edge in (message.x1, message.y1, message.x2, message.y2)],
        "corrected_c": _number(message.corrected_c),
        "distance_m": _number(message.distance),
        "flags": list(message.flags),
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
