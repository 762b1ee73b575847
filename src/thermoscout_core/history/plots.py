"""The trend of a piece of equipment as a picture."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import HistoryError
from thermoscout_core.history.queries import Trend, TrendPoint
from thermoscout_core.verdicts import Severity

# Okabe and Ito's colours and a shape each: told apart without seeing colour, too
_LOOKS = {
    Severity.NORMAL: ("#009e73", "o"),
    Severity.GENERAL: ("#e69f00", "^"),
    Severity.SERIOUS: ("#d55e00", "s"),
    Severity.CRITICAL: ("#7a0177", "D"),
    Severity.UNKNOWN: ("#999999", "x"),
}


def write_trend(path: Path, trend: Trend) -> None:
    """Draw a trend as PNG: T1 with ±2 standard uncertainties, T2 and T0 above, the rise T1 − T0
    below; times in UTC. Raises HistoryError when there is nothing to draw, or no place to."""
    points = [p for p in trend.points if math.isfinite(p.t1_c)]
    if not points:
        raise HistoryError(f"equipment {trend.equipment_id} has no temperature to plot")

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _temperatures(above, points)
    _rises(below, points)
    figure.suptitle(trend.name, x=0.01, ha="left", fontsize=13)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120, metadata={"Software": ""})
    try:
        write_bytes(path, stream.getvalue())
    except OSError as error:
        raise HistoryError(f"{path}: can't be written: {error.strerror or error}") from error


def _temperatures(axes: Any, points: Sequence[TrendPoint]) -> None:
    times = [_time(p) for p in points]
    axes.plot(times, [p.t1_c for p in points], color="#cccccc", lw=1, zorder=1)
    for severity, (colour, shape) in _LOOKS.items():
        of = [p for p in points if p.severity is severity]
        if not of:
            continue
        spread = [2 * p.uncertainty_c if math.isfinite(p.uncertainty_c) else 0.0 for p in of]
        at, t1_c = [_time(p) for p in of], [p.t1_c for p in of]
        axes.errorbar(at, t1_c, spread, fmt="none", ecolor=colour, elinewidth=0.8, alpha=0.5)
        for provisional in (False, True):
            some = [p for p in of if p.provisional is provisional]
            axes.plot(
                [_time(p) for p in some],
                [p.t1_c for p in some],
                shape,
                color=colour,
                mfc="white" if provisional and shape != "x" else colour,
                ms=6,
                ls="",
                label=f"T1, {severity.value}{', provisional' if provisional else ''}"
                if some
                else None,
            )
    axes.plot(times, [p.t2_c for p in points], ":", color="#0072b2", lw=1.2, label="T2, like part")
    axes.plot(times, [p.t0_c for p in points], "--", color="#56b4e9", lw=1.2, label="T0, ambient")
    axes.set_ylabel("°C")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="best", framealpha=0.9)


def _rises(axes: Any, points: Sequence[TrendPoint]) -> None:
    from matplotlib import dates

    axes.plot([_time(p) for p in points], [p.rise_k for p in points], ".-", color="#444444", lw=1)
    axes.set_ylabel("rise T1 − T0, K")
    axes.set_ylim(bottom=min(0.0, *axes.get_ylim()))
    axes.grid(alpha=0.25)
    axes.set_xlabel("UTC")
    # says each part of the date once
    locator = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _time(point: TrendPoint) -> datetime:
    return datetime.fromtimestamp(point.stamp_s, timezone.utc)
