"""Measured values as people read them; a dash where there is none."""

from __future__ import annotations

from datetime import datetime, timezone


def number(value: float | None, digits: int = 1) -> str:
    """A measured number, with a true minus sign."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """A share, 1 is 100 %."""
    return "–" if value is None else f"{100 * value:.0f} %".replace("-", "−")


def utc(stamp_s: float | None) -> str:
    """Unix time as date and time, as the file states it (files have no zone)."""
    if stamp_s is None:
        return "–"
    try:
        return datetime.fromtimestamp(stamp_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return "–"
